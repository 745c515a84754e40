"""Which report's call is made next: reports wait for the rate limiters it needs.

A report sleeps until it is due and then waits in the queue of those that share the
rate limiters and the kind of call. Where several queues are open the most urgent
kind goes first. Queues may share a limiter: what one takes, another cannot.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from singer_amazon.rate_limits import RateLimiter
from singer_amazon.reports.model import ReportRequest, text_of
from singer_amazon.reports.rate_limiters import ReportRateLimiters
from singer_amazon.reports.report import CALL_OF_STATE, CallKind, Report

_Rank = tuple[float, float]


@dataclass(slots=True)
class _Queue:
    """The reports that wait for one kind of call, behind the same limiters."""

    kind: CallKind
    limiters: tuple[RateLimiter, ...]
    waiting: list[tuple[_Rank, int, Report]] = field(default_factory=list)

    def is_empty(self) -> bool:
        """Drop reports that have moved on; say whether any is left."""
        while self.waiting and not _waits_for(self.waiting[0][2], self.kind):
            heapq.heappop(self.waiting)
        return not self.waiting

    def ready_at(self, now: datetime) -> datetime:
        """Return when all limiters allow a call."""
        return max(limiter.ready_at(now) for limiter in self.limiters)

    def is_open(self, now: datetime) -> bool:
        """Whether a report waits whose call can be made now."""
        return not self.is_empty() and self.ready_at(now) <= now


class Scheduler:
    """All reports that wait for a call."""

    def __init__(self, limiters: ReportRateLimiters) -> None:
        self.limiters = limiters
        self._queues: dict[tuple[CallKind, tuple[int, ...]], _Queue] = {}
        self._sleeping: list[tuple[datetime, int, Report]] = []
        self._sequence = itertools.count()

    def put(self, report: Report, due: datetime) -> None:
        """Let a report wait for the call its state asks for, from `due` on."""
        heapq.heappush(self._sleeping, (due, next(self._sequence), report))

    def take(
        self, now: datetime, count: int, *, may_fetch: bool
    ) -> list[tuple[CallKind, Report]]:
        """Take out up to `count` reports whose call can be made now."""
        self._wake(now)
        taken: list[tuple[CallKind, Report]] = []
        heads = [
            (kind, queue.waiting[0], limiters)
            for (kind, limiters), queue in self._queues.items()
            if (may_fetch or kind is not CallKind.FETCH) and queue.is_open(now)
        ]
        heapq.heapify(heads)
        while heads and len(taken) < count:
            kind, _, limiters = heapq.heappop(heads)
            queue = self._queues[kind, limiters]
            if not queue.is_open(now):  # another queue has used up what they share
                continue
            taken.append((kind, heapq.heappop(queue.waiting)[2]))
            for limiter in queue.limiters:
                limiter.take(now)
            if queue.is_open(now):
                heapq.heappush(heads, (kind, queue.waiting[0], limiters))
        return taken

    def next_wake(self, now: datetime) -> datetime | None:
        """Return when a call can be made again, if any report waits."""
        times = [
            queue.ready_at(now)
            for queue in self._queues.values()
            if not queue.is_empty()
        ]
        while self._sleeping and self._sleeping[0][2].state not in CALL_OF_STATE:
            heapq.heappop(self._sleeping)
        if self._sleeping:
            times.append(self._sleeping[0][0])
        return min(times, default=None)

    def _wake(self, now: datetime) -> None:
        while self._sleeping and self._sleeping[0][0] <= now:
            due, number, report = heapq.heappop(self._sleeping)
            kind = CALL_OF_STATE.get(report.state)
            if kind is None:
                continue
            queue = self._queue(kind, report.request)
            rank = (0.0, due.timestamp())
            if kind is CallKind.CREATE:
                # who was refused lets the others try first: one report type that
                # Amazon throttles for hours must not hold up all the rest
                rank = (report.throttled, report.rank)
            heapq.heappush(queue.waiting, (rank, number, report))

    def _queue(self, kind: CallKind, request: ReportRequest) -> _Queue:
        limiters = self.limiters.of(kind, request)
        key = (kind, tuple(map(id, limiters)))
        return self._queues.setdefault(key, _Queue(kind, limiters))


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


def _waits_for(report: Report, kind: CallKind) -> bool:
    return not report.is_busy and CALL_OF_STATE.get(report.state) is kind
