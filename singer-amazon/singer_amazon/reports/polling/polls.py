"""When each report is looked at, by the settings and by what is known of others.

A report that has to wait is asked now and then whether it still has to: what others
have shown meanwhile may bring its look nearer, or put it off. That costs no call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from singer_amazon.reports import model
from singer_amazon.reports.model import Outcome
from singer_amazon.reports.polling.ready_ages import PollWaits, ReadyAges
from singer_amazon.reports.report import Report
from singer_amazon.retry_policy import POLICY

_AT_ONCE = 1e-3
"""Seconds that are not waited for."""
_LESS = 0.99
"""Of the longest wait: some part is left to chance."""


@dataclass(frozen=True, slots=True)
class Polls:
    """The looks at the reports of one run; `interval` and `longest` are settings.

    `thinks_again`: whether waits are thought over; else each is as long as it seems at
    first, so that anybody can see whether a look comes before the run's end.
    """

    ages: ReadyAges
    random: Random
    interval: float
    longest: float
    thinks_again: bool = True

    def usual_wait(self, report: Report) -> float:
        """Return the seconds until the next look where nothing is known of others."""
        wait = self.interval * POLICY.poll_growth ** min(report.polls, 32)
        return min(wait, self.longest) * (0.9 + self.random.random() / 10)

    def begin_wait(self, report: Report, now: datetime) -> datetime:
        """Let a report wait for its next look; return when to ask about it again."""
        report.usual_wait = self.usual_wait(report)
        # those listed were made by others: their ages are not known
        report.may_wait = not report.request.listed_id
        if not report.may_wait:
            return now + timedelta(seconds=report.usual_wait)
        return self.put_off(report, now) or now

    def put_off(self, report: Report, now: datetime) -> datetime | None:
        """Return when to ask about a report again; None: the look is worth its call."""
        if not report.may_wait:
            return None
        age, waits = report.age(now), self._waits(report.usual_wait)
        ask = self.ages.next_thought if self.thinks_again else self.ages.next_look
        seen = min(report.seen_age, age)
        asked = ask(report.request.report_type, seen, age, waits)
        if asked <= age + _AT_ONCE:
            return None
        # looks at reports of one age do not come at one time
        wait = (asked - age) * (1 + self.random.random() / 100)
        return now + timedelta(seconds=wait)

    def next_look(self, report: Report, age: float, usual: float) -> float:
        """Return the age at which to look at a report that is not ready now."""
        waits = self._waits(usual)
        return self.ages.next_look(report.request.report_type, age, age, waits)

    def _waits(self, usual: float) -> PollWaits:
        return PollWaits(
            usual,
            POLICY.least_poll_share * self.interval,
            POLICY.most_poll_share * self.longest * _LESS,
            self.longest,
        )

    def look(self, report: Report, now: datetime) -> None:
        """Take in that a report is looked at now."""
        report.may_wait = False
        if not report.request.listed_id:
            before, report.last_look_age = report.look_age, report.look_age
            report.look_age = report.age(now)
            self.ages.look(report.request.report_type, report.look_age, before)

    def answered(self, report: Report, outcome: Outcome) -> None:
        """Take back a look that brought no answer."""
        is_answer = not isinstance(outcome, (model.Throttled, model.Unavailable))
        if is_answer or report.look_age is None:
            return
        report_type = report.request.report_type
        self.ages.forget_look(report_type, report.look_age)
        if report.last_look_age is not None:
            self.ages.look(report_type, report.last_look_age, None)
        report.look_age = report.last_look_age

    def ready(self, report: Report, age: float | None, now: datetime) -> None:
        """Learn how old a report was when it became ready; `age` as Amazon says it."""
        if age is None and report.requested_at and report.looked_at:
            # since the last look: where in between nobody knows
            ready = report.looked_at + (now - report.looked_at) / 2
            age = report.age(ready)
        if age is not None and age >= 0 and not report.request.listed_id:
            self.ages.note(report.request.report_type, age, report.look_age)
            report.look_age = None
