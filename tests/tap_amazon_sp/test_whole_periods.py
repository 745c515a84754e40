"""Many runs over the years: no period is skipped, none is asked twice in vain."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from singer_amazon.reports import periods as spans
from singer_amazon.reports.model import Window
from singer_amazon.reports.partition_state import PartitionState
from singer_amazon.reports.windows import RequestLimits, plan
from tap_amazon_sp.catalogue import ReportDefinition, load_reports
from tap_amazon_sp.marketplaces import MARKETPLACES, Marketplace
from tap_amazon_sp.periods import Period, PeriodRules, covering, open_days, open_hours
from tap_amazon_sp.reports.period_grid import PeriodGrid, range_of

PERIODS = [
    pytest.param(report, period, id=f"{report.name}-{period.value}")
    for report in load_reports().reports
    for period in report.periods
]
# leap days, ends of years, weeks over them, and both changes of the clock
EDGES = (
    datetime(2024, 2, 28, 23, 30, tzinfo=timezone.utc),
    datetime(2024, 12, 30, 0, 30, tzinfo=timezone.utc),
    datetime(2025, 3, 8, 7, tzinfo=timezone.utc),
    datetime(2025, 3, 29, 23, 59, tzinfo=timezone.utc),
    datetime(2025, 10, 25, 22, tzinfo=timezone.utc),
    datetime(2025, 11, 1, 6, 30, tzinfo=timezone.utc),
    datetime(2026, 1, 1, 0, 0, 1, tzinfo=timezone.utc),
)
instants = st.one_of(
    st.sampled_from(EDGES),
    st.datetimes(datetime(2023, 6, 1), datetime(2026, 11, 1)).map(  # noqa: DTZ001 - made aware next
        lambda found: found.replace(tzinfo=timezone.utc)
    ),
)
steps = st.lists(st.integers(1, 24 * 40), min_size=1, max_size=12)
markets = st.sampled_from(MARKETPLACES)


class Runs:
    """A stream that is run again and again; every request is delivered."""

    def __init__(
        self, period: Period, rules: PeriodRules, market: Marketplace, start: date
    ) -> None:
        self.period, self.rules, self.market, self.start = period, rules, market, start
        self.state = PartitionState()
        self.delivered: list[Window] = []

    def run(self, now: datetime) -> list[Window]:
        """Plan at an instant, deliver everything, return what was asked."""
        if self.period is Period.HOUR:
            availability = open_hours(self.rules, now=now, start=self.start)
            begin: date = datetime(
                self.start.year, self.start.month, self.start.day, tzinfo=timezone.utc
            )
        else:
            today = self.market.today(now)
            availability = open_days(
                self.period, self.rules, today=today, start=self.start
            )
            begin = self.start
        days = range_of(self.period, availability, begin, start_is_set=False)
        limits = RequestLimits(
            PeriodGrid(self.period, self.rules.per_request), self.rules.lookback
        )
        requests = plan(self.state, days, limits).requests
        for ask in requests:
            self.state.deliver(ask.window)
        self.state = PartitionState.from_state(
            self.state.to_state(), in_hours=self.period is Period.HOUR
        )
        windows = [ask.window for ask in requests]
        self.delivered += windows
        if availability.periods is not None:  # all that is open has been had by now
            wanted = availability.periods.window
            assert spans.subtract([wanted], self.delivered) == ()
        return windows


@pytest.mark.parametrize(("report", "period"), PERIODS)
@given(market=markets, now=instants, hours=steps, back=st.integers(0, 120))
@example(market=MARKETPLACES[0], now=EDGES[0], hours=[24] * 8, back=40)
@example(market=MARKETPLACES[0], now=EDGES[5], hours=[1] * 6, back=3)
def test_nothing_is_skipped_and_nothing_asked_twice_outside_the_look_back(
    report: ReportDefinition,
    period: Period,
    market: Marketplace,
    now: datetime,
    hours: list[int],
    back: int,
) -> None:
    rules = report.periods[period]
    runs = Runs(period, rules, market, now.date() - timedelta(days=back))
    limit = rules.per_request
    for step in (0, *hours, 0):
        now += timedelta(hours=step)
        before = spans.union(runs.delivered)
        windows = runs.run(now)
        for window in windows:
            span = covering(period, window)
            assert span.window == window  # whole periods
            assert limit is None or len(span) <= limit
        assert len(spans.union(windows)) <= len(windows)
        again = spans.intersect(windows, before)
        if again:
            newest = before[-1]
            oldest = PeriodGrid(period, limit).back(newest.end, max(rules.lookback, 1))
            assert rules.lookback > 0
            assert again[0].start >= oldest
            assert spans.subtract(windows, before)  # only beside something new
    assert runs.run(now) == []


@pytest.mark.parametrize("market", MARKETPLACES, ids=lambda market: market.code)
@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_day_of_a_marketplace_is_its_own(market: Marketplace, year: int) -> None:
    """Around midnight and when clocks change, "today" is the date on the wall there."""
    zone = ZoneInfo(market.zone)
    for month in range(1, 13):
        for hour in range(0, 24 * 31, 7):
            now = datetime(year, month, 1, 0, 30, tzinfo=timezone.utc)
            now += timedelta(hours=hour)
            assert market.today(now) == now.astimezone(zone).date()
