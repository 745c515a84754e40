"""Arithmetic on sets of days (or hours), kept as sorted, disjoint windows.

A day is contained whole or not at all, and neighbouring windows are always
merged, so two equal sets have equal lists.
"""

from __future__ import annotations

from collections.abc import Iterable

from singer_amazon.reports.model import Window, step_back, step_on

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
