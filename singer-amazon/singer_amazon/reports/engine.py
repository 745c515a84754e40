"""Decides what to do next for every report of a run; does nothing itself.

The runner asks `next_actions`, carries them out and hands the outcomes to
`record`, which answers with what changed. All time comes in as an argument;
the only randomness is a seeded jitter.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from singer_amazon.reports import model
from singer_amazon.reports.budget import Budget
from singer_amazon.reports.lifecycle import Event, State, after
from singer_amazon.reports.model import Outcome, PendingReport, ReportRequest

CONFLICT_WAIT = timedelta(seconds=60)
NO_DOCUMENT_WAIT = timedelta(seconds=30)
POLL_GROWTH = 1.5
REFUSALS_TO_REPORT = 10
UNREACHABLE_LOOKS = 3


class Kind(IntEnum):
    """The calls an engine can ask for, the most urgent first."""

    CREATE = 0
    FETCH = 1
    CANCEL = 2
    LOOK = 3


_KIND_OF_STATE = {
    State.PLANNED: Kind.CREATE,
    State.REQUESTED: Kind.LOOK,
    State.CANCELLING: Kind.CANCEL,
    State.READY: Kind.FETCH,
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often an engine tries; durations in seconds."""

    poll_interval: float = 15.0
    poll_interval_max: float = 300.0
    report_attempts: int = 3
    stuck_after: float = 24 * 3600.0


@dataclass(slots=True, eq=False)
class Report:
    """One report at Amazon and everybody who waits for its document."""

    request: ReportRequest
    takers: list[ReportRequest]
    priority: tuple[int, ...]
    state: State = State.PLANNED
    report_id: str | None = None
    requested_at: datetime | None = None
    adopted: bool = False
    attempts: int = 0
    looks: int = 0
    unreachable: int = 0
    reads: int = 0
    no_document_seen: bool = False
    stuck_id: str | None = None
    unknown_word: str | None = None
    reason: str | None = None
    offered: bool = True
    history: bool = False
    document: object | None = None
    expected_bytes: int | None = None
    is_busy: bool = False

    def pending(self) -> PendingReport:
        """Return what the state keeps of it while Amazon works."""
        assert self.report_id is not None  # noqa: S101 - only asked once accepted
        assert self.requested_at is not None  # noqa: S101
        return PendingReport(
            self.report_id,
            self.request.window,
            self.request.fingerprint,
            self.requested_at,
            self.request.members,
        )


@dataclass(frozen=True, slots=True)
class Action:
    """One call to make."""

    kind: Kind
    report: Report
    started: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A report that moved on, and the id it had before."""

    report: Report
    before: State
    after: State
    old_id: str | None


@dataclass(slots=True)
class _Lane:
    """The reports of one account that wait for one kind of call."""

    budget: Budget = field(default_factory=Budget)
    waiting: list[tuple[tuple[float, ...], int, Report]] = field(default_factory=list)


class Engine:
    """All reports of one run."""

    def __init__(self, patience: Patience, seed: int = 0) -> None:
        self.patience = patience
        self.reports: list[Report] = []
        self.blocked_accounts: dict[str, str] = {}
        self.refused_types: set[tuple[str, Kind, str]] = set()
        self.is_time_up = False
        self.throttled = 0
        self._by_identity: dict[object, Report] = {}
        self._lanes: dict[tuple[Kind, str], _Lane] = {}
        self._sleeping: list[tuple[datetime, int, Report]] = []
        self._fetched: list[Report] = []
        self._refusals: dict[tuple[str, Kind, str], int | None] = {}
        self._sequence = itertools.count()
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._open: Counter[str] = Counter()

    # --- filling -----------------------------------------------------------

    def adopt(
        self, request: ReportRequest, pending: PendingReport, now: datetime
    ) -> Report:
        """Take up a report that an earlier run asked for."""
        report = self._add(request, (0,))
        if report.state is State.PLANNED:
            report.state = State.REQUESTED
            report.report_id = pending.report_id
            report.requested_at = pending.requested_at
            report.adopted = True
            self._schedule(report, now)
        return report

    def ask(self, requests: Iterable[ReportRequest], now: datetime) -> None:
        """Plan these requests, the longest waiting first, in turns."""
        for place, request in enumerate(in_turns(requests)):
            report = self._add(request, (place,))
            if len(report.takers) == 1:
                self._schedule(report, now)

    def _add(self, request: ReportRequest, priority: tuple[int, ...]) -> Report:
        self._open[request.stream] += 1
        known = self._by_identity.get(request.identity)
        if known is not None:
            known.takers.append(request)
            return known
        report = Report(request, [request], priority)
        self._by_identity[request.identity] = report
        self.reports.append(report)
        return report

    # --- asking ------------------------------------------------------------

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do in this run."""
        return self._open.total() == 0

    def is_done_for(self, stream: str) -> bool:
        """Whether nothing is left to do for one stream."""
        return self._open[stream] == 0

    def take_fetched(self, streams: frozenset[str] | None = None) -> Report | None:
        """Hand out a report whose document can be delivered, oldest first.

        Those of `streams` come before others.
        """
        for index, report in enumerate(self._fetched):
            if streams is None or any(t.stream in streams for t in report.takers):
                return self._fetched.pop(index)
        return self._fetched.pop(0) if self._fetched else None

    def next_actions(
        self, now: datetime, slots: int, *, may_fetch: bool = True
    ) -> list[Action]:
        """Choose up to `slots` calls to make now."""
        self._wake(now)
        actions: list[Action] = []
        heads = [
            (kind, lane.waiting[0], account)
            for (kind, account), lane in self._lanes.items()
            if lane.waiting
            and lane.budget.ready_at(now) <= now
            and (may_fetch or kind is not Kind.FETCH)
        ]
        heapq.heapify(heads)
        while heads and len(actions) < slots:
            kind, _, account = heapq.heappop(heads)
            lane = self._lanes[kind, account]
            report = heapq.heappop(lane.waiting)[2]
            if not self._is_wanted(report, kind):
                pass
            else:
                report.is_busy = True
                lane.budget.take(now)
                actions.append(Action(kind, report, now))
            if lane.waiting and lane.budget.ready_at(now) <= now:
                heapq.heappush(heads, (kind, lane.waiting[0], account))
        return actions

    def next_wake(self, now: datetime) -> datetime | None:
        """Return when something can be done again, if waiting is all there is."""
        times = [
            lane.budget.ready_at(now) for lane in self._lanes.values() if lane.waiting
        ]
        if self._sleeping:
            times.append(self._sleeping[0][0])
        return min(times, default=None)

    def _is_wanted(self, report: Report, kind: Kind) -> bool:
        return not report.is_busy and _KIND_OF_STATE.get(report.state) is kind

    def _wake(self, now: datetime) -> None:
        while self._sleeping and self._sleeping[0][0] <= now:
            due, _, report = heapq.heappop(self._sleeping)
            self._queue(report, due)

    def _schedule(self, report: Report, not_before: datetime) -> None:
        if report.state.is_final or report.state not in _KIND_OF_STATE:
            return
        heapq.heappush(self._sleeping, (not_before, next(self._sequence), report))

    def _queue(self, report: Report, due: datetime) -> None:
        kind = _KIND_OF_STATE.get(report.state)
        if kind is None or report.is_busy:
            return
        rank: tuple[float, ...] = (due.timestamp(),)
        if kind is Kind.CREATE:
            rank = report.priority
        lane = self._lane(kind, report)
        heapq.heappush(lane.waiting, (rank, next(self._sequence), report))

    def _lane(self, kind: Kind, report: Report) -> _Lane:
        return self._lanes.setdefault((kind, report.request.account), _Lane())

    # --- recording ---------------------------------------------------------

    def record(self, action: Action, outcome: Outcome, now: datetime) -> list[Change]:
        """Take in what an action brought; return the reports that moved on."""
        report = action.report
        report.is_busy = False
        self._learn(action, outcome, now)
        if report.state.is_final:  # e.g. its account was blocked meanwhile
            if isinstance(outcome, model.Accepted):
                return self._accept_late(report, outcome, now)
            return []
        changes = list(self._decide(report, outcome, now))
        if self.is_time_up:
            changes += self._stop(report)
        return changes

    def delivered(self, report: Report) -> Change:
        """Record that every row of a fetched report has been written."""
        return self._move(report, Event.DELIVERED)

    def unreadable(self, report: Report, reason: str, now: datetime) -> Change:
        """Record that a fetched document turned out to be damaged."""
        return next(self._read_again(report, reason, now))

    def left(self, report: Report, reason: str) -> Change:
        """Leave a fetched report to the next run: it could not be stored."""
        report.reason = reason
        return self._move(report, Event.LEFT)

    def time_up(self) -> list[Change]:
        """End all asking and waiting; what is complete is still delivered."""
        self.is_time_up = True
        return [change for report in self.reports for change in self._stop(report)]

    def _stop(self, report: Report) -> list[Change]:
        stops = {State.PLANNED, State.REQUESTED, State.CANCELLING}
        if report.is_busy or report.state not in stops:
            return []
        return [self._move(report, Event.TIME_UP)]

    def _accept_late(
        self, report: Report, outcome: model.Accepted, now: datetime
    ) -> list[Change]:
        """Keep the id of a report accepted while its account was given up."""
        report.report_id, report.requested_at = outcome.report_id, now
        return [Change(report, report.state, State.REQUESTED, None)]

    def _learn(self, action: Action, outcome: Outcome, now: datetime) -> None:
        request = action.report.request
        budget = self._lane(action.kind, action.report).budget
        operation = (request.account, action.kind, request.report_type)
        if not isinstance(outcome, model.Throttled):
            budget.succeeded()
            self._refusals[operation] = None
            self.refused_types.discard(operation)
            return
        self.throttled += 1
        budget.refused(action.started, now, outcome.retry_after, self._random.random())
        count = self._refusals.get(operation, 0)
        if count is not None:
            self._refusals[operation] = count + 1
            if count + 1 >= REFUSALS_TO_REPORT:
                self.refused_types.add(operation)

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
                yield self._put_off(report, now + CONFLICT_WAIT)
            case model.Running(word=word):
                yield from self._running(report, word, now)
            case model.Ready(expected_bytes=size):
                report.expected_bytes, report.unreachable = size, 0
                yield self._move(report, Event.COMPLETE, now)
            case model.Empty():
                yield self._no_document(report, now)
            case model.Failed(reason=reason):
                yield self._ask_again(report, reason, now)
            case model.Vanished():
                yield self._ask_again(report, "Amazon no longer knows it (404)", now)
            case model.Fetched(document=document):
                report.document = document
                yield self._move(report, Event.FETCHED)
            case model.Unreadable(reason=reason):
                yield from self._read_again(report, reason, now)
            case model.Cancelled():
                report.stuck_id = report.report_id
                yield self._move(report, Event.CANCELLED, now, forget_id=True)
            case model.Unavailable(reason=reason):
                yield self._unavailable(report, reason, now)
            case model.Refused():
                yield from self._refused(report, outcome)

    def _accepted(
        self, report: Report, outcome: model.Accepted, now: datetime
    ) -> Iterator[Change]:
        if outcome.report_id == report.stuck_id:
            report.reason = "Amazon does not finish it and does not let it be replaced"
            yield self._move(report, Event.GAVE_UP)
            return
        report.report_id, report.requested_at = outcome.report_id, now
        report.looks = report.reads = report.unreachable = 0
        report.no_document_seen = False
        report.adopted = outcome.adopted
        yield self._move(report, Event.ACCEPTED, now + self._next_look(report))

    def _running(
        self, report: Report, word: str | None, now: datetime
    ) -> Iterator[Change]:
        report.unknown_word, report.unreachable = word, 0
        report.looks += 1
        asked = report.requested_at or now
        is_stuck = (now - asked).total_seconds() > self.patience.stuck_after
        if is_stuck and report.state is State.REQUESTED:
            yield self._move(report, Event.STUCK, now)
        else:
            yield self._put_off(report, now + self._next_look(report))

    def _no_document(self, report: Report, now: datetime) -> Change:
        if report.no_document_seen:
            return self._move(report, Event.NO_DOCUMENT)
        report.no_document_seen = True
        return self._put_off(report, now + NO_DOCUMENT_WAIT)

    def _ask_again(self, report: Report, reason: str, now: datetime) -> Change:
        report.attempts += 1
        report.reason = reason
        if report.attempts >= self.patience.report_attempts:
            return self._move(report, Event.GAVE_UP)
        wait = timedelta(seconds=self.patience.poll_interval)
        return self._move(report, Event.AGAIN, now + wait, forget_id=True)

    def _read_again(
        self, report: Report, reason: str, now: datetime
    ) -> Iterator[Change]:
        report.reads += 1
        report.reason, report.document = reason, None
        if report.reads > 1:
            yield self._move(report, Event.GAVE_UP)
        else:
            yield self._move(report, Event.READ_AGAIN, now)

    def _unavailable(self, report: Report, reason: str, now: datetime) -> Change:
        report.reason = reason
        report.unreachable += 1
        if report.state is State.PLANNED:
            return self._move(report, Event.REFUSED)
        if report.unreachable >= UNREACHABLE_LOOKS:
            return self._move(report, Event.LEFT)
        return self._put_off(report, now + self._next_look(report))

    def _refused(self, report: Report, outcome: model.Refused) -> Iterator[Change]:
        request = report.request
        for other in [report, *self._reach_of(report, outcome.scope)]:
            other.reason, other.offered = outcome.reason, outcome.offered
            other.history = outcome.history
            yield self._move(other, Event.REFUSED)
        if outcome.scope == "account":
            self.blocked_accounts[request.account] = outcome.reason

    def _reach_of(self, report: Report, scope: str) -> Iterator[Report]:
        account, report_type = report.request.account, report.request.report_type
        for other in self.reports:
            if other is report or other.request.account != account:
                continue
            if scope == "account" and other.state in _KIND_OF_STATE:
                yield other
            same_type = other.request.report_type == report_type
            if scope == "type" and same_type and other.state is State.PLANNED:
                yield other

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
        report.state = after(report.state, event)
        if forget_id:
            report.report_id = None
        if report.state.is_final:
            self._open.subtract(taker.stream for taker in report.takers)
        elif report.state is State.FETCHED:
            self._fetched.append(report)
        elif due is not None:
            self._schedule(report, due)
        return Change(report, before, report.state, old_id)

    def _next_look(self, report: Report) -> timedelta:
        wait = self.patience.poll_interval * POLL_GROWTH ** min(report.looks, 32)
        wait = min(wait, self.patience.poll_interval_max)
        return timedelta(seconds=wait * (0.9 + self._random.random() / 5))


def in_turns(requests: Iterable[ReportRequest]) -> list[ReportRequest]:
    """Order requests: longest waiting first, then turn by turn.

    Among windows that wait equally long, each account comes before any comes
    twice, and accounts begin with different report types: where Amazon lets
    few through, no account and no type is always last.
    """
    per_account: dict[tuple[object, str], list[ReportRequest]] = {}
    for request in requests:
        key = (request.waiting_since, request.account)
        per_account.setdefault(key, []).append(request)
    ranked: list[tuple[object, int, int, ReportRequest]] = []
    places: dict[object, int] = {}
    for (since, _), waiting in per_account.items():
        place = places[since] = places.get(since, -1) + 1
        shift = place % len(waiting)
        turns = waiting[shift:] + waiting[:shift]
        ranked += [(since, turn, place, item) for turn, item in enumerate(turns)]
    ranked.sort(key=lambda entry: entry[:3])
    return [entry[3] for entry in ranked]
