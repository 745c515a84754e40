"""One report on its way: what the engine knows of it, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum

from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import (
    DateOrHour,
    PendingReport,
    ReportRequest,
    ResultPage,
)
from singer_amazon.retry_policy import POLICY


class CallKind(IntEnum):
    """The calls an engine can ask for, the most urgent first."""

    CREATE = 0
    FETCH = 1
    CANCEL = 2
    POLL = 3


CALL_OF_STATE = {
    State.PLANNED: CallKind.CREATE,
    State.REQUESTED: CallKind.POLL,
    State.CANCELLING: CallKind.CANCEL,
    State.READY: CallKind.FETCH,
}
"""The call a report waits for; in other states it waits for none."""


@dataclass(slots=True, eq=False)
class Report:
    """One report at Amazon and everybody who waits for its document."""

    request: ReportRequest
    subscribers: list[ReportRequest]
    rank: int
    """Its position in the order of requests."""
    state: State = State.PLANNED
    report_id: str | None = None
    requested_at: datetime | None = None
    adopted: bool = False
    accepted_count: int = 0
    """How often this run has had it accepted."""
    throttled: int = 0
    polls: int = 0
    failed_calls: int = 0
    answered_before: tuple[bool, int] = (False, 0)
    """When a call about it failed last: whether at the host of documents, and how many
    calls had been answered there."""
    downloads: int = 0
    no_document_seen: bool = False
    is_failure: bool = False
    """Whether its document holds the reason of a failure, as Amazon's status says."""
    rest_may_be: bool = False
    """Whether a part of a window not published yet may be there."""
    written_for: set[ReportRequest] = field(default_factory=set)
    """The subscribers that have every row."""
    stuck_id: str | None = None
    unknown_word: str | None = None
    reason: str | None = None
    offered: bool = True
    history: bool = False
    kept_from: DateOrHour | None = None
    """The first day Amazon has, where it refused older ones."""
    next_page: ResultPage | None = None
    """What is asked for once its rows are written, if they are not all."""
    held: list[PendingReport] = field(default_factory=list)
    """What has been read of it and waits to be written together with what follows."""
    known_ids: list[str] = field(default_factory=list)
    """The reports of its next pages, where an earlier run has asked for them."""
    carried: PendingReport | None = None
    """What the state keeps of it while those are taken up again."""
    began_anew: bool = False
    """Whether a page was refused and the result is read from its first one again."""
    document: object | None = None
    expected_bytes: int | None = None
    has_news: bool = False
    """Whether Amazon has said, without being asked, that it is done with it."""
    entry: int = 0
    """The number under which it waits for its next call."""
    is_busy: bool = False
    """Whether a call about it is under way; it then changes by its answer only."""
    calls: int = 0
    """How many calls about it have been answered, or failed."""
    last_id: str | None = None
    """The id it had last, where Amazon has ended the report of that id."""
    planned_at: datetime | None = None
    looked_at: datetime | None = None
    """When Amazon last said that it works on it."""
    usual_wait: float = 0.0
    """Until the next look where nothing is known of others, in seconds."""
    may_wait: bool = False
    """Whether it is asked, when it is due, if it is still too early for a look."""
    look_age: float | None = None
    """Its age at the last look, which others go by; it may be under way."""
    last_look_age: float | None = None
    """The same of the look before."""
    ready_at: datetime | None = None
    fetched_at: datetime | None = None
    document_bytes: int = 0
    """The size of its document as downloaded; kept when the document is gone."""

    def pending(self) -> PendingReport:
        """Return what the state keeps of it while Amazon works on it."""
        return self.carried or self.current()

    def current(self) -> PendingReport:
        """Return what it is at Amazon now."""
        assert self.report_id is not None  # noqa: S101 - only asked once accepted
        assert self.requested_at is not None  # noqa: S101
        return PendingReport(
            self.report_id,
            self.request.window,
            self.request.fingerprint,
            self.requested_at,
            self.request.members,
            self.no_document_seen,
            self.request.page,
            before=tuple(one.report_id for one in self.held),
        )

    def age(self, now: datetime) -> float:
        """Return how many seconds ago Amazon has accepted it."""
        return (now - (self.requested_at or now)).total_seconds()

    @property
    def seen_age(self) -> float:
        """Its age when Amazon last said that it works on it."""
        return 0.0 if self.looked_at is None else self.age(self.looked_at)

    def forget_known(self) -> None:
        """Ask anew for pages of which an earlier run knew the reports."""
        self.known_ids.clear()
        self.carried = None

    def pending_page(self) -> PendingReport:
        """Return what the state keeps once its rows are written, but not all pages."""
        page = self.next_page or self.request.page
        return replace(self.pending(), page=page, is_read=True)


class Announcements:
    """Which reports Amazon says are done, by their ids; `is_on`: whether it does."""

    def __init__(self, *, is_on: bool) -> None:
        self.is_on = is_on
        self.missing = 0
        """How many reports a poll found done that nothing had been said of."""
        self._reports: dict[str, list[Report]] = {}
        self._early: dict[str, None] = {}
        """Ids that were named before the answer to the create was here."""

    def accepted(self, report: Report, report_id: str) -> bool:
        """Note a report's id; say whether it has been announced already."""
        self._reports.setdefault(report_id, []).append(report)
        return report_id in self._early

    def take(self, report_id: str, report_type: str) -> list[Report]:
        """Return the reports that are meant; an id of nobody's yet is remembered."""
        found = [
            report
            for report in self._reports.get(report_id, ())
            if report_type in {"", report.request.report_type}
        ]
        if not found:
            self._early[report_id] = None
            if len(self._early) > POLICY.early_news:
                del self._early[next(iter(self._early))]
        return found

    def complete(self, report: Report) -> None:
        """Note that a poll found a report done."""
        self.missing += self.is_on and not (report.has_news or report.adopted)


@dataclass(frozen=True, slots=True)
class Action:
    """One call to make."""

    kind: CallKind
    report: Report
    started: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A report that moved on, and the id it had before."""

    report: Report
    before: State
    after: State
    old_id: str | None
    has_new_id: bool = False
    """Whether it is where it was, under another id."""
