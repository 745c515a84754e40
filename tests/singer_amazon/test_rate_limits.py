"""The three rate limiters, without a clock of their own."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.rate_limits import AdaptiveRateLimiter, Quota
from singer_amazon.retry_policy import POLICY
from support.core.reports import NOON


def seconds_closed(limiter: AdaptiveRateLimiter) -> float:
    return (limiter.ready_at(NOON) - NOON).total_seconds()


def test_a_new_limiter_lets_everything_through() -> None:
    limiter = AdaptiveRateLimiter()
    for _ in range(100):
        assert limiter.ready_at(NOON) == NOON
        limiter.take(NOON)


def test_retry_after_is_kept_and_spread_by_a_second_at_most() -> None:
    limiter = AdaptiveRateLimiter()
    limiter.refused(NOON, NOON, 40.0, jitter=0.5)
    assert seconds_closed(limiter) == 40.5


def test_without_retry_after_the_wait_grows_to_a_limit() -> None:
    limiter, now, waits = AdaptiveRateLimiter(), NOON, []
    for _ in range(12):
        limiter.refused(now, now, None, jitter=0.5)
        waits.append((limiter.ready_at(now) - now).total_seconds())
        now = limiter.ready_at(now)
    assert waits[:3] == [2.0, 8.0, 32.0]
    assert waits == sorted(waits)
    assert waits[-1] == POLICY.max_throttle_wait


def test_calls_that_were_under_way_together_count_as_one_refusal() -> None:
    together, alone = AdaptiveRateLimiter(), AdaptiveRateLimiter()
    later = NOON + timedelta(seconds=1)
    for _ in range(8):
        together.refused(NOON, later, None, jitter=0.0)
    alone.refused(NOON, later, None, jitter=0.0)
    assert together == alone


def test_after_a_refusal_calls_go_one_by_one_and_each_success_speeds_up() -> None:
    limiter = AdaptiveRateLimiter()
    limiter.refused(NOON, NOON, 0.0, jitter=0.0)
    intervals = []
    while True:
        limiter.take(NOON)
        if (closed := seconds_closed(limiter)) == 0.0:
            break
        intervals.append(closed)
        limiter.open_at = None
        limiter.succeeded()
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
def test_no_history_closes_a_limiter_for_long(
    history: list[tuple[str, float, float | None]],
) -> None:
    """Unless Amazon names the time itself, the next call is minutes away at most."""
    limiter, now, named = AdaptiveRateLimiter(), NOON, NOON
    for what, pause, retry_after in history:
        now += timedelta(seconds=pause)
        if what == "refused":
            limiter.refused(now, now, retry_after, jitter=1.0)
            named = max(named, now + timedelta(seconds=(retry_after or 0) + 1))
        elif what == "succeeded":
            limiter.succeeded()
        elif limiter.ready_at(now) <= now:
            limiter.take(now)
        limit = now + timedelta(
            seconds=POLICY.max_throttle_wait * 1.25 + POLICY.max_interval
        )
        assert now <= limiter.ready_at(now) <= max(limit, named)


def rows_an_hour() -> Quota:
    return Quota(1000, 3600, first_wait=2, max_wait=60, spread=0)


def test_a_quota_of_rows_waits_until_enough_are_an_hour_old() -> None:
    quota = rows_an_hour()
    quota.take(NOON, 600)
    quota.take(NOON + timedelta(seconds=10), 400)
    now = NOON + timedelta(seconds=20)

    assert quota.ready_at(now, 0) == now
    assert quota.ready_at(now, 1) == NOON + timedelta(seconds=3600)
    assert quota.ready_at(now, 900) == NOON + timedelta(seconds=3610)
    quota.take(now, -400)
    assert quota.ready_at(now, 400) == now


def test_a_quota_waits_longer_with_each_refusal_and_as_long_as_amazon_says() -> None:
    quota, waits = rows_an_hour(), []
    for _ in range(7):
        quota.open_at = None
        quota.refused(NOON, NOON, None, jitter=1.0)
        waits.append((quota.ready_at(NOON, 0) - NOON).total_seconds())
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    assert quota.throttled == 7

    quota.refused(NOON, NOON, 70.0, jitter=0.5)
    assert quota.ready_at(NOON, 0) == NOON + timedelta(seconds=70)
