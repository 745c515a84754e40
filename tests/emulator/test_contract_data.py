from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from amazon_emulator.ads_reporting.contract import (
    ReportType,
    column_types,
    report_types,
)
from amazon_emulator.ads_reporting.rows.making import row_batches
from amazon_emulator.ads_reporting.rows.plan import RowPlan

TYPES = sorted(report_types())
SPARSE = ("PurchasedProduct", "Audiences")
"""Types that show a row only where something was sold, or enough people were met."""


def groupings() -> Iterator[tuple[str, list[str]]]:
    for name in TYPES:
        report_type = report_types()[name]
        singles = [
            [g] if report_type.allows_grouping([g]) else ["site", g]
            for g in report_type.groupings
        ]
        yield from ((name, group_by) for group_by in singles)
        yield from ((name, list(group)) for group in report_type.combinations or ())


def plan(
    report_type: ReportType,
    group_by: list[str],
    time_unit: str = "DAILY",
    owners: Sequence[Mapping[str, object]] = ({"id": "17", "currency": "USD"},),
    **more: int,
) -> RowPlan:
    columns = report_type.allowed_columns(group_by, time_unit)
    start, end = date(2026, 11, 1), date(2026, 11, 3)
    return RowPlan(
        report_type, group_by, columns, time_unit, start, end, owners, {}, **more
    )


def rows_of(a_plan: RowPlan) -> list[dict[str, Any]]:
    return [json.loads(row) for batch in row_batches(a_plan) for row in batch]


def keys(report_type: ReportType, group_by: list[str]) -> list[str]:
    return [name for part in report_type.grain(group_by) for name in part.split("|")]


@pytest.mark.parametrize("name", TYPES)
def test_contract_is_consistent(name: str) -> None:
    entry = report_types()[name]
    times = {column for columns in entry.time_columns.values() for column in columns}
    every = {*entry.columns, *entry.beyond_the_guide}
    for grouping in entry.groupings.values():
        every |= set(grouping.columns)

    assert every <= set(column_types())
    assert times <= set(column_types())
    assert not every & times
    assert len(set(entry.columns)) == len(entry.columns)
    assert set(entry.time_units) == set(entry.time_columns)
    assert entry.max_range_days <= entry.retention_days
    for group_by in (list(group) for group in entry.combinations or ()):
        assert set(group_by) <= set(entry.groupings)
        assert entry.allows_grouping(group_by)


@pytest.mark.parametrize(("name", "group_by"), list(groupings()))
def test_every_grouping_has_rows_with_unique_keys(
    name: str, group_by: list[str]
) -> None:
    report_type = report_types()[name]
    a_plan = plan(report_type, group_by, rows_per_day=30)
    rows = rows_of(a_plan)

    key = keys(report_type, group_by)
    assert set(key) <= set(a_plan.columns)
    if name.endswith(SPARSE):
        days = {row["date"] for row in rows}
        assert days == {"2026-11-01", "2026-11-02", "2026-11-03"}
    else:
        assert len(rows) == 3 * 30
    assert all(list(set(row)) and set(row) == set(a_plan.columns) for row in rows)
    found = {(row["date"], *(row[k] or "" for k in key)) for row in rows}
    assert len(found) == len(rows)


@pytest.mark.parametrize("name", TYPES)
def test_values_have_the_stated_types(name: str) -> None:
    report_type = report_types()[name]
    group_by = next(group for other, group in groupings() if other == name)
    kinds: dict[str, tuple[type, ...]] = {
        "integer": (int,),
        "number": (int, float),
        "string": (str,),
        "date": (str,),
    }
    for row in rows_of(plan(report_type, group_by, rows_per_day=8)):
        for column, value in row.items():
            assert value is None or isinstance(value, kinds[column_types()[column]])


def test_rows_hold_what_trips_readers() -> None:
    report_type = report_types()["spSearchTerm"]
    rows = rows_of(plan(report_type, ["searchTerm"], rows_per_day=400))
    text = json.dumps(rows, ensure_ascii=False)

    assert all(row["campaignId"] > 2**53 for row in rows)
    assert all(int(float(row["campaignId"])) != row["campaignId"] for row in rows)
    assert any(row["matchType"] is None for row in rows)
    assert any(row["acosClicks7d"] is None for row in rows)
    assert any(row["purchases7d"] is None for row in rows)
    assert any(isinstance(row["cost"], int) for row in rows)
    assert all(word in text for word in ("süß", "ワイヤレス", "🎧", "\\\\ oled", "\\n"))


def test_targeting_rows_of_brands_carry_one_of_two_ids() -> None:
    rows = rows_of(plan(report_types()["sbTargeting"], ["targeting"], rows_per_day=40))

    assert {
        (row["keywordId"] is None) + (row["targetingId"] is None) for row in rows
    } == {1}
    assert {row["keywordText"] is None for row in rows} == {True, False}


def test_dsp_ids_are_texts() -> None:
    owner: dict[str, object] = {"id": "4728736040201", "currency": "USD", "name": "X"}
    a_plan = plan(report_types()["dspCampaign"], ["ad"], owners=(owner,))
    row = rows_of(a_plan)[0]

    assert row["advertiserId"] == "4728736040201"
    assert row["orderId"].isdigit()
    assert row["lineItemId"].isdigit()
    assert row["orderCurrency"] == "USD"


def test_same_plan_same_rows_and_another_seed_others() -> None:
    report_type = report_types()["spCampaigns"]
    first = rows_of(plan(report_type, ["campaign"]))

    assert rows_of(plan(report_type, ["campaign"])) == first
    assert rows_of(plan(report_type, ["campaign"], seed=2)) != first


def test_restated_rows_keep_their_keys() -> None:
    report_type = report_types()["spCampaigns"]
    seen_early = ({"id": "17", "currency": "USD", "today": date(2026, 11, 4)},)
    before = rows_of(plan(report_type, ["campaign"], owners=seen_early))
    after = rows_of(plan(report_type, ["campaign"], owners=seen_early, restate=7))

    assert [row["campaignId"] for row in before] == [row["campaignId"] for row in after]
    assert [row["sales30d"] for row in before] != [row["sales30d"] for row in after]


def test_summary_is_the_sum_of_its_days() -> None:
    report_type = report_types()["spCampaigns"]
    daily = rows_of(plan(report_type, ["campaign"]))
    summary = rows_of(plan(report_type, ["campaign"], "SUMMARY"))

    assert len(summary) == 5
    for total in summary:
        days = [row for row in daily if row["campaignId"] == total["campaignId"]]
        assert total["clicks"] == sum(row["clicks"] or 0 for row in days)
        assert total["cost"] == pytest.approx(sum(row["cost"] or 0 for row in days))
        assert (total["startDate"], total["endDate"]) == ("2026-11-01", "2026-11-03")
        assert "date" not in total


def test_campaigns_keep_id_and_name_over_report_types() -> None:
    campaigns = rows_of(
        plan(report_types()["spCampaigns"], ["campaign"], rows_per_day=50)
    )
    names = {row["campaignId"]: row["campaignName"] for row in campaigns}
    ads = rows_of(plan(report_types()["spAdvertisedProduct"], ["advertiser"]))

    assert all(names[row["campaignId"]] == row["campaignName"] for row in ads)


def test_batches_are_bounded() -> None:
    a_plan = plan(report_types()["spCampaigns"], ["campaign"], rows_per_day=5000)

    sizes = [len(batch) for batch in row_batches(a_plan)]
    assert sum(sizes) == 15000
    assert max(sizes) <= 2000
    assert all(sizes[0] >= later for _, later in pairwise(sizes))
