"""Arithmetic on sets of days (or hours), and how they are cut into windows.

A set is kept as sorted, disjoint windows; neighbouring ones are always merged, so two
equal sets have equal lists. What one request may hold is for a `Grid` to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from singer_amazon.reports.model import DateOrHour, Window, step_back, step_on

Spans = tuple[Window, ...]


def union(windows: Iterable[Window]) -> Spans:
    """Return the days in any of the windows."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start <= step_on(merged[-1].end):
            last = merged[-1]
            merged[-1] = Window(last.start, max(last.end, window.end))
        else:
            merged.append(window)
    return tuple(merged)


def subtract(days: Iterable[Window], without: Iterable[Window]) -> Spans:
    """Return the days that are in the first set and not in the second."""
    left = list(union(days))
    for hole in without:
        left = [part for window in left for part in _cut(window, hole)]
    return tuple(left)


def intersect(days: Iterable[Window], other: Iterable[Window]) -> Spans:
    """Return the days that are in both sets."""
    others = union(other)
    parts = (a.clip(b.start, b.end) for a in union(days) for b in others)
    return union(part for part in parts if part is not None)


def split(days: Iterable[Window], longest: int) -> Spans:
    """Cut the set into windows of at most `longest` days, oldest first."""
    pieces: list[Window] = []
    for window in union(days):
        start = window.start
        while start <= window.end:
            end = window.end
            if Window(start, end).length > longest:
                end = step_on(start, longest - 1)
            pieces.append(Window(start, end))
            start = step_on(end)
    return tuple(pieces)


def _cut(window: Window, hole: Window) -> list[Window]:
    if hole.end < window.start or hole.start > window.end:
        return [window]
    parts = []
    if hole.start > window.start:
        parts.append(Window(window.start, step_back(hole.start)))
    if hole.end < window.end:
        parts.append(Window(step_on(hole.end), window.end))
    return parts


# --- what one request may hold ------------------------------------------------


class Grid(Protocol):
    """The periods of a report type: days, hours, weeks or longer.

    All windows it is given begin and end where periods do.
    """

    @property
    def is_single(self) -> bool:
        """Whether no request can hold more than one period."""

    def cut(self, days: Iterable[Window]) -> Spans:
        """Cut a set into windows that a request may hold, oldest first."""

    def back(self, newest: DateOrHour, count: int) -> DateOrHour:
        """Return where the first of `count` periods up to `newest` begins."""


@dataclass(frozen=True, slots=True)
class DayGrid:
    """Any days (or hours), at most so many in one request."""

    longest: int

    @property
    def is_single(self) -> bool:
        """Whether a request holds one day."""
        return self.longest == 1

    def cut(self, days: Iterable[Window]) -> Spans:
        """Cut at the longest request."""
        return split(days, self.longest)

    def back(self, newest: DateOrHour, count: int) -> DateOrHour:
        """Count days back."""
        return step_back(newest, count - 1)


def shortened(window: Window, grid: Grid, count: int) -> Window | None:
    """Return a window without its newest `count` periods, the oldest always kept.

    None: it is one period only.
    """
    edges = [grid.back(window.end, n) for n in range(1, count + 1)]
    inside = [edge for edge in edges if edge > window.start]
    return Window(window.start, step_back(inside[-1])) if inside else None
