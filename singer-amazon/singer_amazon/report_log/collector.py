"""Hears what happens to the reports of a run and hands finished entries on.

Entries are not kept: whoever subscribes gets each one once, in the order in which
reports end. Without a subscriber nothing is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from singer_amazon.report_log.entry import LoggedReport, Outcome
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import ClosedGap, Members, ReportRequest, text_of
from singer_amazon.reports.report import Report

Subscriber = Callable[[LoggedReport], object]

_OUTCOMES: dict[State, Outcome] = {
    State.DELIVERED: "delivered",
    State.FAILED: "gap",
    State.REFUSED: "refused",
}
"""What final states mean to people; every other state waits for the next run."""


@dataclass(frozen=True, slots=True)
class RequestDetails:
    """What an entry says of a request besides the request itself."""

    account_name: str
    currency_code: str | None = None
    time_zone: str | None = None
    columns: tuple[str, ...] = ()
    refused_columns: tuple[str, ...] = ()


@dataclass(slots=True)
class _Written:
    """What was written of a document for one subscriber."""

    rows: int
    repeated_keys: int


class ReportLog:
    """The reports of one run as they end; main thread only."""

    def __init__(
        self, run_id: str, details_of: Callable[[ReportRequest], RequestDetails]
    ) -> None:
        self.run_id = run_id
        self._details_of = details_of
        self._subscribers: list[Subscriber] = []
        self._written: dict[ReportRequest, _Written] = {}
        """Of documents under way: an entry is forgotten with its report's end."""
        self._closed: set[ReportRequest] = set()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Hand every entry from now on to somebody.

        A message may be half written then: whoever subscribes keeps it for later.
        """
        self._subscribers.append(subscriber)

    # --- what happens ------------------------------------------------------

    def written(self, request: ReportRequest, rows: int, repeated_keys: int) -> None:
        """Note that every row of a document is written for one stream.

        The documents of a report's pages add up.
        """
        if self._subscribers:
            before = self._written.get(request, _Written(0, 0))
            self._written[request] = _Written(
                before.rows + rows, before.repeated_keys + repeated_keys
            )

    def given_up(self, request: ReportRequest) -> None:
        """Note that the window of a request is closed for good."""
        if self._subscribers:
            self._closed.add(request)

    def ended(self, report: Report, now: datetime) -> None:
        """Hand on what became of a report, once for each stream it was for."""
        for request in report.subscribers if self._subscribers else ():
            self._hand_on(self._entry(report, request, now))

    def closed(self, request: ReportRequest, gap: ClosedGap) -> None:
        """Hand on a gap that was closed without a report of this run."""
        if self._subscribers:
            report = Report(request, [request], 0, reason=gap.reason)
            self._closed.add(request)
            self._hand_on(self._entry(report, request, gap.closed_at))

    # --- entries -----------------------------------------------------------

    def _hand_on(self, entry: LoggedReport) -> None:
        for subscriber in self._subscribers:
            subscriber(entry)

    def _entry(
        self, report: Report, request: ReportRequest, now: datetime
    ) -> LoggedReport:
        details = self._details_of(request)
        written = self._written.pop(request, None)
        outcome = self._outcome(report, request, written)
        return LoggedReport(
            run_id=self.run_id,
            stream=request.stream,
            account=request.account,
            account_name=details.account_name,
            currency_code=details.currency_code,
            time_zone=details.time_zone,
            report_type=request.report_type,
            window_start=text_of(request.window.start),
            window_end=text_of(request.window.end),
            columns=details.columns,
            refused_columns=details.refused_columns,
            report_id=report.report_id or report.last_id,
            adopted=report.adopted,
            planned_at=report.planned_at,
            requested_at=report.requested_at,
            ready_at=report.ready_at,
            fetched_at=report.fetched_at,
            delivered_at=now if written is not None else None,
            calls=report.calls,
            throttled=report.throttled,
            attempts=report.accepted_count,
            rows=written.rows if written is not None else 0,
            bytes=report.document_bytes,
            repeated_keys=written.repeated_keys if written is not None else 0,
            outcome=outcome,
            reason=_reason(report, outcome),
            part=part_of(request),
            marketplace_id=request.marketplace or None,
            advertiser_ids=tuple(sorted(request.members)),
        )

    def _outcome(
        self, report: Report, request: ReportRequest, written: _Written | None
    ) -> Outcome:
        if request in self._closed:
            self._closed.discard(request)
            return "closed_gap"
        if written is not None:
            return "delivered" if written.rows else "empty"
        return _OUTCOMES.get(report.state, "waiting")


def part_of(request: ReportRequest) -> str:
    """Return what tells requests of one stream, account and window apart."""
    parts = (request.qualifier, request.listed_id, _members_text(request.members))
    return " ".join(part for part in parts if part)


def _members_text(members: Members) -> str:
    """Return a few words for advertisers: a key must not have a hundred ids."""
    names = ",".join(sorted(members))
    if len(members) <= 1:
        return names
    digest = hashlib.sha256(names.encode()).hexdigest()[:16]
    return f"{len(members)} advertisers {digest}"


def _reason(report: Report, outcome: Outcome) -> str:
    return "" if outcome == "delivered" else report.reason or ""
