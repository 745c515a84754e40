"""Several streams that read one document: planned together, in days or in hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports import periods
from singer_amazon.reports.model import (
    DateOrHour,
    PendingReport,
    Window,
    step_back,
    step_on,
)
from singer_amazon.reports.partition_state import PartitionState
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import (
    DateRange,
    Plan,
    RequestLimits,
    WindowRequest,
    plan,
    plan_shared,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
DAY_ZERO = date(2026, 9, 30)
HOUR_ZERO = datetime(2026, 10, 31, 23, tzinfo=timezone.utc)
LAST = 30
LONGEST = 7
LIMITS = RequestLimits(DayGrid(LONGEST), 5)


def at(number: int, zero: DateOrHour = DAY_ZERO) -> DateOrHour:
    return step_on(zero, number)


def window(first: int, last: int, zero: DateOrHour = DAY_ZERO) -> Window:
    return Window(at(first, zero), at(last, zero))


def days(zero: DateOrHour = DAY_ZERO) -> DateRange:
    return DateRange(at(1, zero), at(LAST, zero), oldest_kept=at(1, zero))


def read_until(number: int) -> PartitionState:
    return PartitionState(bookmark=at(number), start=at(1))


def waits_for(state: PartitionState, report_id: str, found: Window) -> PartitionState:
    state.pending.append(PendingReport(report_id, found, "f" * 16, NOW))
    return state


def asked(planned: Plan) -> list[tuple[DateOrHour, DateOrHour]]:
    return [(ask.window.start, ask.window.end) for ask in planned.requests]


# --- examples ------------------------------------------------------------------


def test_two_streams_at_one_place_ask_for_the_same_windows() -> None:
    one, other = plan_shared([PartitionState(), PartitionState()], days(), LIMITS)
    assert one == other
    assert [w.length for w in (a.window for a in one.requests)] == [7, 7, 7, 7, 2]


def test_an_older_bookmark_costs_the_other_stream_nothing() -> None:
    behind, ahead = plan_shared([read_until(10), read_until(27)], days(), LIMITS)
    mine, theirs = set(asked(behind)), set(asked(ahead))
    assert theirs < mine
    assert min(start for start, _ in theirs) <= at(28)
    assert len(mine) == 4  # 20 new days and those to read again


def test_a_report_that_one_waits_for_serves_both() -> None:
    held = window(11, 17)
    one, other = plan_shared(
        [waits_for(read_until(10), "r1", held), read_until(10)], days(), LIMITS
    )
    assert (held.start, held.end) not in asked(one)
    assert (held.start, held.end) in asked(other)
    assert set(asked(other)) - set(asked(one)) == {(held.start, held.end)}


def test_what_one_has_already_is_not_asked_again_for_it() -> None:
    """A run that died between two streams: the second alone takes up the report."""
    held = window(24, 30)
    has_it, waits = plan_shared(
        [read_until(30), waits_for(read_until(23), "r1", held)], days(), LIMITS
    )
    assert has_it.requests == waits.requests == ()


def test_days_of_a_joined_report_are_not_read_again_by_another() -> None:
    """A report others wait for reaches back over days that this stream has."""
    held = window(1, 2)
    _, joins = plan_shared(
        [waits_for(read_until(0), "r1", held), read_until(1)], days(), LIMITS
    )
    windows = [ask.window for ask in joins.requests]
    assert held in windows
    assert sum(w.length for w in windows) == sum(
        w.length for w in periods.union(windows)
    )


def test_a_joined_report_that_covers_a_gap_is_asked_once() -> None:
    failed = read_until(0)
    failed.fail(window(2, 2), frozenset(), "it failed", now=NOW, max_runs=5)
    held = window(2, 3)
    _, joins = plan_shared(
        [waits_for(read_until(0), "r1", held), failed], days(), LIMITS
    )
    windows = [ask.window for ask in joins.requests]
    assert held in windows
    assert sum(w.length for w in windows) == sum(
        w.length for w in periods.union(windows)
    )


def test_of_two_reports_that_share_a_day_a_third_stream_takes_one() -> None:
    held = [window(11, 17), window(14, 20)]
    waiting = [waits_for(read_until(10), f"r{n}", w) for n, w in enumerate(held)]
    third = plan_shared([*waiting, read_until(10)], days(), LIMITS)[2]
    windows = [ask.window for ask in third.requests]
    assert sum(w in held for w in windows) == 1
    assert sum(w.length for w in windows) == sum(
        w.length for w in periods.union(windows)
    )


def test_hours_are_counted_as_days_are() -> None:
    hours = plan(PartitionState(), days(HOUR_ZERO), LIMITS)
    assert [ask.window.length for ask in hours.requests] == [7, 7, 7, 7, 2]
    assert hours.requests[0].window.start == HOUR_ZERO + timedelta(hours=1)
    state = PartitionState()
    plan(state, days(HOUR_ZERO), LIMITS)
    state.deliver(hours.requests[0].window)
    written = state.to_state()
    assert written["replication_key_value"] == "2026-11-01T06:00:00Z"
    assert PartitionState.from_state(written, in_hours=True).bookmark == at(
        7, HOUR_ZERO
    )


def test_a_bookmark_of_a_day_is_the_first_hour_of_it() -> None:
    state = {"replication_key_value": "2026-11-01"}
    found = PartitionState.from_state(state, in_hours=True).bookmark
    assert found == datetime(2026, 11, 1, tzinfo=timezone.utc)


# --- properties ----------------------------------------------------------------

numbers = st.integers(1, LAST)


@st.composite
def states(draw: st.DrawFn, zero: DateOrHour) -> PartitionState:
    """Return what earlier runs may have left of a stream."""
    state = PartitionState()
    if draw(st.booleans()):
        state.bookmark = at(draw(st.integers(0, LAST)), zero)
        state.start = at(1, zero)
    taken: list[Window] = []
    for kind in draw(st.lists(st.sampled_from(["pending", "done", "gap"]), max_size=4)):
        first = draw(numbers)
        found = window(first, min(first + draw(st.integers(0, 6)), LAST), zero)
        free = not periods.intersect([found], taken)
        if state.bookmark is None or found.start <= state.bookmark or not free:
            continue
        taken.append(found)
        if kind == "pending":
            waits_for(state, f"r{first}", found)
        elif kind == "done":
            state.deliver(found)
        else:
            state.fail(found, frozenset(), "it failed", now=NOW, max_runs=5)
    return state


@pytest.mark.parametrize("zero", [DAY_ZERO, HOUR_ZERO])
@given(data=st.data())
def test_nobody_misses_a_day_or_waits_for_it_twice(
    zero: DateOrHour, data: st.DataObject
) -> None:
    """Every stream gets what it lacks, and no two live reports of it share a day."""
    found = data.draw(st.lists(states(zero), min_size=1, max_size=3))
    plans = plan_shared(found, days(zero), LIMITS)
    for state, planned in zip(found, plans, strict=True):
        windows = [ask.window for ask in planned.requests]
        live = windows + [p.window for p in state.pending]
        first = at(1, zero) if state.bookmark is None else step_on(state.bookmark)
        if first <= at(LAST, zero):
            owed = [Window(first, at(LAST, zero))]
            assert periods.subtract(owed, [*live, *state.done("")]) == ()
        together = sum(w.length for w in periods.union(live))
        assert together == sum(w.length for w in live)
        held = {p.window for other in found for p in other.pending}
        assert all(w.length <= LONGEST for w in windows if w not in held)


@pytest.mark.parametrize("zero", [DAY_ZERO, HOUR_ZERO])
@given(data=st.data())
def test_once_all_is_delivered_nothing_more_is_asked(
    zero: DateOrHour, data: st.DataObject
) -> None:
    found = data.draw(st.lists(states(zero), min_size=1, max_size=3))
    for state, planned in zip(
        found, plan_shared(found, days(zero), LIMITS), strict=True
    ):
        for ask in (
            *planned.requests,
            *(
                WindowRequest(p.window, frozenset(), p.window.start)
                for p in state.pending
            ),
        ):
            state.deliver(ask.window)
        state.pending.clear()
    again = plan_shared(found, days(zero), LIMITS)
    assert all(planned.requests == () for planned in again)
    started = [state for state in found if state.bookmark is not None]
    assert all(state.bookmark == at(LAST, zero) for state in started)


@given(states(DAY_ZERO))
def test_one_stream_alone_is_planned_as_ever(state: PartitionState) -> None:
    """Sharing changes nothing where nobody shares, but for edges of held days."""
    (shared,) = plan_shared(
        [PartitionState.from_state(state.to_state())], days(), LIMITS
    )
    alone = plan(PartitionState.from_state(state.to_state()), days(), LIMITS)
    one = periods.union(ask.window for ask in shared.requests)
    assert one == periods.union(ask.window for ask in alone.requests)


def test_the_earliest_day_is_never_stepped_over() -> None:
    assert step_back(date.min) == date.min
    assert step_back(date(1, 1, 3), 10) == date.min
