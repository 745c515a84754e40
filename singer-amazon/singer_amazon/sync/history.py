"""What to do where Amazon keeps less history than was asked for.

Its words mostly name the first day it has: the window is asked for again from there.
Where they do not, the newer half is asked for, and the older half once that is there.
Each question is for fewer days than the one before, so it ends. Days that cannot be had
are given up for good, and said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from singer_amazon.clock import Clock
from singer_amazon.reports.engine import Engine, Report
from singer_amazon.reports.model import (
    DateOrHour,
    ReportRequest,
    Window,
    step_back,
    step_on,
    text_of,
)
from singer_amazon.reports.periods import Spans
from singer_amazon.reports.windows import WindowRequest
from singer_amazon.sync.partition import Partition, PartitionKind
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import RunStats

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cut:
    """A refused window: days that are lost, may be there, and are asked for now."""

    lost: Window | None
    doubtful: Window | None
    rest: Window | None


def cut(window: Window, kept_from: DateOrHour | None) -> Cut:
    """Divide a window that begins before what Amazon keeps."""
    if kept_from is not None and kept_from > window.start:
        lost = Window(window.start, min(window.end, step_back(kept_from)))
        return Cut(lost, None, window.since(kept_from))
    if window.length == 1:
        return Cut(window, None, None)
    middle = step_on(window.start, window.length // 2)
    return Cut(None, Window(window.start, step_back(middle)), window.since(middle))


class RetentionRefusals:
    """Asks for what is left of windows refused as too old, and gives up the rest."""

    def __init__(
        self,
        *,
        engine: Engine,
        state_store: StateStore,
        clock: Clock,
        stats: RunStats,
        partition_of: Callable[[ReportRequest], Partition],
    ) -> None:
        self._engine = engine
        self._state_store = state_store
        self._clock = clock
        self._stats = stats
        self._partition = partition_of
        self._doubtful: dict[object, list[ReportRequest]] = {}
        """By the request for the newer days: the older ones, to be asked for next."""

    def refused(self, report: Report) -> bool:
        """Take in that a window is older than what Amazon keeps.

        Returns whether nothing of it can be had.
        """
        for older in self._doubtful.pop(report.request.identity, ()):
            self._give_up(older, older.window, report)
        found = cut(report.request.window, report.kept_from)
        for subscriber in report.subscribers if found.lost else ():
            self._give_up(subscriber, found.lost or subscriber.window, report)
        if found.rest is None or not self._engine.may_ask:
            return found.rest is None
        rest = self._parts(report.subscribers, found.rest)
        if found.doubtful is not None:
            older_part = self._parts(report.subscribers, found.doubtful)
            self._doubtful[rest[0].identity] = older_part
        self._engine.request(rest, self._clock.now())
        return False

    def accepted(self, report: Report) -> None:
        """Ask for the older half of a window whose newer half Amazon has."""
        older = self._doubtful.pop(report.request.identity, None)
        if older and self._engine.may_ask:
            self._engine.request(older, self._clock.now())

    def _parts(
        self, subscribers: Iterable[ReportRequest], window: Window
    ) -> list[ReportRequest]:
        """Return requests for a part of a refused window."""
        parts = []
        for subscriber in subscribers:
            partition = self._partition(subscriber)
            if partition.kind is PartitionKind.RANGE:
                partition.window = window
            since = max(subscriber.waiting_since, window.start)
            parts.append(
                partition.request(
                    WindowRequest(window, subscriber.members, since, subscriber.is_gap)
                )
            )
        return parts

    def _give_up(self, request: ReportRequest, window: Window, report: Report) -> None:
        """Give days up for good, and say which; delivered ones are no loss."""
        partition, state = self._partition(request), self._partition(request).state
        lost: Spans = (window,)
        if partition.has_bookmark:
            lost = state.missing(window)
            state.close(window, request.members, report.reason or "", self._clock.now())
            self._state_store.changed(partition)
        since = report.kept_from
        from_day = "" if since is None else f"; it has days from {text_of(since)} on"
        for part in lost:
            text = f"Amazon keeps it no longer{from_day} ({report.reason})"
            problem = partition.problem(part, text, is_failure=request.is_gap)
            self._stats.add(problem)
            logger.warning(
                "%s of %s %s: %s", problem.stream, problem.account, part, text
            )
