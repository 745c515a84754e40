"""The pace of one operation, learnt from refusals."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.rate_limits import (
    MAX_INTERVAL,
    MAX_WAIT,
    AdaptiveRateLimiter,
)
from support.report_parts import NOON


def seconds_closed(budget: AdaptiveRateLimiter) -> float:
    return (budget.ready_at(NOON) - NOON).total_seconds()


def test_a_new_budget_lets_everything_through() -> None:
    budget = AdaptiveRateLimiter()
    for _ in range(100):
        assert budget.ready_at(NOON) == NOON
        budget.take(NOON)


def test_retry_after_is_kept_and_spread_by_a_second_at_most() -> None:
    budget = AdaptiveRateLimiter()
    budget.refused(NOON, NOON, 40.0, jitter=0.5)
    assert seconds_closed(budget) == 40.5


def test_without_retry_after_the_wait_grows_to_a_limit() -> None:
    budget, now, waits = AdaptiveRateLimiter(), NOON, []
    for _ in range(12):
        budget.refused(now, now, None, jitter=0.5)
        waits.append((budget.ready_at(now) - now).total_seconds())
        now = budget.ready_at(now)
    assert waits[:3] == [2.0, 8.0, 32.0]
    assert waits == sorted(waits)
    assert waits[-1] == MAX_WAIT


def test_calls_that_were_under_way_together_count_as_one_refusal() -> None:
    together, alone = AdaptiveRateLimiter(), AdaptiveRateLimiter()
    later = NOON + timedelta(seconds=1)
    for _ in range(8):
        together.refused(NOON, later, None, jitter=0.0)
    alone.refused(NOON, later, None, jitter=0.0)
    assert together == alone


def test_after_a_refusal_calls_go_one_by_one_and_each_success_speeds_up() -> None:
    budget = AdaptiveRateLimiter()
    budget.refused(NOON, NOON, 0.0, jitter=0.0)
    intervals = []
    while True:
        budget.take(NOON)
        if (closed := seconds_closed(budget)) == 0.0:
            break
        intervals.append(closed)
        budget.open_at = None
        budget.succeeded()
    assert intervals[0] == 1.0
    assert intervals == sorted(intervals, reverse=True)
    assert len(intervals) < 15


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["refused", "succeeded", "take"]),
            st.floats(0, 1000),
            st.none() | st.floats(0, 5000),
        ),
        max_size=60,
    )
)
def test_no_history_closes_a_budget_for_long(
    history: list[tuple[str, float, float | None]],
) -> None:
    """Unless Amazon names the time itself, the next call is minutes away at most."""
    budget, now, named = AdaptiveRateLimiter(), NOON, NOON
    for what, pause, retry_after in history:
        now += timedelta(seconds=pause)
        if what == "refused":
            budget.refused(now, now, retry_after, jitter=1.0)
            named = max(named, now + timedelta(seconds=(retry_after or 0) + 1))
        elif what == "succeeded":
            budget.succeeded()
        elif budget.ready_at(now) <= now:
            budget.take(now)
        limit = now + timedelta(seconds=MAX_WAIT * 1.25 + MAX_INTERVAL)
        assert now <= budget.ready_at(now) <= max(limit, named)
