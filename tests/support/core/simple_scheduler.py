"""The scheduler in its simplest form: it looks at every queue each time it is asked.

What `singer_amazon.reports.schedule.Scheduler` has to answer, too.
"""

from __future__ import annotations

import itertools
from datetime import datetime

from singer_amazon.reports.rate_limiters import ReportRateLimiters
from singer_amazon.reports.report import CALL_OF_STATE, CallKind, Report

_Entry = tuple[CallKind, tuple[float, float], int, Report]


class SimpleScheduler:
    """All reports that wait for a call, in no order at all."""

    def __init__(self, limiters: ReportRateLimiters) -> None:
        self.limiters = limiters
        self._sleeping: list[tuple[datetime, int, Report]] = []
        self._waiting: list[_Entry] = []
        self._sequence = itertools.count()

    def put(self, report: Report, due: datetime) -> None:
        self._sleeping.append((due, next(self._sequence), report))

    def take(
        self, now: datetime, count: int, *, may_fetch: bool
    ) -> list[tuple[CallKind, Report]]:
        self._wake(now)
        taken: list[tuple[CallKind, Report]] = []
        while len(taken) < count:
            callable_now = [
                entry
                for entry in self._waiting
                if (may_fetch or entry[0] is not CallKind.FETCH)
                and self._ready_at(entry, now) <= now
            ]
            if not callable_now:
                break
            entry = min(callable_now, key=lambda item: item[:3])
            self._waiting.remove(entry)
            for limiter in self.limiters.of(entry[0], entry[3].request):
                limiter.take(now)
            taken.append((entry[0], entry[3]))
        return taken

    def next_wake(self, now: datetime) -> datetime | None:
        self._forget_moved()
        times = [self._ready_at(entry, now) for entry in self._waiting]
        times += [due for due, _, _ in self._sleeping]
        return min(times, default=None)

    def _wake(self, now: datetime) -> None:
        for due, number, report in sorted(self._sleeping, key=lambda item: item[:2]):
            kind = CALL_OF_STATE.get(report.state)
            if due <= now and kind is not None:
                rank = (0.0, due.timestamp())
                if kind is CallKind.CREATE:
                    rank = (report.throttled, report.rank)
                self._waiting.append((kind, rank, number, report))
        self._sleeping = [item for item in self._sleeping if item[0] > now]
        self._forget_moved()

    def _forget_moved(self) -> None:
        self._sleeping = [s for s in self._sleeping if s[2].state in CALL_OF_STATE]
        self._waiting = [
            entry
            for entry in self._waiting
            if not entry[3].is_busy and CALL_OF_STATE.get(entry[3].state) is entry[0]
        ]

    def _ready_at(self, entry: _Entry, now: datetime) -> datetime:
        limiters = self.limiters.of(entry[0], entry[3].request)
        return max(limiter.ready_at(now) for limiter in limiters)
