"""The marts over a lake that the real commands have filled: what is wrong is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from support.dbt.lake import (
    CAMPAIGNS,
    COMPARED,
    ENTITIES,
    SETTLED_DAYS,
    Lake,
    days_ago,
)

if TYPE_CHECKING:
    from support.dbt.project import DbtProject

    NewLake = Callable[[int], Lake]

pytestmark = pytest.mark.xdist_group("dbt")

SELLER, OTHER_SELLER, RESTATED = (f"91002{number:08}" for number in range(3))
LATE, ADVERTISER = f"91002{3:08}", f"47287{4:08}"
TARGETING = "sponsored_products_targeting_by_targeting"
DISPLAY_TARGETING = "sponsored_display_targeting_by_targeting"
BRANDS = "sponsored_brands_campaign_by_campaign"
FINDINGS = "select kind, account_id, stream, date, sentence from main_amazon.findings"


def read_twice(lake: Lake, days: int, lookback: int = 8) -> None:
    """Read these days and, as if days later, the newest of them again."""
    first = days_ago(days + SETTLED_DAYS)
    lake.load_ads(first, days_ago(SETTLED_DAYS + 1))
    lake.emulator.client.change(restate=SETTLED_DAYS + 1)
    lake.load_ads(first, lookback_days=min(days, lookback))


def test_nothing_is_wrong_in_a_clean_world(
    dbt: DbtProject,
    new_lake: NewLake,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    """By --campaign=long with 20 accounts and 60 days."""
    is_long = pytestconfig.getoption("--campaign") == "long"
    accounts, days = (20, 60) if is_long else (5, 4)
    lake = new_lake(accounts)
    lake.streams = (*COMPARED, *ENTITIES)
    read_twice(lake, days - SETTLED_DAYS if is_long else days)
    lake.load_retail(days_ago(4), days_ago(4))

    failed = dbt.build(lake.download())

    assert failed == [], dbt.output[-3000:]
    [(found,)] = dbt.query("select count(*) from main_amazon.findings")
    [(compared, disagree)] = dbt.query(
        "select count(*), count(*) filter (status <> 'agrees')"
        " from main_amazon.reconciliation"
    )
    [(first, last, sales)] = dbt.query(
        "select count(distinct profile_id), count(distinct date), sum(sales)"
        " from main_amazon.ads_performance_daily"
    )
    record_property(
        "campaign",
        f"marts of a clean world: {accounts} accounts, {days} days,"
        f" {compared} totals compared, {disagree} disagree, {found} findings",
    )
    assert (found, disagree) == (0, 0)
    assert compared > accounts * days * len(COMPARED)
    assert (first, last > days - 1, sales > 0) == (accounts - accounts // 5, True, True)
    assert dbt.query("select count(*) from main_amazon.retail_sales_daily") != [(0,)]
    [(more, less)] = dbt.query(
        "select count(*) filter (change > 0), count(*) filter (change < 0)"
        " from main_amazon.restatements where metric like 'sales%'"
    )
    assert more > 0, "late sales have come in"
    assert less == 0


def test_every_planted_error_is_named_and_nothing_else(
    dbt: DbtProject, new_lake: NewLake
) -> None:
    lake = new_lake(5)
    client = lake.emulator.client
    dropped, restated = days_ago(5).isoformat(), days_ago(7).isoformat()
    rule = {"account": SELLER, "report_type_id": "spTargeting"}
    client.add_fault("dropped_row", **rule, day=dropped)
    client.add_fault("disagreeing_report", account=SELLER, report_type_id="sdTargeting")
    client.add_fault(
        "doubled_document", account=OTHER_SELLER, report_type_id="sbCampaigns"
    )
    client.add_fault("late_account", account=LATE)
    # Twice as much is exact in every row; other factors are rounded row by row.
    client.add_fault("mixed_currency", account=ADVERTISER, currency="GBP", rate=2)
    first = days_ago(7)
    lake.load_ads(first, days_ago(SETTLED_DAYS + 1))
    client.add_fault("restated_day", account=RESTATED, day=restated, percent=100)
    lake.load_ads(first, lookback_days=8)

    failed = dbt.build(lake.download())

    assert sorted(failed) == [
        "no_doubled_document",
        "no_late_account",
        "no_mixed_currency",
        "no_reports_disagree",
        "no_restated_day",
    ]
    found = dbt.query(FINDINGS)
    named = {(kind, account, stream) for kind, account, stream, _, _ in found}
    currencies = ("campaign", "ad")
    assert named == {
        ("reports_disagree", SELLER, TARGETING),
        ("reports_disagree", SELLER, DISPLAY_TARGETING),
        ("doubled_document", OTHER_SELLER, BRANDS),
        ("late_account", LATE, None),
        *(
            ("mixed_currency", ADVERTISER, f"amazon_dsp_campaign_by_{name}")
            for name in currencies
        ),
        *(
            ("restated_day", RESTATED, stream)
            for stream in COMPARED
            if not stream.startswith("amazon_dsp")
        ),
    }
    days = {(kind, stream): set[str]() for kind, _, stream, _, _ in found}
    for kind, _, stream, day, _ in found:
        days[kind, stream].add(str(day))
    assert days["reports_disagree", TARGETING] == {dropped}
    assert days["restated_day", CAMPAIGNS] == {restated}
    assert len(days["reports_disagree", DISPLAY_TARGETING]) == 7
    assert days["late_account", None] == {days_ago(1).isoformat()}
    says_what_and_where(dbt.output)


def says_what_and_where(output: str) -> None:
    """dbt's own output names account, day and figures."""
    assert f"account {SELLER} (Account 0), {days_ago(5)}, {TARGETING}: " in output
    assert " clicks " in output
    assert " instead of " in output
    assert "rows more than once, of " in output
    assert f"account {LATE} (Account 3): no rows in any report after" in output
    assert "rows say GBP, the account has EUR" in output
    assert "changed after it should stand still: " in output
