from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.rate_limits import Quota, Rate, TokenBucket
from support.core.material import FACTS, needs_facts
from tap_amazon_sp.rates import RATES, rate_of_header
from tap_amazon_sp.reports.rate_limiters import application_quota, quota_state

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
CREATE = RATES["createReport"]


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def calls(bucket: TokenBucket | Quota, count: int, now: datetime = NOON) -> list[float]:
    """Make calls as early as allowed; return when, in seconds from noon."""
    times = []
    for _ in range(count):
        now = bucket.ready_at(now)
        bucket.take(now)
        times.append((now - NOON).total_seconds())
    return times


@needs_facts
def test_rates_are_those_of_the_facts() -> None:
    text = (FACTS / "amazon-sp-api.md").read_text(encoding="utf-8")
    known: dict[str, Rate] = {}
    for line in text.splitlines():
        found = re.match(r"\| ([\w, ()]+) \| ([\d.]+) \| [^|]+ \| (\d+) \|$", line)
        for name in re.findall(r"\w+", found[1]) if found else []:
            known[name] = Rate(float(found[2]), int(found[3]))  # type: ignore[index]  # found is there

    tabled = {name: rate for name, rate in RATES.items() if name in known}
    assert len(tabled) == 6
    assert tabled == {name: known[name] for name in tabled}


# ---------------------------------------------------------------------- buckets


LAG = 1.2
"""What we give Amazon's clock, which begins when the first call has arrived."""


def test_a_burst_and_then_one_a_minute() -> None:
    times = calls(TokenBucket(CREATE), 18)

    assert times[:15] == [0.0] * 15
    assert times[15:] == pytest.approx(
        [59.88 + LAG, 119.76 + LAG, 179.64 + LAG], abs=0.01
    )


def test_a_long_pause_gives_one_burst_and_no_more() -> None:
    bucket = TokenBucket(CREATE)
    bucket.take(NOON)

    times = calls(bucket, 16, after(86_400))

    assert times[:15] == [86_400.0] * 15
    assert times[15] == pytest.approx(86_459.88 + LAG, abs=0.01)


@given(
    st.floats(0.005, 5),
    st.integers(1, 30),
    st.lists(st.floats(0, 500), min_size=1, max_size=60),
)
def test_never_more_calls_than_the_bucket_holds(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    bucket, now, times = TokenBucket(Rate(per_second, burst)), NOON, []
    for pause in pauses:
        now = bucket.ready_at(now + timedelta(seconds=pause))
        bucket.take(now)
        times.append((now - NOON).total_seconds())

    for first in range(len(times)):
        for last in range(first, len(times)):
            allowed = burst + (times[last] - times[first]) * per_second
            assert last - first + 1 <= allowed + 1e-3


def test_a_refusal_empties_the_bucket_for_about_one_call() -> None:
    bucket = TokenBucket(CREATE)
    bucket.take(NOON)
    bucket.refused(NOON, NOON, None, jitter=0.5)

    times = calls(bucket, 3)

    assert times[0] == pytest.approx(59.88, abs=0.01)
    assert times[1] - times[0] == pytest.approx(59.88, abs=0.01)


def test_refusals_wait_longer_each_time_up_to_five_minutes() -> None:
    bucket, waits, now = TokenBucket(CREATE), [], NOON
    for _ in range(6):
        bucket.take(now)
        bucket.refused(now, now, None, jitter=0.5)
        opening = bucket.ready_at(now)
        waits.append((opening - now).total_seconds())
        now = opening

    assert waits == pytest.approx([59.88, 119.76, 239.52, 300, 300, 300], abs=0.01)
    assert bucket.refusals == 6
    bucket.succeeded()
    assert bucket.refusals == 0


def test_calls_refused_together_are_one_refusal() -> None:
    bucket = TokenBucket(CREATE)
    for _ in range(5):
        bucket.take(NOON)
    for second in range(1, 6):
        bucket.refused(NOON, after(second), None, jitter=0.5)

    assert bucket.refusals == 1


def test_what_amazon_says_about_waiting_goes_first() -> None:
    bucket = TokenBucket(CREATE)
    bucket.refused(NOON, NOON, 7.0, jitter=0.25)

    times = calls(bucket, 2)

    assert times[0] == pytest.approx(7.25)
    assert times[1] - times[0] == pytest.approx(59.88, abs=0.01), "no burst after it"


def test_an_operation_slower_than_that_waits_its_own_time() -> None:
    search = TokenBucket(Rate(0.0056, 20))
    search.refused(NOON, NOON, None, jitter=0.5)
    search.refused(after(200), after(200), None, jitter=0.5)

    assert (search.ready_at(after(200)) - after(200)).total_seconds() == pytest.approx(
        300
    )


def test_the_rate_amazon_names_is_taken_over() -> None:
    bucket = TokenBucket(CREATE)
    bucket.correct(rate_of_header("0.5"))

    assert calls(bucket, 17)[15:] == pytest.approx([2.04, 4.04])
    bucket.correct(None)
    assert bucket.rate == Rate(0.5, 15)


@pytest.mark.parametrize("text", [None, "", "fast", "0", "-1", "nan", "inf"])
def test_a_rate_that_makes_no_sense_changes_nothing(text: str | None) -> None:
    assert rate_of_header(text) is None


def test_a_clock_that_goes_back_gives_no_calls_away() -> None:
    bucket = TokenBucket(CREATE)
    calls(bucket, 15)
    bucket.take(after(-3600))

    assert bucket.ready_at(after(0)) > NOON


@pytest.mark.parametrize("count", [0, 1, 15, 16, 100])
def test_how_long_so_many_calls_take_is_known_before_they_are_made(count: int) -> None:
    bucket, trial = TokenBucket(CREATE), TokenBucket(CREATE)

    seconds = bucket.seconds_for(count, NOON)

    assert seconds == pytest.approx(max(calls(trial, count), default=0.0), abs=0.01)


# ------------------------------------------------------- the application's quota


def test_sales_and_traffic_is_asked_for_once_in_fifteen_minutes() -> None:
    assert calls(application_quota({}, NOON), 3) == [0.0, 900.0, 1800.0]


def test_a_share_of_the_application_is_a_share_of_its_quota() -> None:
    quota = application_quota({}, NOON, share=0.25)

    assert calls(quota, 3) == [0.0, 3600.0, 7200.0]


def test_ninety_six_a_day_and_not_one_more() -> None:
    quota = Quota(limit=96, period=86_400, interval=1)

    times = calls(quota, 200)

    assert times[95] < 100
    assert times[96] == pytest.approx(86_400)
    for first, last in zip(times, times[96:], strict=False):
        assert last - first >= 86_400


def test_the_next_run_goes_on_where_this_one_stopped() -> None:
    quota = application_quota({}, NOON)
    calls(quota, 2)
    state = quota_state(quota, after(1000))

    later = application_quota(state, after(1200))

    assert state == {
        "last_create": "2026-11-21T12:15:00Z",
        "creates": ["2026-11-21T12:00:00Z", "2026-11-21T12:15:00Z"],
    }
    assert later.ready_at(after(1200)) == after(1800)
    assert len(list(later.taken)) == 2


def test_a_day_later_nothing_is_kept() -> None:
    quota = application_quota({}, NOON)
    quota.take(NOON)

    assert quota_state(quota, after(86_400)) == {}
    assert not list(application_quota({}, NOON).taken)


@pytest.mark.parametrize(
    "state",
    [
        {"creates": "yesterday", "last_create": 5},
        {"creates": [None, "x", {}]},
        {"creates": None, "last_create": None},
    ],
)
def test_a_damaged_state_stops_nothing(state: dict[str, object]) -> None:
    assert application_quota(state, NOON).ready_at(NOON) == NOON


def test_a_clock_that_was_ahead_does_not_close_the_quota_for_a_year() -> None:
    state = {"last_create": "2027-11-21T12:00:00Z"}

    assert application_quota(state, NOON).ready_at(NOON) == after(900)


def test_a_refusal_waits_for_the_next_interval() -> None:
    quota = application_quota({}, NOON)
    quota.take(NOON)
    quota.refused(NOON, after(2), None, jitter=0.5)

    assert quota.ready_at(after(2)) == after(902.5)
    assert quota.refusals == 1
    quota.succeeded()
    assert quota.refusals == 0


def test_how_long_a_back_fill_takes_is_known() -> None:
    quota = application_quota({}, NOON)
    quota.take(NOON)

    assert quota.seconds_for(4, NOON) == 3600
    assert quota.seconds_for(0, NOON) == 0
    assert len(list(quota.taken)) == 1, "asking changes nothing"
