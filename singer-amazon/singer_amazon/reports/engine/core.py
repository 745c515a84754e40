"""The engine: what each answer means for a report, and which call is due.

The runner asks `next_actions`, carries them out and hands the outcomes to
`record`, which answers with what changed. All time comes in as an argument;
the only randomness is a seeded jitter. While a call about a report is under
way the report changes by its answer only.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from singer_amazon.reports import model
from singer_amazon.reports.engine.first_of_type import FirstOfType
from singer_amazon.reports.engine.outages import Outage, Outages
from singer_amazon.reports.engine.throttling import Operation, Throttling
from singer_amazon.reports.lifecycle import Event, RunMode, State, next_state
from singer_amazon.reports.model import (
    Outcome,
    PendingReport,
    ReportRequest,
    is_report_id,
    text_of,
)
from singer_amazon.reports.polling.polls import Polls
from singer_amazon.reports.polling.ready_ages import ReadyAges
from singer_amazon.reports.rate_limiters import (
    AdaptiveReportRateLimiters,
    ReportRateLimiters,
)
from singer_amazon.reports.report import (
    CALL_OF_STATE,
    Action,
    Announcements,
    CallKind,
    Change,
    Report,
)
from singer_amazon.reports.schedule import ReadyQueue, Scheduler, interleaved
from singer_amazon.retry_policy import POLICY

_UNTOUCHED = {
    RunMode.SYNC: frozenset[State](),
    RunMode.ASK: frozenset({State.REQUESTED, State.CANCELLING}),
    RunMode.COLLECT: frozenset({State.PLANNED}),
}
"""What is left to other runs."""


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """How long and how often an engine tries; durations in seconds."""

    poll_interval: float = 15.0
    poll_interval_max: float = 300.0
    report_attempts: int = 3
    stuck_after: float = 24 * 3600.0
    backup_poll_interval: float | None = None
    """Between two looks at a report where Amazon itself says when one is done."""
    empty_waits_a_run: bool = False
    """Whether a report complete without a document is looked at by the next run
    again, not a little later, before it is taken as empty."""
    mode: RunMode = RunMode.SYNC
    asks_types_once: bool = False
    """Whether a first create of each account and report type goes ahead alone: where
    Amazon does not offer the type, no second question is asked."""


class Engine:
    """All reports of one run."""

    def __init__(
        self,
        retry: RetrySettings,
        seed: int = 0,
        limiters: ReportRateLimiters | None = None,
        ages: ReadyAges | None = None,
    ) -> None:
        self.retry = retry
        self.ages = ages or ReadyAges(seed=seed)
        """How old reports become until they are ready."""
        self.reports: list[Report] = []
        self.blocked_accounts: dict[str, str] = {}
        """Accounts that get no further call in this run, each with the reason."""
        self.is_time_up = False
        self.under_way: Counter[CallKind] = Counter()
        """How many calls of each kind are being made."""
        self.calls: Counter[CallKind] = Counter()
        """How many calls of each kind have been made."""
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._outages = Outages()
        self._throttling = Throttling()
        self._first_of_type = FirstOfType(is_on=retry.asks_types_once)
        self.polls = Polls(
            self.ages,
            self._random,
            retry.poll_interval,
            retry.poll_interval_max,
            thinks_again=retry.mode is not RunMode.COLLECT,
        )
        self._scheduler = Scheduler(
            limiters or AdaptiveReportRateLimiters(), self.polls.put_off
        )
        self._ready = ReadyQueue()
        self._by_identity: dict[object, Report] = {}
        self._by_account: dict[str, list[Report]] = {}
        self._open: Counter[str] = Counter()
        self.announcements = Announcements(is_on=retry.backup_poll_interval is not None)

    # --- filling -----------------------------------------------------------

    def adopt(
        self, request: ReportRequest, pending: PendingReport, now: datetime
    ) -> Report:
        """Take up a report that an earlier run asked for."""
        report = self._add(request, 0, now)
        if report.state is State.PLANNED:
            report.request = replace(report.request, page=pending.page)
            if pending.is_read:
                report.last_id = pending.report_id
                report.requested_at = pending.requested_at
                self._scheduler.put(report, now)
                return report
            report.state = State.REQUESTED
            report.report_id = pending.report_id
            if pending.before:
                self._take_up_from_first(report, pending)
            self.announcements.accepted(report, report.report_id)
            report.requested_at = pending.requested_at
            report.adopted = True
            report.accepted_count = 1
            report.no_document_seen = pending.seen_empty
            self._release(report, now)
            self._scheduler.put(report, now)
        return report

    @staticmethod
    def _take_up_from_first(report: Report, pending: PendingReport) -> None:
        """Begin with the first of several documents that are written together."""
        report.report_id, *report.known_ids = (*pending.before, pending.report_id)
        report.request = replace(report.request, page=None)
        report.carried = pending

    def request(self, requests: Iterable[ReportRequest], now: datetime) -> None:
        """Plan these requests, the longest waiting first, in turns."""
        for rank, request in enumerate(interleaved(requests)):
            report = self._add(request, rank, now)
            if report.request is not request:
                continue
            if not self._first_of_type.holds(report):
                self._scheduler.put(report, now)

    def _release(self, report: Report, now: datetime) -> None:
        """Let the others of an account and report type be asked for, too."""
        for other in self._first_of_type.release(report):
            self._scheduler.put(other, now)

    def _add(self, request: ReportRequest, rank: int, now: datetime) -> Report:
        report = self._by_identity.get(request.identity)
        if report is None:
            report = Report(request, [], rank, planned_at=now)
            self._by_identity[request.identity] = report
            self._by_account.setdefault(request.account, []).append(report)
            self.reports.append(report)
        if all(
            subscriber.stream != request.stream for subscriber in report.subscribers
        ):
            report.subscribers.append(request)
            self._open[request.stream] += 1
        return report

    # --- asking ------------------------------------------------------------

    @property
    def may_ask(self) -> bool:
        """Whether anything new may be asked for."""
        return self.retry.mode.asks and not self.is_time_up

    @property
    def limiters(self) -> ReportRateLimiters:
        """What says how often each call may be made."""
        return self._scheduler.limiters

    @property
    def outage(self) -> Outage | None:
        """The longest time without an answer that lasts still."""
        return self._outages.longest

    @property
    def throttled(self) -> int:
        """How many calls were answered with 429."""
        return self._throttling.count

    @property
    def refused_types(self) -> set[Operation]:
        """Account, call and report type that were throttled every single time."""
        return self._throttling.refused

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do in this run."""
        return self._open.total() == 0

    def is_done_for(self, stream: str) -> bool:
        """Whether nothing is left to do for one stream."""
        return self._open[stream] == 0

    def take_fetched(self, streams: frozenset[str] = frozenset()) -> Report | None:
        """Hand out a report whose document can be delivered, oldest first.

        Those of `streams` come before others.
        """
        return self._ready.take(streams)

    def next_actions(
        self, now: datetime, slots: int, *, may_fetch: bool = True
    ) -> list[Action]:
        """Choose up to `slots` calls to make now."""
        if may_fetch and self._outages.is_of_downloads:
            taken = self._take_in_outage(now, slots)
        else:
            taken = self._scheduler.take(now, slots, may_fetch=may_fetch)
        for kind, report in taken:
            report.is_busy = True
            self.under_way[kind] += 1
            if kind is CallKind.POLL:
                self.polls.look(report, now)
        return [Action(kind, report, now) for kind, report in taken]

    def _take_in_outage(
        self, now: datetime, slots: int
    ) -> list[tuple[CallKind, Report]]:
        """Choose calls of the API, and one download to see whether it works again."""
        tries = 0 if self.under_way[CallKind.FETCH] else min(1, slots)
        taken = self._scheduler.take(now, slots - tries, may_fetch=False)
        return taken + self._scheduler.take(now, tries, may_fetch=True)

    def next_wake(self, now: datetime) -> datetime | None:
        """Return when something can be done again, if waiting is all there is."""
        return self._scheduler.next_wake(now)

    # --- news --------------------------------------------------------------

    def announce(
        self, report_id: str, now: datetime, report_type: str = ""
    ) -> list[Report]:
        """Take in that Amazon says it is done with a report: it is polled at once.

        Return the reports of this run that are meant; nothing happens to others. What
        was said before changes nothing.
        """
        found = self.announcements.take(report_id, report_type)
        for report in found:
            if report.report_id == report_id and not report.has_news:
                report.has_news, report.may_wait = True, False
                if report.state is State.REQUESTED and not report.is_busy:
                    self._scheduler.put(report, now)
        return found

    def end_notifications(self, now: datetime) -> None:
        """Poll as usual: it is not said any more when a report is done."""
        self.announcements.is_on = False
        for report in self.reports:
            if report.state is State.REQUESTED and not report.is_busy:
                self._scheduler.put(report, self.polls.begin_wait(report, now))

    # --- recording ---------------------------------------------------------

    def record(self, action: Action, outcome: Outcome, now: datetime) -> list[Change]:
        """Take in what an action brought; return the reports that moved on."""
        report = action.report
        report.is_busy = False
        self.under_way[action.kind] -= 1
        report.calls += 1
        self.calls[action.kind] += 1
        self._learn(action, outcome, now)
        if action.kind is CallKind.POLL:
            self.polls.answered(report, outcome)
        self._outages.note(action.kind, outcome, now)
        changes = list(self._decide(report, outcome, now))
        is_asked = not isinstance(outcome, (model.Throttled, model.Unavailable))
        if action.kind is CallKind.CREATE and (is_asked or report.state.is_final):
            self._release(report, now)
        return changes + self._stop(report)

    def delivered(self, report: Report) -> Change:
        """Record that every row of a fetched report has been written."""
        return self._move(report, Event.DELIVERED)

    def continued(
        self, report: Report, now: datetime, *, is_held: bool = False
    ) -> list[Change]:
        """Record that the rows of a page are written, and go on to the next one.

        `is_held`: they are read only, and will be written with those that follow.
        """
        if is_held:
            report.held.append(report.current())
        report.request = replace(report.request, page=report.next_page)
        report.next_page = None
        report.accepted_count = 0  # each page has its own attempts
        report.written_for.clear()
        due = None if report.known_ids else now
        moved = [self._move(report, Event.CONTINUED, due, forget_id=True)]
        if report.known_ids:
            moved.append(self._take_up_next(report, now))
        return [*moved, *self._stop(report)]

    def _take_up_next(self, report: Report, now: datetime) -> Change:
        """Go on with the report of the next page, which an earlier run asked for."""
        report.report_id = report.known_ids.pop(0)
        if not report.known_ids:
            report.carried = None
        report.polls = report.downloads = report.failed_calls = 0
        report.adopted, report.no_document_seen = True, False
        self.announcements.accepted(report, report.report_id)
        return self._move(report, Event.ACCEPTED, now)

    def unreadable(self, report: Report, reason: str, now: datetime) -> Change:
        """Record that a fetched document turned out to be damaged."""
        if report.request.account in self.blocked_accounts:
            return self.left(report, reason)
        return next(self._download_again(report, reason, now))

    def left(self, report: Report, reason: str) -> Change:
        """Leave a fetched report to the next run: it could not be stored."""
        report.reason = reason
        return self._move(report, Event.LEFT)

    def time_up(self) -> list[Change]:
        """End all asking and waiting; what is complete is still delivered."""
        self.is_time_up = True
        return self.stop()

    def stop(self) -> list[Change]:
        """End what may not go on, of all reports that no call is made about."""
        return [change for report in self.reports for change in self._stop(report)]

    def _stop(self, report: Report) -> list[Change]:
        """End what may not go on: its account is blocked, or the time is up."""
        if report.is_busy or report.state not in CALL_OF_STATE:
            return []
        blocked = self.blocked_accounts.get(report.request.account)
        if blocked is not None:
            report.reason = blocked
            return [self._move(report, Event.REFUSED)]
        is_over = self.is_time_up and report.state is not State.READY
        # the next page belongs to what was asked for
        is_page = report.state is State.PLANNED and report.request.page is not None
        is_left = report.state in _UNTOUCHED[self.retry.mode] and not is_page
        if is_over or is_left:
            return [self._move(report, Event.TIME_UP)]
        if self.is_time_up and report.failed_calls:  # it would only be waited for
            return [self._move(report, Event.LEFT)]
        return []

    def _learn(self, action: Action, outcome: Outcome, now: datetime) -> None:
        request = action.report.request
        limiters = self._scheduler.limiters.of(action.kind, request)
        if not isinstance(outcome, model.Unavailable):  # that says nothing of the rate
            jitter = 0.0
            if isinstance(outcome, model.Throttled):
                jitter = self._random.random()
            self._throttling.learn(action, limiters, outcome, now, jitter)
        self._scheduler.limiters_changed(limiters, now)

    def _decide(  # noqa: C901, PLR0912 - one line per outcome
        self, report: Report, outcome: Outcome, now: datetime
    ) -> Iterator[Change]:
        match outcome:
            case model.Accepted():
                yield from self._accepted(report, outcome, now)
            case model.Throttled():
                yield self._put_off(report, now)
            case model.Conflict(reason=reason):
                report.reason = reason
                yield self._put_off(
                    report, now + timedelta(seconds=POLICY.conflict_wait)
                )
            case model.Running(word=word):
                yield from self._running(report, word, now)
            case model.Ready():
                report.expected_bytes, report.failed_calls = outcome.expected_bytes, 0
                report.is_failure, report.ready_at = outcome.is_failure, now
                report.next_page = outcome.next_page
                self.polls.ready(report, outcome.age, now)
                self.announcements.complete(report)
                yield self._move(report, Event.COMPLETE, now)
            case model.Empty():
                yield self._no_document(report, now)
            case model.NoData(reason=reason, next_page=next_page):
                report.reason, report.ready_at = reason, now
                report.next_page = next_page
                yield self._move(report, Event.NO_DOCUMENT)
            case model.NotYet(reason=reason, rest_may_be=rest_may_be):
                report.reason, report.rest_may_be = reason, rest_may_be
                yield self._move(report, Event.NOT_YET, forget_id=True)
            case model.Failed(reason=reason, is_final=is_final):
                yield self._request_again(report, reason, now, is_final=is_final)
            case model.Vanished():
                yield self._request_again(
                    report, "Amazon no longer knows it (404)", now
                )
            case model.Fetched(document=document):
                report.document, report.fetched_at = document, now
                yield self._move(report, Event.FETCHED)
            case model.Unreadable(reason=reason):
                yield from self._download_again(report, reason, now)
            case model.Cancelled():
                report.stuck_id = report.report_id
                yield self._move(report, Event.CANCELLED, now, forget_id=True)
            case model.Unavailable():
                yield self._unavailable(report, outcome, now)
            case model.Refused():
                if self._can_begin_anew(report, outcome):
                    report.request = replace(report.request, page=None)
                    report.reason, report.began_anew = outcome.reason, True
                    report.held.clear()
                    yield self._put_off(report, now)
                    return
                yield from self._refused(report, outcome)

    def _accepted(
        self, report: Report, outcome: model.Accepted, now: datetime
    ) -> Iterator[Change]:
        if not is_report_id(outcome.report_id):
            report.reason = (
                f"Amazon answers with the report id {outcome.report_id[:60]!r}, which "
                "is of no form this version knows: it is not used. Is endpoint_uri "
                "right?"
            )
            yield self._move(report, Event.REFUSED)
            return
        if outcome.report_id == report.stuck_id:
            report.reason = "Amazon does not finish it and does not let it be replaced"
            yield self._move(report, Event.GAVE_UP)
            return
        if report.state is State.REQUESTED:  # the next part of one
            report.last_id, report.report_id = report.report_id, outcome.report_id
            report.failed_calls = 0
            due = now + timedelta(seconds=POLICY.next_part_wait)
            yield replace(self._move(report, Event.ACCEPTED, due), has_new_id=True)
            return
        report.report_id, report.requested_at = outcome.report_id, now
        report.accepted_count += 1
        report.polls = report.downloads = report.failed_calls = 0
        report.looked_at, report.look_age = now, None
        report.no_document_seen = False
        report.adopted = outcome.adopted
        report.has_news = self.announcements.accepted(report, outcome.report_id)
        due = now if report.has_news else self._next_poll(report, now)
        yield self._move(report, Event.ACCEPTED, due)

    def _running(
        self, report: Report, word: str | None, now: datetime
    ) -> Iterator[Change]:
        report.unknown_word, report.failed_calls = word, 0
        report.polls += 1
        report.looked_at = now
        asked = report.requested_at or now
        is_stuck = (now - asked).total_seconds() > self.retry.stuck_after
        is_ours = not report.request.listed_id
        if is_stuck and is_ours and report.state is State.REQUESTED:
            yield self._move(report, Event.STUCK, now)
        else:
            yield self._put_off(report, self._next_poll(report, now))

    def _no_document(self, report: Report, now: datetime) -> Change:
        if report.no_document_seen:
            report.reason = "Amazon completed it without a document"
            report.ready_at = now
            return self._move(report, Event.NO_DOCUMENT)
        report.no_document_seen = True
        if self.retry.empty_waits_a_run:
            report.reason = "complete without a document: the next run looks again"
            return self._move(report, Event.LEFT)
        return self._put_off(report, now + timedelta(seconds=POLICY.no_document_wait))

    def _request_again(
        self, report: Report, reason: str, now: datetime, *, is_final: bool = False
    ) -> Change:
        report.reason = reason
        # a report of an earlier run that failed is no attempt of this one
        is_tried = report.accepted_count > self.retry.report_attempts
        is_tried = is_tried or not self.retry.mode.asks
        if is_tried or is_final or report.request.listed_id:
            return self._move(report, Event.GAVE_UP)
        wait = timedelta(seconds=self.retry.poll_interval)
        return self._move(report, Event.AGAIN, now + wait, forget_id=True)

    def _download_again(
        self, report: Report, reason: str, now: datetime
    ) -> Iterator[Change]:
        report.downloads += 1
        report.reason, report.document = reason, None
        if report.downloads >= POLICY.document_attempts:
            yield self._move(report, Event.GAVE_UP)
        else:
            yield self._move(report, Event.READ_AGAIN, now)

    def _unavailable(
        self, report: Report, outcome: model.Unavailable, now: datetime
    ) -> Change:
        report.reason = outcome.reason
        self._outages.count_failure(report, outcome, now)
        if report.failed_calls >= POLICY.unreachable_attempts:
            is_asked = report.state is not State.PLANNED
            return self._move(report, Event.LEFT if is_asked else Event.REFUSED)
        wait = timedelta(seconds=self.polls.usual_wait(report))
        return self._put_off(report, now + wait)

    @staticmethod
    def _can_begin_anew(report: Report, outcome: model.Refused) -> bool:
        """Whether a page is refused: its token may have ended; page one is there."""
        page, is_asked = report.request.page, report.state is State.PLANNED
        has_token = page is not None and bool(page.token) and is_asked
        return has_token and outcome.scope == "request" and not report.began_anew

    def _refused(self, report: Report, outcome: model.Refused) -> Iterator[Change]:
        account, scope = report.request.account, outcome.scope
        report.reason, report.offered = outcome.reason, outcome.offered
        report.history, report.kept_from = outcome.history, outcome.kept_from
        yield self._move(report, Event.REFUSED, forget_id=outcome.ended)
        if scope == "account":
            self.blocked_accounts[account] = outcome.reason
            for other in self._by_account[account]:
                yield from self._stop(other)
        elif scope == "type":
            for other in self._by_account[account]:
                if _is_same_type(other, report):
                    other.reason, other.offered = outcome.reason, outcome.offered
                    yield self._move(other, Event.REFUSED)
        elif outcome.kept_from is not None:
            for other in self._by_account[account]:
                if _is_same_type(other, report) and _ends_before(other, outcome):
                    other.reason, other.history = outcome.reason, True
                    other.kept_from = outcome.kept_from
                    yield self._move(other, Event.REFUSED)

    def _put_off(self, report: Report, until: datetime) -> Change:
        return self._move(report, Event.PUT_OFF, until)

    def _move(
        self,
        report: Report,
        event: Event,
        due: datetime | None = None,
        *,
        forget_id: bool = False,
    ) -> Change:
        before, old_id = report.state, report.report_id
        report.state = next_state(report.state, event)
        if forget_id:
            report.last_id = report.report_id or report.last_id
            report.report_id = None
            if event is not Event.CONTINUED:
                report.forget_known()
        if report.state.is_final:
            self._open.subtract(subscriber.stream for subscriber in report.subscribers)
        elif report.state is State.FETCHED:
            self._ready.put(report)
        elif due is not None:
            self._scheduler.put(report, due)
        return Change(report, before, report.state, old_id)

    def _next_poll(self, report: Report, now: datetime) -> datetime:
        """Return until when Amazon may work on a report before it is looked at."""
        backup = self.retry.backup_poll_interval
        if backup is None or not self.announcements.is_on or report.has_news:
            return self.polls.begin_wait(report, now)
        wait = backup * (0.9 + self._random.random() / 10)
        return now + timedelta(seconds=wait)


def _ends_before(report: Report, outcome: model.Refused) -> bool:
    return outcome.kept_from is not None and (
        text_of(report.request.window.end) < text_of(outcome.kept_from)
    )


def _is_same_type(other: Report, report: Report) -> bool:
    return (
        other.state is State.PLANNED
        and not other.is_busy
        and other.request.report_type == report.request.report_type
        and other.request.marketplace == report.request.marketplace
    )
