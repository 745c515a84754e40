"""What reports that were ready, and those that are not yet, say together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports.polling.survival import MOST, Observations

AGES = st.lists(st.floats(1, 1000), max_size=40)


def test_nothing_seen_means_the_guess() -> None:
    assert Observations(weight=1).late(5, 10, guess=2.5) == 2.5


def test_many_seen_outweigh_the_guess() -> None:
    seen = Observations(range(1, 101), weight=1)
    # of the 50 left half are ready by then, 12.5 seconds before the look on average
    assert seen.late(50, 75, guess=25) == pytest.approx(6.2, abs=0.7)
    unready = Observations(weight=1)
    for number in range(99):
        unready.saw_unready(80 + number, None)
    assert unready.late(50, 75, guess=25) == pytest.approx(0.25)


def test_a_report_counts_once_however_often_it_is_looked_at() -> None:
    seen = Observations(weight=1)
    seen.saw_unready(10, None)
    seen.saw_unready(20, 10)
    assert len(seen) == 1
    seen.saw_ready(18, 20)
    assert len(seen) == 1
    assert seen.late(15, 20, guess=0) == pytest.approx((1 - 2.718281828**-0.5) * 2)
    seen.saw_unready(30, 25)  # nobody knows of a look at 25
    assert len(seen) == 1


def test_the_trend_goes_on_as_shortly_before() -> None:
    seen = Observations(range(1, 101), weight=1)
    assert seen.late(50, 50, guess=0) == 0
    assert seen.trend(50, 60) > seen.trend(50, 55) > 0
    assert seen.trend(200, 210) == 0


@given(AGES, AGES, st.floats(0, 1000), st.floats(0, 1000))
def test_later_is_never_less_late_and_never_more_than_the_wait(
    ready: list[float], unready: list[float], since: float, wait: float
) -> None:
    seen = Observations(ready, weight=2)
    for age in unready:
        seen.saw_unready(age, None)
    found = seen.late(since, since + wait, guess=0)
    assert -1e-6 <= found <= wait + 1e-6
    assert found <= seen.late(since, since + wait * 1.5, guess=0) + 1e-6


def test_so_many_are_kept_and_no_more() -> None:
    seen = Observations(weight=1)
    for number in range(MOST + 10):
        seen.saw_unready(number, None)
    assert MOST / 2 <= len(seen) <= MOST
