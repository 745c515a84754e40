"""Arithmetic on sets of days (or hours), how they are cut into windows, and whose.

A set is kept as sorted, disjoint windows; neighbouring ones are always merged, so two
equal sets have equal lists. What one request may hold is for a `Grid` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from singer_amazon.reports.model import (
    NO_MEMBERS,
    DateOrHour,
    Delivery,
    Members,
    Window,
    step_back,
    step_on,
)

T = TypeVar("T")

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


# --- whose days they are ------------------------------------------------------

_ITSELF: Members = frozenset({""})  # stands for the account among members


def covered_by(members: Members) -> Members:
    """Return who a report speaks for: its members, else the account itself."""
    return members or _ITSELF


def members_of(people: Members) -> Members:
    """Return the members of a report that speaks for these people."""
    return NO_MEMBERS if people == _ITSELF else people


def reached(done: Spans, bookmark: DateOrHour) -> DateOrHour:
    """Return the last day reached from the bookmark without a hole."""
    for window in done:
        if window.start <= step_on(bookmark) and window.end > bookmark:
            return window.end
    return bookmark


def compacted(
    delivered: Iterable[Delivery],
    covered: Members,
    bookmark: DateOrHour,
    changed: Members | None,
) -> list[Delivery]:
    """Merge deliveries member by member and drop what the bookmark covers.

    Those of members that have not `changed` are merged already.
    """
    entries = list(delivered)
    lists = [covered_by(entry.members) for entry in entries]
    people = frozenset[str]().union(*lists) if changed is None else changed
    by_window: dict[Window, Members] = {}
    for entry, members in zip(entries, lists, strict=True):
        if rest := members - people:
            by_window[entry.window] = by_window.get(entry.window, rest) | rest
    past = [Window.up_to(bookmark)]
    for numbers, group in in_the_same([covered, *lists], people).items():
        is_covered = numbers[:1] == (0,)
        windows = [entries[number - 1].window for number in numbers if number]
        for window in subtract(windows, past if is_covered else []):
            some = frozenset(group)
            by_window[window] = by_window.get(window, some) | some
    return [
        Delivery(window, members_of(those))
        for window, those in sorted(by_window.items())
    ]


def in_the_same(
    lists: Iterable[Members], people: Members
) -> dict[tuple[int, ...], list[str]]:
    """Return people by the numbers of the lists they are in."""
    numbers: dict[str, tuple[int, ...]] = dict.fromkeys(people, ())
    for number, members in enumerate(lists):
        for person in covered_by(members) & people:
            numbers[person] += (number,)
    return by_value(numbers)


def by_value(found: Mapping[str, T]) -> dict[T, list[str]]:
    """Return people by what they have in common."""
    groups: dict[T, list[str]] = {}
    for person, value in found.items():
        groups.setdefault(value, []).append(person)
    return groups
