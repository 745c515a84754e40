"""Times without any answer: of the API, and of the host of documents.

While one lasts, failed calls say nothing of the reports they were about.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from singer_amazon.reports import model
from singer_amazon.reports.model import Outcome
from singer_amazon.reports.report import CallKind, Report
from singer_amazon.retry_policy import POLICY


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without any answer."""

    since: datetime
    reason: str


class Outages:
    """Which of the two is silent since when, and how often each has answered."""

    def __init__(self) -> None:
        self._silent: dict[bool, Outage] = {}
        """Since when the API (False) or the host of documents (True) is silent."""
        self._answered = Counter[bool]()

    @property
    def longest(self) -> Outage | None:
        """The longest one that lasts still."""
        return min(self._silent.values(), key=lambda o: o.since, default=None)

    @property
    def is_of_downloads(self) -> bool:
        """Whether the host of documents is silent."""
        return True in self._silent

    def note(self, kind: CallKind, outcome: Outcome, now: datetime) -> None:
        """Take in what a call brought."""
        if isinstance(outcome, model.Unavailable) and outcome.is_outage:
            outage = Outage(now, outcome.reason)
            self._silent.setdefault(outcome.is_of_downloads, outage)
            return
        # a download begins with a call of the API, and may end with its answer
        no_download = (model.Throttled, model.Vanished, model.Unavailable)
        is_fetched = kind is CallKind.FETCH
        for is_of_downloads in {
            False,
            is_fetched and not isinstance(outcome, no_download),
        }:
            self._answered[is_of_downloads] += 1
            self._silent.pop(is_of_downloads, None)

    def count_failure(
        self, report: Report, outcome: model.Unavailable, now: datetime
    ) -> None:
        """Count a failed call of a report, where it says something of the report."""
        if not report.failed_calls or self._is_to_blame(report, outcome, now):
            report.failed_calls += 1
        service = outcome.is_of_downloads
        report.answered_before = (service, self._answered[service])

    def _is_to_blame(
        self, report: Report, outcome: model.Unavailable, now: datetime
    ) -> bool:
        """Whether a failed call says something of this report, not of Amazon."""
        service = outcome.is_of_downloads
        last_service, answered = report.answered_before
        others_pass = service is last_service and answered != self._answered[service]
        if not outcome.is_outage or others_pass:
            return True
        outage = self._silent.get(service)
        since = now if outage is None else outage.since
        is_long = (now - since).total_seconds() > POLICY.max_outage
        return outcome.is_answered and is_long
