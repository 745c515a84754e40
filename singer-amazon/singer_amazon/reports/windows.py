"""Which windows to ask for today: new days, look-back and gaps, minus pending.

Pure: the caller says what "today" means in the account's time zone. What is said
of days holds for hours and, by the grid, for weeks and longer periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from singer_amazon.reports import periods
from singer_amazon.reports.model import (
    NO_MEMBERS,
    DateOrHour,
    Members,
    Window,
    step_back,
    step_on,
    text_of,
)
from singer_amazon.reports.partition_state import PartitionState
from singer_amazon.reports.periods import Grid, covered_by, members_of

MAX_MEMBERS = 100
"""Advertisers in one request, where nothing else is known."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """The days this run may ask for, all in the account's time zone.

    `start` is where an account without a bookmark begins; `start_is_set` tells
    that the user wrote it, so that it also cuts what a bookmark would ask.
    `end` is the newest day asked for and complete, hold-back already taken off.
    All are edges of whole periods; before `start` none is open yet.
    """

    start: DateOrHour
    end: DateOrHour
    oldest_kept: DateOrHour
    start_is_set: bool = False


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What Amazon allows in one request of a report type, and our look-back.

    `lookback` counts periods of the grid: days, where it is one of days.
    """

    grid: Grid
    lookback: int
    max_members: int = MAX_MEMBERS


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """One window to ask for."""

    window: Window
    members: Members
    waiting_since: DateOrHour
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The windows to ask for, and sentences on what was cut and why."""

    requests: tuple[WindowRequest, ...]
    notes: tuple[str, ...] = ()


def plan(
    state: PartitionState,
    days: DateRange,
    limits: RequestLimits,
    members: Members = NO_MEMBERS,
) -> Plan:
    """Decide what to ask for, and prepare the state for the answers.

    The pending reports in the state must already be the adopted ones: their
    days are not asked again.
    """
    notes = _prepare(state, days, members)
    requests = [
        *_gap_requests(state, limits, members),
        *_day_requests(state, days, limits, members),
    ]
    return Plan(tuple(requests), notes)


def plan_shared(
    states: Sequence[PartitionState], days: DateRange, limits: RequestLimits
) -> tuple[Plan, ...]:
    """Decide what to ask for where several streams read one document.

    The windows are the same for all; each stream requests for those that hold days it
    lacks or reads again. A report that one of them waits for serves the others too.
    """
    notes = [_prepare(state, days, NO_MEMBERS) for state in states]
    joined = [_joined_requests(state, days, states) for state in states]
    new = [
        periods.subtract(
            _new_days(state, days, ""), [request.window for request in mine]
        )
        for state, mine in zip(states, joined, strict=True)
    ]
    back: list[periods.Spans] = [()] * len(states)
    waiting = [index for index, days_lacked in enumerate(new) if days_lacked]
    readers = [(states[index], "") for index in waiting]
    for index, found in zip(
        waiting, _lookback(readers, days, limits, new), strict=True
    ):
        # what a joined report brings is read again with it
        back[index] = periods.subtract(
            found, [request.window for request in joined[index]]
        )
    windows = _shared_windows(states, [*new, *back], limits.grid)
    return tuple(
        Plan(
            (
                # what a joined report brings may close a gap
                *_gap_requests(state, limits, NO_MEMBERS, joined[index]),
                *joined[index],
                *_requests_of(windows, new[index], back[index], days),
            ),
            notes[index],
        )
        for index, state in enumerate(states)
    )


def _prepare(
    state: PartitionState, days: DateRange, members: Members
) -> tuple[str, ...]:
    start, notes = _first_day(days)
    state.cover(members, start)
    if state.bookmark is not None:
        # a bookmark goes before start_date, except for advertisers that join
        notes = notes if state.joining else []
        notes += _skip(state, days)
    return tuple(notes)


def summary_window(
    days: DateRange, max_range_days: int
) -> tuple[Window | None, list[str]]:
    """Return the one window of a SUMMARY report, clamped to history.

    Raises:
        ValueError: if the range is longer than one report may be.
    """
    start, notes = _first_day(days)
    if start > days.end:
        return None, notes
    window = Window(start, days.end)
    if window.length > max_range_days:
        msg = f"{window} has {window.length} days, Amazon allows {max_range_days}"
        raise ValueError(msg)
    return window, notes


def _first_day(days: DateRange) -> tuple[DateOrHour, list[str]]:
    if days.start >= days.oldest_kept:
        return days.start, []
    note = (
        f"start_date {text_of(days.start)} is older than Amazon keeps: "
        f"reading from {text_of(days.oldest_kept)}"
    )
    return days.oldest_kept, [note] if days.start_is_set else []


def _skip(state: PartitionState, days: DateRange) -> list[str]:
    """Move a bookmark over days that are cut by the user or lost at Amazon."""
    notes = _skip_to(
        state,
        step_back(days.oldest_kept),
        "{} cannot be had any more: Amazon keeps it no longer",
    )
    if days.start_is_set:
        notes += _skip_to(
            state,
            step_back(days.start),
            f"start_date {text_of(days.start)} leaves out {{}}",
        )
    return notes


def _skip_to(state: PartitionState, day: DateOrHour, sentence: str) -> list[str]:
    assert state.bookmark is not None  # noqa: S101 - the caller looked
    if state.bookmark >= day:
        return []
    missing = state.missing(Window(step_on(state.bookmark), day))
    state.skip_to(day)
    return [sentence.format(window) for window in missing]


def _gap_requests(
    state: PartitionState,
    limits: RequestLimits,
    members: Members,
    joined: Iterable[WindowRequest] = (),
) -> Iterable[WindowRequest]:
    brought = [request.window for request in joined]
    for gap in state.gaps:
        people = covered_by(gap.members) & covered_by(members)
        busy = [p.window for p in state.pending if covered_by(p.members) & people]
        left = periods.subtract([gap.window], [*brought, *busy])
        for window in limits.grid.cut(left):
            for chosen in _batches(people, limits.max_members):
                yield WindowRequest(window, chosen, window.start, is_gap=True)


def _day_requests(
    state: PartitionState, days: DateRange, limits: RequestLimits, members: Members
) -> Iterable[WindowRequest]:
    groups: dict[tuple[periods.Spans, periods.Spans], list[str]] = {}
    for group in state.alike(covered_by(members)):
        new = _new_days(state, days, group[0])
        if new:
            (back,) = _lookback([(state, group[0])], days, limits, [new])
            groups.setdefault((new, back), []).extend(group)
    for (new, back), people in groups.items():
        for window in limits.grid.cut([*new, *back]):
            since = _waiting_since(window, new, days)
            for chosen in _batches(people, limits.max_members):
                yield WindowRequest(window, chosen, since)


def _waiting_since(window: Window, new: periods.Spans, days: DateRange) -> DateOrHour:
    """Return the oldest new day in a window; nobody waits for those read again."""
    fresh = periods.intersect([window], new)
    return fresh[0].start if fresh else days.end


def _new_days(state: PartitionState, days: DateRange, person: str) -> periods.Spans:
    covered = state.bookmark is not None and person in covered_by(state.members)
    first = state.first_day
    if covered and state.bookmark is not None:
        first = step_on(state.bookmark)
    if first is None or first > days.end:
        return ()
    return periods.subtract(
        [Window(first, days.end)],
        [
            *state.done(person),
            *state.gap_days(person),
            *state.pending_days(person),
        ],
    )


def _lookback(
    readers: Sequence[tuple[PartitionState, str]],
    days: DateRange,
    limits: RequestLimits,
    new: Iterable[periods.Spans],
) -> list[periods.Spans]:
    """Return the delivered days each reader has again, if possible for nothing.

    A look-back is shortened until it costs no report more, unless the new days
    alone need several, or a request can hold one period only.
    """
    fresh = periods.union(window for days in new for window in days)
    starts = [days.oldest_kept if r.start is None else r.start for r, _ in readers]
    first = max(days.oldest_kept, min(starts, default=days.end))
    longest = Window(first, days.end).length if first <= days.end else 0
    for count in range(min(limits.lookback, longest), 0, -1):
        parts = [_delivered_lately(*r, days, limits.grid, count) for r in readers]
        if _is_free(
            fresh, periods.union(w for part in parts for w in part), limits.grid
        ):
            return parts
    return [()] * len(readers)


def _delivered_lately(
    state: PartitionState, person: str, days: DateRange, grid: Grid, count: int
) -> periods.Spans:
    """Return the days of the last `count` periods delivered, free to ask for."""
    done = state.done(person)
    if not done:
        return ()
    newest = min(done[-1].end, days.end)
    first = max(
        grid.back(newest, count),
        days.oldest_kept,
        *([days.start] if days.start_is_set else ()),
        *([state.start] if state.start is not None else ()),
    )
    if first > newest:
        return ()
    busy = [*state.gap_days(person), *state.pending_days(person)]
    return periods.subtract(periods.intersect([Window(first, newest)], done), busy)


def _is_free(new: periods.Spans, back: periods.Spans, grid: Grid) -> bool:
    alone = grid.cut(new)
    if grid.is_single or len(alone) > len(new):
        return True
    return len(grid.cut([*new, *back])) <= len(alone)


# --- several streams, one document ---------------------------------------------


def _joined_requests(
    state: PartitionState, days: DateRange, states: Iterable[PartitionState]
) -> list[WindowRequest]:
    """Return reports that others wait for and that bring days this one lacks."""
    requests: list[WindowRequest] = []
    busy = list(state.pending_days(""))
    new = _new_days(state, days, "")
    for report in (report for other in states for report in other.pending):
        fresh = periods.intersect([report.window], new)
        if fresh and not periods.intersect([report.window], busy):
            requests.append(WindowRequest(report.window, NO_MEMBERS, fresh[0].start))
            busy.append(report.window)
    return requests


def _shared_windows(
    states: Iterable[PartitionState], needed: Iterable[periods.Spans], grid: Grid
) -> periods.Spans:
    """Cut all that is needed, never across the edge of a pending report or gap.

    Whoever waits for such days must not get them by another report as well.
    """
    left = [periods.union(window for part in needed for window in part)]
    for state in states:
        for held in (*state.pending_days(""), *state.gap_days("")):
            left = [
                piece
                for part in left
                for piece in (
                    periods.intersect(part, [held]),
                    periods.subtract(part, [held]),
                )
            ]
    return tuple(sorted(window for part in left for window in grid.cut(part)))


def _requests_of(
    windows: periods.Spans, new: periods.Spans, back: periods.Spans, days: DateRange
) -> Iterable[WindowRequest]:
    for window in windows:
        if periods.intersect([window], [*new, *back]):
            yield WindowRequest(window, NO_MEMBERS, _waiting_since(window, new, days))


def _batches(people: Iterable[str], size: int) -> Iterable[Members]:
    names = sorted(people)
    for index in range(0, len(names), size):
        yield members_of(frozenset(names[index : index + size]))
