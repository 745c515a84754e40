"""The slices of rows that may still change, and what the state keeps of them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_sp.endpoints.status_sweep import OpenRows, StatusSweep, SweepSlicer
from tap_amazon_sp.endpoints.time_slices import TimeSlice, TimeSlicer

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
OPEN, SETTLED = (("status", "OPEN"),), (("status", "SETTLED"),)
SWEEP = StatusSweep("oldest", "at", "status", "OPEN", (OPEN, SETTLED))

hours = st.integers(0, 24 * 900)


@given(hours, hours)
def test_every_search_covers_its_span_without_holes(before: int, new: int) -> None:
    start = NOON - timedelta(hours=new)
    oldest = start - timedelta(hours=before)
    found = _all(SweepSlicer(SWEEP, oldest, TimeSlicer(start, NOON)))

    for filters, since, until in (
        (OPEN, oldest, start),
        (SETTLED, oldest, start),
        ((), start, NOON),
    ):
        part = [entry for entry in found if entry.filters == filters]
        edges = [(entry.after, entry.before) for entry in part]
        assert [a for a, _ in edges[1:]] == [b for _, b in edges[:-1]]
        assert (
            (edges[0][0], edges[-1][1]) == (since, until) if edges else since == until
        )
    assert [e.filters for e in found] == sorted(
        (e.filters for e in found), key=[OPEN, SETTLED, ()].index
    )
    assert all(
        entry.before - entry.after <= SWEEP.longest
        for entry in found
        if entry.filters and entry.before
    )


def _all(slicer: SweepSlicer) -> list[TimeSlice]:
    found = []
    while (entry := slicer.next()) is not None:
        found.append(entry)
        slicer.took(1)
    assert slicer.is_last
    return found


def test_a_slice_begun_again_stays_in_its_search() -> None:
    slicer = SweepSlicer(SWEEP, NOON - timedelta(days=100), TimeSlicer(NOON, NOON))
    first = slicer.next()
    assert first is not None

    assert slicer.again(first)
    shorter = slicer.next()

    assert shorter is not None
    assert (shorter.after, shorter.filters) == (first.after, OPEN)
    assert shorter.before == NOON - timedelta(days=50)


@given(st.lists(st.tuples(st.sampled_from(["open", "Open", "DONE"]), hours)), hours)
def test_the_state_never_forgets_what_is_still_open(
    rows: list[tuple[str, int]], known: int
) -> None:
    """Until all is read both count, what was known and what is seen; then the last."""
    kept = OpenRows(SWEEP)
    kept.load({"oldest": _text(known)})
    for status, age in rows:
        kept.note([{"status": status, "at": _text(age)}], NOON)
    seen = [age for status, age in rows if status != "DONE"]

    assert kept.to_state() == {"oldest": _text(max([known, *seen]))}
    kept.complete()
    assert kept.to_state() == ({"oldest": _text(max(seen))} if seen else {})


def test_an_open_row_without_a_time_counts_from_where_it_was_searched() -> None:
    kept = OpenRows(SWEEP)
    kept.note([{"status": "OPEN"}, {"status": 5}, {}], NOON)
    assert kept.to_state() == {"oldest": _text(0)}


def test_a_damaged_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        OpenRows(SWEEP).load({"oldest": "soon"})


def _text(age: int) -> str:
    return f"{NOON - timedelta(hours=age):%Y-%m-%dT%H:%M:%SZ}"
