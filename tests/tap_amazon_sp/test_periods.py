from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports.model import Window
from tap_amazon_sp.marketplaces import MARKETPLACES
from tap_amazon_sp.periods import (
    Availability,
    Period,
    PeriodRules,
    Periods,
    covering,
    cut,
    first_day,
    gives_up_on,
    hour_number,
    hour_start,
    last_day,
    lookback_of,
    number_of,
    open_days,
    open_hours,
)

UTC = timezone.utc
DAY_KINDS = [p for p in Period if p is not Period.HOUR]
RULES = PeriodRules(per_request=15, holdback=3, expected=3, history=None, lookback=14)

kinds = st.sampled_from(DAY_KINDS)
# around the turn of years, leap days and both changes of clocks, as often as any day
edges = st.sampled_from(
    [
        date(2023, 12, 31),
        date(2024, 1, 1),
        date(2024, 2, 28),
        date(2024, 2, 29),
        date(2024, 3, 1),
        date(2024, 3, 10),
        date(2024, 3, 31),
        date(2024, 10, 27),
        date(2024, 11, 3),
        date(2024, 12, 28),
        date(2025, 2, 28),
        date(2025, 12, 31),
        date(2027, 1, 2),
        date(2000, 2, 29),
        date(2100, 2, 28),
    ]
)
days = st.one_of(edges, st.dates(date(1999, 1, 1), date(2101, 12, 31)))
spans = st.integers(1, 60)


def rules(history: int | None = None, holdback: int = 3) -> PeriodRules:
    return PeriodRules(15, holdback, holdback, history, 14)


def every_day(parts: tuple[Periods, ...]) -> list[date]:
    return [
        part.window.start + timedelta(days=index)
        for part in parts
        for index in range(part.window.length)
    ]


# ---------------------------------------------------------------- the calendar


@given(kinds, days)
def test_each_day_lies_in_one_period_that_begins_where_the_last_one_ends(
    kind: Period, day: date
) -> None:
    number = number_of(kind, day)
    first, last = first_day(kind, number), last_day(kind, number)

    assert first <= day <= last
    assert number_of(kind, first) == number_of(kind, last) == number
    assert first_day(kind, number + 1) == last + timedelta(days=1)
    assert last_day(kind, number - 1) == first - timedelta(days=1)


@given(days)
def test_periods_begin_where_amazon_wants_them_to(day: date) -> None:
    def bounds(kind: Period) -> tuple[date, date]:
        number = number_of(kind, day)
        return first_day(kind, number), last_day(kind, number)

    sunday, saturday = bounds(Period.WEEK)
    assert (f"{sunday:%A}", f"{saturday:%A}") == ("Sunday", "Saturday")
    assert saturday - sunday == timedelta(days=6)
    for kind, months in (("MONTH", 1), ("QUARTER", 3), ("YEAR", 12)):
        first, last = bounds(Period(kind))
        assert first.day == 1
        assert (first.month - 1) % months == 0
        assert (last + timedelta(days=1)).day == 1
        assert (last.month - first.month, last.year) == (months - 1, first.year)


def test_some_periods_people_know() -> None:
    leap_day = Window(date(2024, 2, 29), date(2024, 2, 29))
    two_quarters = Window(date(2024, 2, 29), date(2024, 4, 1))

    assert str(covering(Period.DAY, leap_day)) == "2024-02-29"
    assert str(covering(Period.WEEK, leap_day)) == "2024-02-25..2024-03-02"
    assert str(covering(Period.QUARTER, two_quarters)) == "2024-01-01..2024-06-30"


@given(kinds, days, st.integers(0, 800))
def test_only_the_first_and_last_covering_period_reach_out_of_a_window(
    kind: Period, start: date, length: int
) -> None:
    window = Window(start, start + timedelta(days=length))
    outside = covering(kind, window)

    assert outside.window.start <= window.start
    assert outside.window.end >= window.end
    if len(outside) > 2:
        inside = Periods(kind, outside.first + 1, outside.last - 1)
        assert window.start <= inside.window.start
        assert inside.window.end <= window.end


# ------------------------------------------------------------------- requests


@given(kinds, days, st.integers(0, 2000), spans)
def test_cuts_skip_no_day_and_ask_none_twice(
    kind: Period, start: date, length: int, per_request: int
) -> None:
    span = covering(kind, Window(start, start + timedelta(days=length)))
    parts = cut(span, per_request)

    assert all(len(part) <= per_request for part in parts)
    asked = every_day(parts)
    assert asked == sorted(set(asked))
    assert (asked[0], asked[-1]) == (span.window.start, span.window.end)
    assert len(asked) == span.window.length


@given(kinds, days, st.integers(0, 400), st.integers(0, 400), spans)
def test_streams_that_start_apart_cut_alike_where_they_overlap(
    kind: Period, start: date, later: int, length: int, per_request: int
) -> None:
    last = number_of(kind, start) + later + length
    old = cut(Periods(kind, number_of(kind, start), last), per_request)
    young = cut(Periods(kind, number_of(kind, start) + later, last), per_request)

    assert young[1:] == old[len(old) - len(young) + 1 :]
    assert young[0].last == old[len(old) - len(young)].last


def test_a_request_that_may_hold_any_number_is_not_cut() -> None:
    span = Periods(Period.DAY, 739000, 739800)

    assert cut(span, None) == (span,)


def test_dates_of_a_request_are_written_as_amazon_reads_them() -> None:
    week = covering(Period.WEEK, Window(date(2021, 6, 6), date(2021, 6, 19)))
    hours = Periods(Period.HOUR, *(hour_number(at(2022, 10, 1, h)) for h in (0, 1)))

    assert week.request_dates() == ("2021-06-06", "2021-06-19")
    assert hours.request_dates() == ("2022-10-01T00:00:00Z", "2022-10-01T02:00:00Z")


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


# ------------------------------------------------------------- what is open now


def test_the_first_period_contains_the_start_and_the_last_one_is_closed() -> None:
    # Thursday: the week that ended on Saturday the 14th is 5 days old, held back 3
    found = open_days(
        Period.WEEK, RULES, today=date(2026, 11, 19), start=date(2026, 10, 28)
    )

    assert found.periods is not None
    assert found.periods.window == Window(date(2026, 10, 25), date(2026, 11, 14))
    assert found.opens == date(2026, 11, 25)


def test_seventy_two_hours_after_its_end_a_day_can_be_asked_for() -> None:
    found = open_days(
        Period.DAY, RULES, today=date(2026, 11, 21), start=date(2026, 11, 1)
    )

    assert found.periods is not None
    assert found.periods.window.end == date(2026, 11, 17)
    assert found.opens == date(2026, 11, 22)


def test_nothing_is_open_yet_and_it_says_from_when_on() -> None:
    found = open_days(
        Period.MONTH, RULES, today=date(2026, 11, 21), start=date(2026, 11, 2)
    )

    assert (found.periods, found.lost) == (None, None)
    assert found.opens == date(2026, 12, 4)


def test_the_users_end_takes_only_periods_that_end_by_then() -> None:
    found = open_days(
        Period.WEEK,
        RULES,
        today=date(2026, 11, 19),
        start=date(2026, 10, 28),
        end=date(2026, 11, 13),
    )

    assert found.periods is not None
    assert found.periods.window.end == date(2026, 11, 7)
    assert found.opens is None


def test_a_hold_back_of_the_users_goes_first() -> None:
    found = open_days(
        Period.DAY, RULES, today=date(2026, 11, 21), start=date(2026, 11, 1), holdback=0
    )

    assert found.periods is not None
    assert found.periods.window.end == date(2026, 11, 20)


def test_history_cuts_to_periods_that_are_kept_whole_and_says_which_are_lost() -> None:
    found = open_days(
        Period.MONTH,
        rules(history=365),
        today=date(2026, 11, 21),
        start=date(2025, 9, 3),
    )

    assert found.lost is not None
    assert found.periods is not None
    # 365 days with today reach back to 22 November 2025
    assert found.lost.window == Window(date(2025, 9, 1), date(2025, 11, 30))
    assert found.periods.window.start == date(2025, 12, 1)


@given(
    kinds,
    days,
    st.integers(0, 1500),
    st.integers(0, 40),
    st.one_of(st.none(), st.integers(1, 1500)),
)
def test_what_is_open_is_whole_closed_kept_and_complete(
    kind: Period, today: date, back: int, held: int, history: int | None
) -> None:
    start = today - timedelta(days=back)
    found = open_days(kind, rules(history, held), today=today, start=start)

    if found.periods is not None:
        window = found.periods.window
        assert window.end + timedelta(days=held) < today
        if history is not None:
            assert window.start >= today - timedelta(days=history - 1)
        if found.lost is None:
            assert window.start <= start <= last_day(kind, found.periods.first)
        else:
            assert found.lost.last + 1 == found.periods.first
    # what comes next opens on that day and not a day earlier
    assert found.opens is not None
    assert found.opens > today or history is not None
    then = found.opens
    if history is None:
        after = open_days(kind, rules(None, held), today=then, start=start)
        before = open_days(
            kind, rules(None, held), today=then - timedelta(days=1), start=start
        )
        assert count(after) == count(found) + 1
        assert count(before) == count(found)


def count(availability: Availability) -> int:
    return len(availability.periods) if availability.periods else 0


@given(kinds, days, st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_run_after_run_no_day_is_missed_and_none_comes_twice(
    kind: Period, start: date, pauses: list[int]
) -> None:
    asked: list[date] = []
    today, bookmark = start, None
    for pause in pauses:
        today += timedelta(days=pause)
        begin = start if bookmark is None else bookmark + timedelta(days=1)
        found = open_days(kind, RULES, today=today, start=begin)
        if found.periods is not None:
            asked += every_day(cut(found.periods, 15))
            bookmark = found.periods.window.end

    assert asked == sorted(set(asked))
    for one, other in pairwise(asked):
        assert other - one == timedelta(days=1)
    if asked:
        assert asked[0] == first_day(kind, number_of(kind, start))


# ---------------------------------------------------------------------- hours

HOURLY = PeriodRules(per_request=24, holdback=1, expected=4, history=168, lookback=3)


def test_hours_reach_from_midnight_of_the_start_to_the_last_full_one() -> None:
    found = open_hours(HOURLY, now=at(2026, 11, 21, 10, 59), start=date(2026, 11, 20))

    assert found.periods is not None
    assert found.periods.instants == (at(2026, 11, 20), at(2026, 11, 21, 9))
    assert found.opens == at(2026, 11, 21, 11)


def test_hours_stay_one_hour_inside_what_is_kept() -> None:
    for minute in (0, 1, 59):
        now = at(2026, 11, 21, 10, minute)
        found = open_hours(HOURLY, now=now, start=date(2026, 11, 1))
        assert found.periods is not None
        age = now - found.periods.instants[0]
        assert timedelta(hours=166) <= age <= timedelta(hours=167)
        assert found.lost is not None
        assert found.lost.instants[1] == found.periods.instants[0]


def test_hours_end_with_the_last_day_wanted() -> None:
    found = open_hours(
        HOURLY,
        now=at(2026, 11, 21, 10),
        start=date(2026, 11, 19),
        end=date(2026, 11, 20),
    )

    assert found.periods is not None
    assert found.periods.instants == (at(2026, 11, 19), at(2026, 11, 21))
    assert found.opens is None


def test_no_hour_is_open_yet() -> None:
    found = open_hours(HOURLY, now=at(2026, 11, 21, 1, 30), start=date(2026, 11, 21))

    assert (found.periods, found.opens) == (None, at(2026, 11, 21, 2))


@given(st.floats(0, 4e9))
def test_every_instant_is_in_one_hour_also_when_clocks_change(seconds: float) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    number = hour_number(now)

    assert hour_start(number) <= now < hour_start(number + 1)
    assert hour_start(number + 1) - hour_start(number) == timedelta(hours=1)
    assert number == hour_number(now.astimezone(ZoneInfo("Europe/Berlin")))


@pytest.mark.parametrize("market", MARKETPLACES, ids=lambda market: market.code)
def test_today_never_jumps_over_a_day_where_clocks_change(market: object) -> None:
    marketplace = next(m for m in MARKETPLACES if m is market)
    now = at(2026, 1, 1)
    dates = [marketplace.today(now + timedelta(hours=hour)) for hour in range(24 * 366)]

    for one, other in pairwise(dates):
        assert other - one in {timedelta(0), timedelta(days=1)}
    # a day has 23 to 25 hours, whatever happens
    hours = [dates.count(day) for day in sorted(set(dates))[1:-1]]
    assert 23 <= min(hours) <= max(hours) <= 25


# ---------------------------------------------------------------- other rules


@pytest.mark.parametrize(
    ("kind", "days_back", "expected"),
    [
        (Period.DAY, 30, 30),
        (Period.WEEK, 30, 5),
        (Period.WEEK, 7, 1),
        (Period.MONTH, 30, 1),
        (Period.MONTH, 62, 2),
        (Period.YEAR, 1, 1),
        (Period.HOUR, 2, 48),
        (Period.DAY, 0, 0),
    ],
)
def test_a_look_back_in_days_is_so_many_periods(
    kind: Period, days_back: int, expected: int
) -> None:
    assert lookback_of(kind, days_back) == expected


def test_not_yet_is_believed_until_seven_days_after_it_is_expected() -> None:
    week = covering(Period.WEEK, Window(date(2026, 11, 8), date(2026, 11, 8)))
    hours = Periods(Period.HOUR, *[hour_number(at(2026, 11, 21, 9))] * 2)

    # ends on the 14th, expected on the 18th
    assert gives_up_on(week, RULES) == date(2026, 11, 25)
    assert gives_up_on(hours, HOURLY) == at(2026, 11, 28, 14)


def test_periods_of_hours_have_no_days() -> None:
    with pytest.raises(ValueError, match="hours have no days"):
        number_of(Period.HOUR, date(2026, 1, 1))
    with pytest.raises(ValueError, match="no periods from number 2 to 1"):
        Periods(Period.DAY, 2, 1)
