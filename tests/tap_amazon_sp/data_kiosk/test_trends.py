"""Trends of the products that rows by ASIN of the same run name."""

from __future__ import annotations

import pytest

from amazon_emulator import Emulator
from support.sp.runs import BY_ASIN, SELLER, Json, Run, partitions, run

TRENDS = "data_kiosk_sales_and_traffic_trends"
LEVEL: Json = {"sales_and_traffic": {"asin_granularity": "CHILD"}}
SPAN: Json = {
    "start_date": "2026-11-14",
    "end_date": "2026-11-15",
    "report_options": LEVEL,
}


def children(ended: Run, stream: str) -> set[str]:
    return {row["childAsin"] for row in ended.rows(stream)}


def queries(emulator: Emulator) -> list[str]:
    found = emulator.client.statistics().sp_queries
    texts = [str(query.body["query"]) for query in found]
    return [text for text in texts if "salesAndTrafficTrends" in text]


@pytest.mark.parametrize("source", ["report", "data_kiosk"])
def test_products_come_from_the_rows_of_the_same_run(
    emulator: Emulator, source: str
) -> None:
    ended = run(emulator, BY_ASIN, TRENDS, sales_and_traffic_source=source, **SPAN)
    assert ended.code == 0
    assert children(ended, TRENDS) == children(ended, BY_ASIN) != set()
    by_day = {
        (row["window_start"], row["childAsin"]): row["salesByAsin"]["unitsOrdered"]
        for row in ended.rows(BY_ASIN)
    }
    for row in ended.rows(TRENDS):
        assert (
            row["sales"]["unitsOrdered"] == by_day[row["startDate"], row["childAsin"]]
        )
    (state,) = partitions(ended.state, TRENDS)
    assert set(state["advertiser_ids"]) == children(ended, BY_ASIN)


def test_products_of_earlier_runs_stay_and_new_ones_get_their_history(
    emulator: Emulator,
) -> None:
    left = run(emulator, BY_ASIN, TRENDS, **SPAN).state
    (state,) = partitions(left, TRENDS)
    *kept, late = state["advertiser_ids"]
    state["advertiser_ids"] = [*kept, "B0NOMORE01"]
    before = len(queries(emulator))
    changes: Json = {**SPAN, "end_date": "2026-11-16", "lookback_days": 0}
    second = run(emulator, BY_ASIN, TRENDS, state=left, **changes)
    days = {r["startDate"] for r in second.rows(TRENDS) if r["childAsin"] == late}
    assert days == {"2026-11-14", "2026-11-15", "2026-11-16"}
    others = {r["startDate"] for r in second.rows(TRENDS) if r["childAsin"] != late}
    assert others == {"2026-11-16"}
    assert any("B0NOMORE01" in text for text in queries(emulator)[before:])
    (state,) = partitions(second.state, TRENDS)
    assert set(state["advertiser_ids"]) == {*kept, late, "B0NOMORE01"}
    assert state["replication_key_value"] == "2026-11-16"


def test_the_setting_wins(emulator: Emulator) -> None:
    named: Json = {"data_kiosk_trends_asins": {SELLER: ["B0NOBODY01"]}}
    run(emulator, BY_ASIN, TRENDS, **SPAN, **named)
    (text,) = queries(emulator)
    assert text.count("B0") == 1


def test_rows_by_parent_name_nothing_and_it_is_said(emulator: Emulator) -> None:
    ended = run(emulator, BY_ASIN, TRENDS, **{**SPAN, "report_options": {}})
    assert ended.code == 0
    assert queries(emulator) == []
    assert any("asin_granularity: CHILD" in r.getMessage() for r in ended.logged)
