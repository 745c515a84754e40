"""Campaigns and targets of today: names, states and budgets beside the numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from support.dbt.lake import CAMPAIGNS, ENTITIES, Lake, days_ago

if TYPE_CHECKING:
    from support.dbt.project import DbtProject

pytestmark = pytest.mark.xdist_group("dbt")

REPORTS = (
    CAMPAIGNS,
    "sponsored_brands_campaign_by_campaign",
    "sponsored_display_campaign_by_campaign",
    "sponsored_television_campaign_by_campaign",
    "sponsored_products_targeting_by_targeting",
    "sponsored_brands_targeting_by_targeting",
    "sponsored_display_targeting_by_targeting",
)
CURRENT = ("+campaigns_current", "+targets_current", "+no_unknown_campaign")


def test_names_states_and_budgets_stand_beside_the_numbers(
    dbt: DbtProject, new_lake: Callable[[int], Lake]
) -> None:
    lake = new_lake(2)
    lake.emulator.client.change(rows_per_day=3)
    lake.streams = REPORTS
    lake.load_ads(days_ago(2))
    lake.emulator.client.change(rows_per_day=2)  # the third campaign is in no snapshot
    lake.streams = ENTITIES
    lake.load_ads(days_ago(2))

    failed = dbt.build(lake.download(), ("amazon_current_days", 2), select=CURRENT)

    assert failed == ["no_unknown_campaign"], dbt.output[-3000:]
    accounts, products, kept = 2, 4, 2
    assert f"{accounts * products} found" in dbt.output
    assert " spent " in dbt.output
    campaigns = dbt.query(
        "select campaign_name, state, budget, budget_period, cost_newest_day,"
        " budget_used_percent, cost, portfolio_id, portfolio_name, acos_percent"
        " from main_amazon.campaigns_current"
    )
    assert len(campaigns) == accounts * products * kept
    for name, state, budget, period, newest, used, cost, *more in campaigns:
        assert name
        assert state in {"ENABLED", "PAUSED", "ARCHIVED"}
        assert 0 < newest < cost
        # of a budget for all time we have not read all the days it was spent on
        is_known = period == "DAILY"
        assert (
            used == (pytest.approx(float(100 * newest / budget), abs=0.06))
            or not is_known
        )
        assert is_known or used is None
        assert (more[0] is None) == (more[1] is None)
        assert more[2] > 0
    [(spent, joined)] = dbt.query(
        "select (select sum(cost) from main_amazon.ads_performance_daily semi join"
        " main_amazon.campaigns_current using (profile_id, campaign_id)),"
        " (select sum(cost) from main_amazon.campaigns_current)"
    )
    assert spent == joined > 0
    [(targets, unnamed, bid, paid, read)] = dbt.query(
        "select count(*), count(*) filter (campaign_name is null or campaign_id is null"
        " or ad_group_name is null), count(bid), sum(cost), (select sum(cost) from"
        " main_amazon.campaigns_current where ad_product <> 'SPONSORED_TELEVISION')"
        " from main_amazon.targets_current"
    )
    assert (unnamed, bid) == (0, targets)
    assert paid == read
