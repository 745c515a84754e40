"""Which windows to ask for today: new days, look-back and gaps, minus pending.

Pure: the caller says what "today" means in the account's time zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from singer_amazon.reports import spans
from singer_amazon.reports.ledger import Ledger, roster
from singer_amazon.reports.model import (
    NO_MEMBERS,
    Members,
    Window,
    day_after,
    day_before,
)


@dataclass(frozen=True, slots=True)
class Range:
    """The days this run may ask for, all in the account's time zone.

    `start` is where an account without a bookmark begins; `start_is_set` tells
    that the user wrote it, so that it also cuts what a bookmark would ask.
    `end` is the newest day wanted and complete, hold-back already taken off.
    """

    start: date
    end: date
    oldest_kept: date
    start_is_set: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What Amazon allows in one request of a report type, and our look-back."""

    max_range_days: int
    lookback_days: int
    max_members: int = 100


@dataclass(frozen=True, slots=True)
class Ask:
    """One window to ask for."""

    window: Window
    members: Members
    waiting_since: date
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
    start, notes = _first_day(days)
    ledger.cover(members, start)
    if ledger.bookmark is not None:
        # a bookmark goes before start_date, except for advertisers that join
        notes = notes if ledger.joining else []
        notes += _skip(ledger, days)
    asks = [
        *_gap_asks(ledger, limits, members),
        *_day_asks(ledger, days, limits, members),
    ]
    return Plan(tuple(asks), tuple(notes))


def summary_window(days: Range, max_range_days: int) -> tuple[Window | None, list[str]]:
    """Return the one window of a SUMMARY report, clamped to history.

    Raises:
        ValueError: if the range is longer than one report may be.
    """
    start, notes = _first_day(days)
    if start > days.end:
        return None, notes
    window = Window(start, days.end)
    if window.days > max_range_days:
        msg = f"{window} has {window.days} days, Amazon allows {max_range_days}"
        raise ValueError(msg)
    return window, notes


def _first_day(days: Range) -> tuple[date, list[str]]:
    if days.start >= days.oldest_kept:
        return days.start, []
    note = (
        f"start_date {days.start} is older than Amazon keeps: "
        f"reading from {days.oldest_kept}"
    )
    return days.oldest_kept, [note] if days.start_is_set else []


def _skip(ledger: Ledger, days: Range) -> list[str]:
    """Move a bookmark over days that are cut by the user or lost at Amazon."""
    notes = _skip_to(
        ledger,
        day_before(days.oldest_kept),
        "{} cannot be had any more: Amazon keeps it no longer",
    )
    if days.start_is_set:
        notes += _skip_to(
            ledger, day_before(days.start), f"start_date {days.start} leaves out {{}}"
        )
    return notes


def _skip_to(ledger: Ledger, day: date, sentence: str) -> list[str]:
    assert ledger.bookmark is not None  # noqa: S101 - the caller looked
    if ledger.bookmark >= day:
        return []
    missing = ledger.missing(Window(day_after(ledger.bookmark), day))
    ledger.skip_to(day)
    return [sentence.format(window) for window in missing]


def _gap_asks(ledger: Ledger, limits: Limits, wanted: Members) -> Iterable[Ask]:
    for gap in ledger.gaps:
        people = roster(gap.members) & roster(wanted)
        busy = [p.window for p in ledger.pending if roster(p.members) & people]
        left = spans.subtract([gap.window], busy)
        for window in spans.split(left, limits.max_range_days):
            for chosen in _batches(sorted(people), limits.max_members):
                yield Ask(window, _members(chosen), window.start, is_gap=True)


def _day_asks(
    ledger: Ledger, days: Range, limits: Limits, wanted: Members
) -> Iterable[Ask]:
    groups: dict[tuple[spans.Spans, spans.Spans], list[str]] = {}
    for person in sorted(roster(wanted)):
        new = _new_days(ledger, days, person)
        if new:
            back = _lookback(ledger, days, limits, person, new)
            groups.setdefault((new, back), []).append(person)
    for (new, back), people in groups.items():
        for window in spans.split([*new, *back], limits.max_range_days):
            fresh = spans.intersect([window], new)
            # nobody waits for days that are only read again
            since = fresh[0].start if fresh else days.end
            for chosen in _batches(people, limits.max_members):
                yield Ask(window, _members(chosen), since)


def _new_days(ledger: Ledger, days: Range, person: str) -> spans.Spans:
    covered = ledger.bookmark is not None and person in roster(ledger.members)
    first = ledger.first_day
    if covered and ledger.bookmark is not None:
        first = day_after(ledger.bookmark)
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
    ledger: Ledger, days: Range, limits: Limits, person: str, new: spans.Spans
) -> spans.Spans:
    """Return delivered days to read again, at no extra report where possible."""
    done = ledger.done(person)
    if not done:
        return ()
    newest = min(done[-1].end, days.end)
    first = max(
        date.fromordinal(max(newest.toordinal() - limits.lookback_days + 1, 1)),
        days.oldest_kept,
        days.start if days.start_is_set else date.min,
        ledger.start or date.min,
    )
    busy = [*ledger.gap_days(person), *ledger.pending_days(person)]
    while first <= newest:
        back = spans.subtract(spans.intersect([Window(first, newest)], done), busy)
        if _is_free(new, back, limits.max_range_days):
            return back
        first = day_after(first)
    return ()


def _is_free(new: spans.Spans, back: spans.Spans, longest: int) -> bool:
    """Whether a look-back costs no report more; where one cannot do, it may."""
    if sum(window.days for window in new) > longest:
        return True
    alone, together = spans.split(new, longest), spans.split([*new, *back], longest)
    return len(together) <= len(alone)


def _members(people: list[str]) -> Members:
    return NO_MEMBERS if people == [""] else frozenset(people)


def _batches(people: list[str], size: int) -> Iterable[list[str]]:
    for index in range(0, len(people), size):
        yield people[index : index + size]
