"""Which windows a run asks for."""

from __future__ import annotations

import pytest

from singer_amazon.reports.partition_state import PartitionState
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import (
    DateRange,
    Plan,
    RequestLimits,
    plan,
    summary_window,
)
from support.core.reports import NOON, day, pending, people, spans_of, window

LIMITS = RequestLimits(DayGrid(31), 30)


def days(start: int, end: int, *, oldest: int = -500, is_set: bool = True) -> DateRange:
    return DateRange(day(start), day(end), day(oldest), start_is_set=is_set)


def asked(planned: Plan) -> list[tuple[int, int]]:
    return spans_of(ask.window for ask in planned.requests)


def read_until(last: int, first: int = 1) -> PartitionState:
    """Return the state of an account read from the first to the last day."""
    state = PartitionState()
    state.cover(people(), day(first))
    state.deliver(window(first, last))
    return PartitionState.from_state(state.to_state())


def fail(state: PartitionState, first: int, last: int) -> None:
    state.fail(window(first, last), people(), "FAILED", now=NOON, max_runs=5)


# --- new days --------------------------------------------------------------


def test_a_first_run_asks_for_everything_in_windows_amazon_allows() -> None:
    planned = plan(PartitionState(), days(1, 70), LIMITS)
    assert asked(planned) == [(1, 31), (32, 62), (63, 70)]
    assert planned.notes == ()


def test_a_start_date_older_than_amazon_keeps_is_clamped_with_a_warning() -> None:
    planned = plan(PartitionState(), days(1, 70, oldest=60), LIMITS)
    assert asked(planned) == [(60, 70)]
    assert planned.notes == (
        "start_date 2026-10-01 is older than Amazon keeps: reading from 2026-11-29",
    )


def test_the_default_start_is_clamped_without_a_warning() -> None:
    planned = plan(PartitionState(), days(1, 70, oldest=60, is_set=False), LIMITS)
    assert asked(planned) == [(60, 70)]
    assert planned.notes == ()


def test_an_old_start_date_is_no_news_once_there_is_a_bookmark() -> None:
    planned = plan(read_until(69), days(1, 70, oldest=60), LIMITS)
    assert planned.notes == ()


def test_an_earlier_start_date_than_the_states_has_no_effect() -> None:
    planned = plan(read_until(69, first=65), days(1, 70), LIMITS)
    assert asked(planned) == [(65, 70)]


def test_a_later_start_date_cuts_with_a_warning() -> None:
    state = read_until(9)
    planned = plan(state, days(15, 20), LIMITS)
    assert asked(planned) == [(15, 20)]
    assert planned.notes == ("start_date 2026-10-15 leaves out 2026-10-10..2026-10-14",)
    assert state.bookmark == day(14)
    assert plan(state, days(15, 20), LIMITS).notes == ()


def test_days_lost_in_a_long_pause_are_told_once() -> None:
    state = read_until(9)
    planned = plan(state, days(1, 200, oldest=150, is_set=False), LIMITS)
    assert planned.notes == (
        "2026-10-10..2027-02-26 cannot be had any more: Amazon keeps it no longer",
    )
    assert asked(planned) == [(150, 180), (181, 200)]
    assert plan(state, days(1, 200, oldest=150), LIMITS).notes == ()


def test_days_that_are_delivered_or_on_their_way_are_not_told_as_lost() -> None:
    state = read_until(9)
    state.deliver(window(12, 14))
    state.requested(pending(16, 30))
    planned = plan(state, days(1, 40, oldest=20), LIMITS)
    assert [note.split()[0] for note in planned.notes] == [
        "2026-10-10..2026-10-11",
        "2026-10-15..2026-10-15",
    ]


def test_a_second_run_on_the_same_day_asks_for_nothing() -> None:
    state = PartitionState()
    for ask in plan(state, days(1, 40), LIMITS).requests:
        state.deliver(ask.window)
    assert plan(state, days(1, 40), LIMITS).requests == ()
    assert asked(plan(state, days(1, 41), LIMITS)) == [(11, 41)]


def test_an_end_date_before_the_bookmark_asks_for_nothing() -> None:
    assert plan(read_until(20), days(1, 10), LIMITS).requests == ()


def test_days_of_a_pending_report_are_not_asked_for() -> None:
    state = read_until(9)
    state.requested(pending(10, 15))
    planned = plan(state, days(1, 20), LIMITS)
    assert asked(planned) == [(16, 20)]


def test_windows_delivered_beyond_a_hole_are_not_asked_for_again() -> None:
    state = read_until(9)
    state.deliver(window(12, 20))
    planned = plan(state, days(1, 20), RequestLimits(DayGrid(31), 0))
    assert asked(planned) == [(10, 11)]


# --- look-back -------------------------------------------------------------


def test_a_new_day_brings_the_look_back_in_the_same_report() -> None:
    planned = plan(read_until(40), days(1, 41), LIMITS)
    assert asked(planned) == [(11, 41)]
    assert planned.requests[0].waiting_since == day(41)


@pytest.mark.parametrize(
    ("newest", "windows"),
    [
        (41, [(11, 41)]),  # 30 days of look-back
        (46, [(16, 46)]),  # six new days leave space for 25
        (71, [(41, 71)]),  # 31 new days leave none
    ],
)
def test_the_look_back_shrinks_so_that_it_costs_no_report(
    newest: int, windows: list[tuple[int, int]]
) -> None:
    assert asked(plan(read_until(40), days(1, newest), LIMITS)) == windows


def test_where_one_report_cannot_do_the_look_back_is_whole() -> None:
    planned = plan(read_until(40), days(1, 75), LIMITS)
    assert asked(planned) == [(11, 41), (42, 72), (73, 75)]


def test_days_only_read_again_wait_behind_new_ones() -> None:
    planned = plan(read_until(40), days(1, 75), RequestLimits(DayGrid(31), 35))
    first = planned.requests[0]
    assert spans_of([first.window]) == [(6, 36)]
    assert first.waiting_since == day(75)
    assert planned.requests[1].waiting_since == day(41)


def test_a_pending_report_between_keeps_the_look_back_away() -> None:
    """It would cost a report of its own, and days asked twice."""
    state = read_until(40)
    state.requested(pending(41, 44))
    assert asked(plan(state, days(1, 45), LIMITS)) == [(45, 45)]


def test_a_look_back_may_save_a_report_by_joining_two_holes() -> None:
    state = read_until(10)
    state.deliver(window(12, 20))
    assert asked(plan(state, days(1, 21), LIMITS)) == [(1, 21)]


def test_a_look_back_never_reads_what_was_never_asked_for() -> None:
    assert asked(plan(read_until(40, first=35), days(1, 41), LIMITS)) == [(35, 41)]


def test_a_look_back_ends_at_history_and_at_the_start_date() -> None:
    assert asked(plan(read_until(40), days(1, 41, oldest=30), LIMITS)) == [(30, 41)]
    assert asked(plan(read_until(40), days(36, 41), LIMITS)) == [(36, 41)]


@pytest.mark.parametrize("lookback", [0, 10_000_000])
def test_any_number_of_days_is_a_look_back(lookback: int) -> None:
    planned = plan(read_until(40), days(1, 41), RequestLimits(DayGrid(31), lookback))
    assert asked(planned) == [(41, 41) if lookback == 0 else (11, 41)]


# --- gaps ------------------------------------------------------------------


def test_a_gap_is_asked_for_every_run_alone() -> None:
    state = read_until(10)
    fail(state, 11, 12)
    state.deliver(window(13, 20))
    planned = plan(state, days(1, 20), LIMITS)
    assert [(spans_of([a.window])[0], a.is_gap) for a in planned.requests] == [
        ((11, 12), True)
    ]


def test_a_gap_waits_while_a_report_for_it_is_on_its_way() -> None:
    state = read_until(10)
    fail(state, 11, 14)
    state.requested(pending(11, 12))
    assert asked(plan(state, days(1, 14), LIMITS)) == [(13, 14)]


def test_a_gap_longer_than_one_report_is_asked_for_in_parts() -> None:
    state = read_until(10)
    fail(state, 11, 20)
    assert asked(plan(state, days(1, 20), RequestLimits(DayGrid(7), 0))) == [
        (11, 17),
        (18, 20),
    ]


# --- advertisers -----------------------------------------------------------


def test_a_new_advertiser_is_read_from_the_start_in_a_report_of_its_own() -> None:
    state = PartitionState()
    for ask in plan(state, days(1, 20), LIMITS, people("ab")).requests:
        state.deliver(ask.window, ask.members)
    planned = plan(state, days(1, 21), LIMITS, people("abc"))
    assert [(spans_of([a.window])[0], set(a.members)) for a in planned.requests] == [
        ((1, 21), {"a", "b"}),
        ((1, 21), {"c"}),
    ]
    for ask in planned.requests:
        state.deliver(ask.window, ask.members)
    again = plan(state, days(1, 22), LIMITS, people("abc"))
    assert [set(ask.members) for ask in again.requests] == [{"a", "b", "c"}]


def test_a_report_takes_so_many_advertisers() -> None:
    names = frozenset(f"{number:03d}" for number in range(250))
    planned = plan(PartitionState(), days(1, 5), LIMITS, names)
    assert [len(ask.members) for ask in planned.requests] == [100, 100, 50]
    assert frozenset().union(*(ask.members for ask in planned.requests)) == names


# --- SUMMARY ---------------------------------------------------------------


def test_a_summary_is_one_window_clamped_to_history() -> None:
    assert summary_window(days(1, 20), 31) == (window(1, 20), [])
    clamped, notes = summary_window(days(1, 20, oldest=5), 31)
    assert clamped == window(5, 20)
    assert "reading from 2026-10-05" in notes[0]


def test_a_summary_before_history_has_no_window() -> None:
    assert summary_window(days(1, 20, oldest=30), 31)[0] is None


def test_a_summary_over_too_long_a_range_is_refused() -> None:
    with pytest.raises(ValueError, match="has 32 days, Amazon allows 31"):
        summary_window(days(1, 32), 31)
