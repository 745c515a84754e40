"""Which report's call is made next: reports wait for the rate limiters it needs.

A report sleeps until it is due and then waits in the queue of those that share the
rate limiters and the kind of call. Where several queues are open the most urgent
kind goes first. Queues may share a limiter: what one takes, another cannot.

What a call costs does not grow with the number of queues: each waits at one of its
limiters, one that is closed if there is any. Only the limiters are sorted by the time
they open, and of those that wait at an open one only the most urgent is looked at.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from singer_amazon.rate_limits import RateLimiter
from singer_amazon.reports.model import ReportRequest, text_of
from singer_amazon.reports.rate_limiters import ReportRateLimiters
from singer_amazon.reports.report import CALL_OF_STATE, CallKind, Report

_Rank = tuple[float, float]
_Urgency = tuple[_Rank, int]
"""What decides among reports that wait for one kind of call; no two are equal."""


@dataclass(slots=True, eq=False)
class _Queue:
    """The reports that wait for one kind of call, behind the same limiters."""

    kind: CallKind
    limiters: tuple[RateLimiter, ...]
    waits_at: _LimiterQueues
    """The limiter it waits at: one of its own."""
    waiting: list[tuple[_Rank, int, Report]] = field(default_factory=list)
    listed_as: _Urgency | None = None
    """Its entry among those that wait at the limiter; others of it are out of date."""

    def urgency(self) -> _Urgency | None:
        """Drop reports that have moved on; return the urgency of the first one."""
        while self.waiting and not _waits_for(self.waiting[0], self.kind):
            heapq.heappop(self.waiting)
        return self.waiting[0][:2] if self.waiting else None

    def blocking(self, now: datetime) -> RateLimiter | None:
        """Return the limiter that opens last, if any is closed."""
        latest, last = now, None
        for limiter in self.limiters:
            ready_at = limiter.ready_at(now)
            if ready_at > latest:
                latest, last = ready_at, limiter
        return last


@dataclass(slots=True, eq=False)
class _LimiterQueues:
    """The queues of one kind of call that wait at one limiter."""

    kind: CallKind
    limiter: RateLimiter
    queues: list[tuple[_Urgency, _Queue]] = field(default_factory=list)
    opens_at: datetime | None = None
    """Its entry among the closed limiters."""
    listed_as: _Urgency | None = None
    """Its entry among those that may be open: its most urgent report."""

    def add(self, queue: _Queue) -> None:
        """Let a queue wait here that has reports."""
        urgency = queue.urgency()
        if urgency is not None and (queue.waits_at, queue.listed_as) != (self, urgency):
            queue.waits_at, queue.listed_as = self, urgency
            heapq.heappush(self.queues, (urgency, queue))

    def first(self) -> _Queue | None:
        """Drop entries that are out of date; return the most urgent queue."""
        while self.queues:
            urgency, queue = self.queues[0]
            if queue.waits_at is self and queue.listed_as == urgency:
                if queue.urgency() == urgency:
                    return queue
                queue.listed_as = None  # its first report has moved on
                heapq.heappop(self.queues)
                self.add(queue)
            else:
                heapq.heappop(self.queues)
        return None


class Scheduler:
    """All reports that wait for a call."""

    def __init__(
        self,
        limiters: ReportRateLimiters,
        put_off: Callable[[Report, datetime], datetime | None] = lambda *_: None,
    ) -> None:
        self.limiters = limiters
        self._put_off = put_off
        """Says until when a report that is due has to wait longer, if it has to."""
        self._queues: dict[tuple[CallKind, tuple[int, ...]], _Queue] = {}
        self._at_limiter: dict[tuple[CallKind, int], _LimiterQueues] = {}
        self._sleeping: list[tuple[datetime, int, Report]] = []
        self._closed: list[tuple[datetime, int, _LimiterQueues]] = []
        self._open: dict[CallKind, list[tuple[_Urgency, int, _LimiterQueues]]] = {
            kind: [] for kind in sorted(CallKind)
        }
        self._sequence = itertools.count()

    def put(self, report: Report, due: datetime) -> None:
        """Let a report wait for the call its state asks for, from `due` on.

        What it waited for before counts no more.
        """
        report.entry = next(self._sequence)
        heapq.heappush(self._sleeping, (due, report.entry, report))

    def take(
        self, now: datetime, count: int, *, may_fetch: bool
    ) -> list[tuple[CallKind, Report]]:
        """Take out up to `count` reports whose call can be made now."""
        self._wake(now)
        open_queues = (
            queue
            for kind in self._open
            if may_fetch or kind is not CallKind.FETCH
            for queue in self._each_open(kind, now)
        )
        return [
            (queue.kind, self._take_first(queue, now))
            for queue in itertools.islice(open_queues, count)
        ]

    def next_wake(self, now: datetime) -> datetime | None:
        """Return when a call can be made again, if any report waits.

        Where a report waits for several limiters it may be when one of them opens.
        """
        self._open_due(now)
        times = [now] if any(self._first_open(kind, now) for kind in self._open) else []
        if not times and (opening := self._next_opening(now)) is not None:
            times.append(opening)
        while self._sleeping and not _is_due(*self._sleeping[0][1:]):
            heapq.heappop(self._sleeping)
        if self._sleeping:
            times.append(self._sleeping[0][0])
        return min(times, default=None)

    def limiters_changed(self, limiters: Iterable[RateLimiter], now: datetime) -> None:
        """Take in that limiters may open earlier than they said: Amazon has answered.

        That they open later is seen when it is time.
        """
        for limiter in limiters:
            for kind in self._open:
                waiting = self._at_limiter.get((kind, id(limiter)))
                if waiting is None or waiting.opens_at is None:
                    continue
                if limiter.ready_at(now) < waiting.opens_at:
                    waiting.opens_at = None
                    self._list(waiting)

    # --- queues that may be open -------------------------------------------

    def _each_open(self, kind: CallKind, now: datetime) -> Iterator[_Queue]:
        """Yield the most urgent open queue again and again, while there is one."""
        while (queue := self._first_open(kind, now)) is not None:
            yield queue

    def _first_open(self, kind: CallKind, now: datetime) -> _Queue | None:
        """Return the most urgent queue whose limiters are all open.

        Those before it are moved to the limiter that holds them up.
        """
        entries = self._open[kind]
        while entries:
            urgency, _, waiting = entries[0]
            queue = waiting.first()
            if queue is not None and urgency == waiting.listed_as == queue.listed_as:
                closed = queue.blocking(now)
                if closed is None:
                    return queue
                self._wait_for(closed, queue, now)
            heapq.heappop(entries)
            if urgency == waiting.listed_as:
                waiting.listed_as = None
            self._list(waiting)
        return None

    def _wait_for(self, limiter: RateLimiter, queue: _Queue, now: datetime) -> None:
        """Let a queue wait at a closed limiter."""
        waiting = self._waiting_at(queue.kind, limiter)
        waiting.add(queue)
        if waiting.opens_at is None:
            self._close(waiting, limiter.ready_at(now))

    def _list(self, waiting: _LimiterQueues) -> None:
        """List the most urgent queue of a limiter that may be open."""
        queue = waiting.first() if waiting.opens_at is None else None
        urgency = None if queue is None else queue.listed_as
        if urgency is not None and urgency != waiting.listed_as:
            entry = (urgency, next(self._sequence), waiting)
            heapq.heappush(self._open[waiting.kind], entry)
        waiting.listed_as = urgency

    def _take_first(self, queue: _Queue, now: datetime) -> Report:
        report = heapq.heappop(queue.waiting)[2]
        for limiter in queue.limiters:
            limiter.take(now)
        queue.waits_at.add(queue)
        self._list(queue.waits_at)
        return report

    # --- limiters that are closed ------------------------------------------

    def _close(self, waiting: _LimiterQueues, opens_at: datetime) -> None:
        waiting.opens_at = opens_at
        heapq.heappush(self._closed, (opens_at, next(self._sequence), waiting))

    def _open_due(self, now: datetime) -> None:
        while self._closed and self._closed[0][0] <= now:
            opens_at, _, waiting = heapq.heappop(self._closed)
            if waiting.opens_at == opens_at:
                waiting.opens_at = None
                self._list(waiting)

    def _next_opening(self, now: datetime) -> datetime | None:
        """Return when the first closed limiter opens that anything waits at."""
        while self._closed:
            opens_at, _, waiting = self._closed[0]
            if waiting.opens_at == opens_at:
                really = waiting.limiter.ready_at(now)
                is_empty = waiting.first() is None
                if really <= opens_at and not is_empty:
                    return opens_at
                waiting.opens_at = None
                if not is_empty:  # others have used it meanwhile
                    self._close(waiting, really)
            heapq.heappop(self._closed)
        return None

    # --- reports that are due ----------------------------------------------

    def _wake(self, now: datetime) -> None:
        self._open_due(now)
        while self._sleeping and self._sleeping[0][0] <= now:
            due, number, report = heapq.heappop(self._sleeping)
            if not _is_due(number, report):
                continue
            later = self._put_off(report, now)
            if later is not None:
                heapq.heappush(self._sleeping, (later, number, report))
                continue
            kind = CALL_OF_STATE[report.state]
            queue = self._queue(kind, report.request)
            rank = (0.0, due.timestamp())
            if kind is CallKind.CREATE:
                # who was refused lets the others try first: one report type that
                # Amazon throttles for hours must not hold up all the rest
                rank = (report.throttled, report.rank)
            heapq.heappush(queue.waiting, (rank, number, report))
            if queue.waiting[0][2] is report:
                queue.waits_at.add(queue)
                self._list(queue.waits_at)

    def _queue(self, kind: CallKind, request: ReportRequest) -> _Queue:
        limiters = self.limiters.of(kind, request)
        key = (kind, tuple(map(id, limiters)))
        queue = self._queues.get(key)
        if queue is None:
            queue = _Queue(kind, limiters, self._waiting_at(kind, limiters[0]))
            self._queues[key] = queue
        return queue

    def _waiting_at(self, kind: CallKind, limiter: RateLimiter) -> _LimiterQueues:
        key = (kind, id(limiter))
        waiting = self._at_limiter.get(key)
        if waiting is None:
            waiting = self._at_limiter[key] = _LimiterQueues(kind, limiter)
        return waiting


class ReadyQueue:
    """Documents that can be delivered, in the order they came."""

    def __init__(self) -> None:
        self._all: OrderedDict[Report, None] = OrderedDict()
        self._of_stream: dict[str, OrderedDict[Report, None]] = {}

    def put(self, report: Report) -> None:
        """Add a report."""
        self._all[report] = None
        for subscriber in report.subscribers:
            self._of_stream.setdefault(subscriber.stream, OrderedDict())[report] = None

    def take(self, streams: Iterable[str]) -> Report | None:
        """Take out the oldest of these streams, else the oldest of all."""
        queues = [self._of_stream.get(name) for name in streams]
        report = next(iter(next(filter(None, [*queues, self._all]), ())), None)
        if report is not None:
            del self._all[report]
            for subscriber in report.subscribers:
                self._of_stream[subscriber.stream].pop(report, None)
        return report


def interleaved(requests: Iterable[ReportRequest]) -> list[ReportRequest]:
    """Order requests: longest waiting first, then account by account.

    Among windows that wait equally long, each account comes before any comes
    twice, and accounts begin with different report types: where Amazon lets
    few through, no account and no type is always last.
    """
    per_account: dict[tuple[str, str], list[ReportRequest]] = {}
    for request in requests:
        # as text a day can be compared with an hour
        key = (text_of(request.waiting_since), request.account)
        per_account.setdefault(key, []).append(request)
    ranked: list[tuple[str, int, int, ReportRequest]] = []
    accounts: Counter[str] = Counter()
    for (since, _), waiting in per_account.items():
        number = accounts[since]
        accounts[since] += 1
        shift = number % len(waiting)
        rotated = waiting[shift:] + waiting[:shift]
        ranked += [(since, turn, number, item) for turn, item in enumerate(rotated)]
    ranked.sort(key=lambda entry: entry[:3])
    return [entry[3] for entry in ranked]


def _waits_for(entry: tuple[_Rank, int, Report], kind: CallKind) -> bool:
    _, number, report = entry
    is_free = not report.is_busy and CALL_OF_STATE.get(report.state) is kind
    return is_free and number == report.entry


def _is_due(number: int, report: Report) -> bool:
    return number == report.entry and report.state in CALL_OF_STATE
