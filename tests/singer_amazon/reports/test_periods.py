"""The arithmetic of spans against plain sets of days."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports import periods
from singer_amazon.reports.model import Window
from support.core.reports import numbers, spans_of, window

DAYS = st.integers(1, 40)
WINDOWS = st.lists(
    st.tuples(DAYS, DAYS).map(lambda pair: window(min(pair), max(pair))), max_size=6
)


def assert_normal(result: periods.Spans) -> None:
    """Sorted, disjoint, and never two neighbours that could be one."""
    pairs = spans_of(result)
    assert all(end + 1 < start for (_, end), (start, _) in itertools.pairwise(pairs))


@given(WINDOWS)
def test_a_union_holds_the_days_of_all_windows(windows: list[Window]) -> None:
    result = periods.union(windows)
    assert numbers(result) == numbers(windows)
    assert_normal(result)


@given(WINDOWS, WINDOWS)
def test_a_difference_holds_the_days_of_the_first_only(
    days: list[Window], without: list[Window]
) -> None:
    result = periods.subtract(days, without)
    assert numbers(result) == numbers(days) - numbers(without)
    assert_normal(result)


@given(WINDOWS, WINDOWS)
def test_an_intersection_holds_the_days_of_both(
    days: list[Window], other: list[Window]
) -> None:
    result = periods.intersect(days, other)
    assert numbers(result) == numbers(days) & numbers(other)
    assert_normal(result)


@given(WINDOWS, st.integers(1, 12))
def test_a_split_keeps_the_days_and_the_limit_with_the_fewest_windows(
    days: list[Window], longest: int
) -> None:
    result = periods.split(days, longest)
    assert numbers(result) == numbers(days)
    assert sum(w.length for w in result) == len(numbers(days))
    assert all(w.length <= longest for w in result)
    assert len(result) == sum(-(-w.length // longest) for w in periods.union(days))


@given(WINDOWS, WINDOWS)
def test_equal_sets_of_days_have_equal_spans(
    one: list[Window], other: list[Window]
) -> None:
    same = numbers(one) == numbers(other)
    assert (periods.union(one) == periods.union(other)) is same


def test_a_window_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        window(2, 1)
