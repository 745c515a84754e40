"""Which windows to ask for today: new days, look-back and gaps, minus pending.

Pure: the caller says what "today" means in the account's time zone. What is said
of days holds for hours and, by the grid, for weeks and longer periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from singer_amazon.reports import spans
from singer_amazon.reports.grid import Grid
from singer_amazon.reports.ledger import Ledger, roster
from singer_amazon.reports.model import (
    NO_MEMBERS,
    Members,
    Moment,
    Window,
    step_back,
    step_on,
    text_of,
)


@dataclass(frozen=True, slots=True)
class Range:
    """The days this run may ask for, all in the account's time zone.

    `start` is where an account without a bookmark begins; `start_is_set` tells
    that the user wrote it, so that it also cuts what a bookmark would ask.
    `end` is the newest day wanted and complete, hold-back already taken off.
    All are edges of whole periods; before `start` none is open yet.
    """

    start: Moment
    end: Moment
    oldest_kept: Moment
    start_is_set: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What Amazon allows in one request of a report type, and our look-back.

    `lookback` counts periods of the grid: days, where it is one of days.
    """

    grid: Grid
    lookback: int
    max_members: int = 100


@dataclass(frozen=True, slots=True)
class Ask:
    """One window to ask for."""

    window: Window
    members: Members
    waiting_since: Moment
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The windows to ask for, and sentences on what was cut and why."""

    asks: tuple[Ask, ...]
    notes: tuple[str, ...] = ()


def plan(
    ledger: Ledger, days: Range, limits: Limits, members: Members = NO_MEMBERS
) -> Plan:
    """Decide what to ask for, and prepare the ledger for the answers.

    The pending reports in the ledger must already be the adopted ones: their
    days are not asked again.
    """
    notes = _prepare(ledger, days, members)
    asks = [
        *_gap_asks(ledger, limits, members),
        *_day_asks(ledger, days, limits, members),
    ]
    return Plan(tuple(asks), notes)


def plan_shared(
    ledgers: Sequence[Ledger], days: Range, limits: Limits
) -> tuple[Plan, ...]:
    """Decide what to ask for where several streams read one document.

    The windows are the same for all; each stream asks for those that hold days it
    lacks or reads again. A report that one of them waits for serves the others too.
    """
    notes = [_prepare(ledger, days, NO_MEMBERS) for ledger in ledgers]
    joined = [_joins(ledger, days, ledgers) for ledger in ledgers]
    new = [
        spans.subtract(_new_days(ledger, days, ""), [ask.window for ask in mine])
        for ledger, mine in zip(ledgers, joined, strict=True)
    ]
    back: list[spans.Spans] = [()] * len(ledgers)
    waiting = [index for index, own in enumerate(new) if own]
    readers = [(ledgers[index], "") for index in waiting]
    for index, found in zip(
        waiting, _lookback(readers, days, limits, new), strict=True
    ):
        back[index] = found
    windows = _shared_windows(ledgers, [*new, *back], limits.grid)
    return tuple(
        Plan(
            (
                *_gap_asks(ledger, limits, NO_MEMBERS),
                *joined[index],
                *_takes(windows, new[index], back[index], days),
            ),
            notes[index],
        )
        for index, ledger in enumerate(ledgers)
    )


def _prepare(ledger: Ledger, days: Range, members: Members) -> tuple[str, ...]:
    start, notes = _first_day(days)
    ledger.cover(members, start)
    if ledger.bookmark is not None:
        # a bookmark goes before start_date, except for advertisers that join
        notes = notes if ledger.joining else []
        notes += _skip(ledger, days)
    return tuple(notes)


def summary_window(days: Range, max_range_days: int) -> tuple[Window | None, list[str]]:
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


def _first_day(days: Range) -> tuple[Moment, list[str]]:
    if days.start >= days.oldest_kept:
        return days.start, []
    note = (
        f"start_date {text_of(days.start)} is older than Amazon keeps: "
        f"reading from {text_of(days.oldest_kept)}"
    )
    return days.oldest_kept, [note] if days.start_is_set else []


def _skip(ledger: Ledger, days: Range) -> list[str]:
    """Move a bookmark over days that are cut by the user or lost at Amazon."""
    notes = _skip_to(
        ledger,
        step_back(days.oldest_kept),
        "{} cannot be had any more: Amazon keeps it no longer",
    )
    if days.start_is_set:
        notes += _skip_to(
            ledger,
            step_back(days.start),
            f"start_date {text_of(days.start)} leaves out {{}}",
        )
    return notes


def _skip_to(ledger: Ledger, day: Moment, sentence: str) -> list[str]:
    assert ledger.bookmark is not None  # noqa: S101 - the caller looked
    if ledger.bookmark >= day:
        return []
    missing = ledger.missing(Window(step_on(ledger.bookmark), day))
    ledger.skip_to(day)
    return [sentence.format(window) for window in missing]


def _gap_asks(ledger: Ledger, limits: Limits, wanted: Members) -> Iterable[Ask]:
    for gap in ledger.gaps:
        people = roster(gap.members) & roster(wanted)
        busy = [p.window for p in ledger.pending if roster(p.members) & people]
        left = spans.subtract([gap.window], busy)
        for window in limits.grid.cut(left):
            for chosen in _batches(sorted(people), limits.max_members):
                yield Ask(window, _members(chosen), window.start, is_gap=True)


def _day_asks(
    ledger: Ledger, days: Range, limits: Limits, wanted: Members
) -> Iterable[Ask]:
    groups: dict[tuple[spans.Spans, spans.Spans], list[str]] = {}
    for person in sorted(roster(wanted)):
        new = _new_days(ledger, days, person)
        if new:
            (back,) = _lookback([(ledger, person)], days, limits, [new])
            groups.setdefault((new, back), []).append(person)
    for (new, back), people in groups.items():
        for window in limits.grid.cut([*new, *back]):
            since = _waiting_since(window, new, days)
            for chosen in _batches(people, limits.max_members):
                yield Ask(window, _members(chosen), since)


def _waiting_since(window: Window, new: spans.Spans, days: Range) -> Moment:
    """Return the oldest new day in a window; nobody waits for those read again."""
    fresh = spans.intersect([window], new)
    return fresh[0].start if fresh else days.end


def _new_days(ledger: Ledger, days: Range, person: str) -> spans.Spans:
    covered = ledger.bookmark is not None and person in roster(ledger.members)
    first = ledger.first_day
    if covered and ledger.bookmark is not None:
        first = step_on(ledger.bookmark)
    if first is None or first > days.end:
        return ()
    return spans.subtract(
        [Window(first, days.end)],
        [
            *ledger.done(person),
            *ledger.gap_days(person),
            *ledger.pending_days(person),
        ],
    )


def _lookback(
    readers: Sequence[tuple[Ledger, str]],
    days: Range,
    limits: Limits,
    new: Iterable[spans.Spans],
) -> list[spans.Spans]:
    """Return the delivered days each reader has again, if possible for nothing.

    A look-back is shortened until it costs no report more, unless the new days
    alone need several, or a request can hold one period only.
    """
    fresh = spans.union(window for own in new for window in own)
    for count in range(limits.lookback, 0, -1):
        parts = [_delivered_lately(*r, days, limits.grid, count) for r in readers]
        if _is_free(fresh, spans.union(w for part in parts for w in part), limits.grid):
            return parts
    return [()] * len(readers)


def _delivered_lately(
    ledger: Ledger, person: str, days: Range, grid: Grid, count: int
) -> spans.Spans:
    """Return the days of the last `count` periods delivered, free to ask for."""
    done = ledger.done(person)
    if not done:
        return ()
    newest = min(done[-1].end, days.end)
    first = max(
        grid.back(newest, count),
        days.oldest_kept,
        *([days.start] if days.start_is_set else ()),
        *([ledger.start] if ledger.start is not None else ()),
    )
    if first > newest:
        return ()
    busy = [*ledger.gap_days(person), *ledger.pending_days(person)]
    return spans.subtract(spans.intersect([Window(first, newest)], done), busy)


def _is_free(new: spans.Spans, back: spans.Spans, grid: Grid) -> bool:
    alone = grid.cut(new)
    if grid.is_single or len(alone) > len(new):
        return True
    return len(grid.cut([*new, *back])) <= len(alone)


# --- several streams, one document ---------------------------------------------


def _joins(ledger: Ledger, days: Range, ledgers: Iterable[Ledger]) -> list[Ask]:
    """Ask for reports that others wait for and that bring days this one lacks."""
    asks: list[Ask] = []
    busy = list(ledger.pending_days(""))
    new = _new_days(ledger, days, "")
    for report in (report for other in ledgers for report in other.pending):
        fresh = spans.intersect([report.window], new)
        if fresh and not spans.intersect([report.window], busy):
            asks.append(Ask(report.window, NO_MEMBERS, fresh[0].start))
            busy.append(report.window)
    return asks


def _shared_windows(
    ledgers: Iterable[Ledger], wanted: Iterable[spans.Spans], grid: Grid
) -> spans.Spans:
    """Cut all that is wanted, never across the edge of a pending report or gap.

    Whoever waits for such days must not get them by another report as well.
    """
    left = [spans.union(window for part in wanted for window in part)]
    for ledger in ledgers:
        for held in (*ledger.pending_days(""), *ledger.gap_days("")):
            left = [
                piece
                for part in left
                for piece in (
                    spans.intersect(part, [held]),
                    spans.subtract(part, [held]),
                )
            ]
    return tuple(sorted(window for part in left for window in grid.cut(part)))


def _takes(
    windows: spans.Spans, new: spans.Spans, back: spans.Spans, days: Range
) -> Iterable[Ask]:
    for window in windows:
        if spans.intersect([window], [*new, *back]):
            yield Ask(window, NO_MEMBERS, _waiting_since(window, new, days))


def _members(people: list[str]) -> Members:
    return NO_MEMBERS if people == [""] else frozenset(people)


def _batches(people: list[str], size: int) -> Iterable[list[str]]:
    for index in range(0, len(people), size):
        yield people[index : index + size]
