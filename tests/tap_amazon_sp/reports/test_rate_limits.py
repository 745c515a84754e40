"""Amazon's rates: kept, learnt, waited out, logged, and kept in the state."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from amazon_emulator import Emulator
from singer_amazon.shards.shard import Shard
from singer_amazon.shards.state import split
from support.ads.runs import Run
from support.sp.runs import BY_DATE, NOON, SEARCH_TERMS, SELLER, US, account, asked, run
from tap_amazon_sp.reports.rate_limiters import read_share

SELLER_ONLY = [account(SELLER, account_type="seller", marketplace_ids=[US])]


def weeks(emulator: Emulator, count: int, **changes: Any) -> Run:
    """Read so many weeks of search terms, each a report of its own."""
    first = date(2026, 11, 14) - timedelta(days=7 * count - 1)
    settings = {"accounts": SELLER_ONLY, "start_date": first.isoformat()}
    return run(emulator, SEARCH_TERMS, **settings | changes)


def two_sellers(emulator: Emulator) -> list[dict[str, Any]]:
    """Return two accounts that both have the right to sales and traffic."""
    emulator.client.add_sp_account("second-us", marketplace_ids=[US])
    return [
        account(name, account_type="seller", marketplace_ids=[US])
        for name in (SELLER, "second-us")
    ]


def created(emulator: Emulator) -> list[datetime]:
    return [report.created_at for report in emulator.client.statistics().sp_reports]


def test_amazons_rates_are_kept_without_a_single_refusal(emulator: Emulator) -> None:
    emulator.client.change(sp_rate_scale=1.0)
    ended = weeks(emulator, 20)
    assert (ended.code, len(asked(emulator))) == (0, 20)
    assert emulator.client.statistics().sp_refusals == []
    times = created(emulator)
    assert times[14] - times[0] < timedelta(seconds=30)  # the burst
    pauses = [b - a for a, b in pairwise(times[14:])]
    assert all(
        timedelta(seconds=55) < pause < timedelta(seconds=80) for pause in pauses
    )


def test_the_run_says_how_long_the_back_fill_takes(emulator: Emulator) -> None:
    emulator.client.change(sp_rate_scale=1.0)
    ended = weeks(emulator, 20, max_runtime_seconds=100)
    (line,) = ended.said("20 reports to ask for take about 5 min")
    assert "the rest follows in later runs" in line
    assert ended.code == 0


def test_a_faster_rate_in_a_response_is_taken_over(emulator: Emulator) -> None:
    emulator.client.change(sp_rate_scale=60.0)
    weeks(emulator, 20)
    times = created(emulator)
    assert times[-1] - times[0] < timedelta(seconds=60)


def test_a_429_for_twenty_minutes_fails_nothing(emulator: Emulator) -> None:
    for operation in ("create_report", "get_report", "get_report_document"):
        emulator.client.add_fault("throttle", operation=operation, times=7)
    ended = weeks(emulator, 3)
    assert (ended.code, len(ended.rows())) == (0, 90)
    times = created(emulator)
    assert times[0] - NOON > timedelta(minutes=20)


def test_sales_and_traffic_keeps_the_applications_quota_over_accounts_and_runs(
    emulator: Emulator,
) -> None:
    """One create in 15 minutes for all sellers; the next run knows of the last."""
    emulator.client.change(sp_rate_scale=1.0)
    accounts = two_sellers(emulator)
    first = run(emulator, BY_DATE, accounts=accounts)
    assert (first.code, len(created(emulator))) == (0, 2)
    assert _pause(emulator) >= timedelta(minutes=15)
    budgets = first.state["bookmarks"]["_budgets"]["sales_and_traffic"]
    assert len(budgets["creates"]) == 2
    second = run(
        emulator,
        BY_DATE,
        accounts=accounts,
        state=first.state,
        report_options={"sales_and_traffic": {"date_granularity": "WEEK"}},
    )
    assert second.code == 0
    assert _pause(emulator) >= timedelta(minutes=15)
    refusals = emulator.client.statistics().sp_refusals
    assert [r for r in refusals if r.status == 429] == []


def test_a_share_of_the_application_waits_longer(emulator: Emulator) -> None:
    accounts = two_sellers(emulator)
    run(emulator, BY_DATE, accounts=accounts, app_budget_share=0.5)
    assert _pause(emulator) >= timedelta(minutes=30)


@pytest.mark.parametrize(
    ("value", "share"), [(1.0, 1), ("1/16", 1 / 16), (" 0.25 ", 0.25), ("1e-3", 0.001)]
)
def test_a_share_is_a_number_or_a_fraction(value: object, share: float) -> None:
    assert read_share(value) == share


def test_each_shard_reads_its_accounts_within_its_part(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = two_sellers(emulator)
    first = run(emulator, BY_DATE, accounts=accounts, end_date="2026-11-15")
    assert (
        len(first.state["bookmarks"]["_budgets"]["sales_and_traffic"]["creates"]) == 2
    )
    for number, state in enumerate(split(first.state, 2)):
        shard, before = Shard(number, 2), len(asked(emulator))
        changes: dict[str, Any] = {"shard": str(shard), "app_budget_share": "1/2"}
        ran = run(emulator, BY_DATE, accounts=accounts, state=state, **changes)
        assert ran.code == 0
        mine = {one["name"] for one in accounts if shard.has(one["name"])}
        new = emulator.client.statistics().sp_reports[before:]
        assert {report.account for report in new} == mine
    assert "app_budget_share" not in caplog.text
    run(emulator, BY_DATE, accounts=accounts, shard="0/2")
    assert "Set app_budget_share, such as" in caplog.text


def _pause(emulator: Emulator) -> timedelta:
    times = created(emulator)
    return min(b - a for a, b in pairwise(times))
