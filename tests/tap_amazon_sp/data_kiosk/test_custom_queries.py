"""Queries that users write: checked beforehand, sent as they are, read as rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from singer_amazon.errors import ConfigError
from support.core.runs import Json
from support.sp.runs import SELLER, US, partitions, run
from tap_amazon_sp.data_kiosk.custom.checking import QueryError, check_query, filled
from tap_amazon_sp.data_kiosk.custom.settings import read_custom_queries

QUERY = """query {
  analytics_salesAndTraffic_2024_04_24 {
    salesAndTrafficByAsin(
      startDate: "{start}" endDate: "{end}"
      aggregateBy: SKU marketplaceIds: {marketplace_ids}
    ) { parentAsin childAsin sku sales { unitsOrdered } }
  }
}"""
ENTRY: Json = {"name": "units", "query": QUERY, "key": ["sku", "window_start"]}
SPAN: Json = {"start_date": "2026-11-14", "end_date": "2026-11-16"}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("unitsOrdered", "unitOrdered", "line 6, column 42: Cannot query field"),
        ("aggregateBy: SKU", "aggregateBy: FNSKU", "line 5, column 20:"),
        ("aggregateBy: SKU", "", "line 3, column 5:.*aggregateBy"),
        ("marketplaceIds:", "marketplaceId:", "line 5, column 24:"),
        ("2024_04_24", "2023_11_15", "line 2, column 3: there is no domain"),
        ("query {", "query($a: Date) {", "no variables"),
        ("sku sales", "s: sku sales", "line 6, column 30: aliases"),
        ("sku sales", "... on X { sku } sales", "line 6, column 30: fragments"),
        ("sku sales", "sku @skip(if: true) sales", "line 6, column 30: directives"),
        ("sku sales", "__typename sales", "line 6, column 30: "),
        ("sku sales {", "sku sales {{", "line 6, column 41: Syntax Error"),
        ('"{end}"', "20261101", "line 4, column 37: endDate is 20261101: write a date"),
        ("{end}", "2026-02-30", 'line 4, column 37: endDate is "2026-02-30"'),
    ],
)
def test_a_query_amazon_would_refuse_is_said_beforehand(
    before: str, after: str, words: str
) -> None:
    with pytest.raises(QueryError, match=words):
        check_query(QUERY.replace(before, after))


def test_two_roots_and_too_long_a_text_are_refused() -> None:
    twice = QUERY.replace("salesAndTrafficByAsin(", "salesAndTrafficByDate(", 1)
    inner = QUERY[QUERY.index("    salesAndTrafficByAsin") : QUERY.rindex("  }\n}")]
    with pytest.raises(QueryError):
        check_query(twice)
    with pytest.raises(QueryError, match="exactly one query below the domain"):
        check_query(QUERY.replace(inner, inner + inner.replace("ByAsin", "ByDate")))
    long = QUERY.replace("{marketplace_ids}", str(["A" * 20] * 400).replace("'", '"'))
    with pytest.raises(QueryError, match="Amazon takes 8000"):
        check_query(long)


def test_placeholders_are_put_in() -> None:
    text = filled(QUERY, "2026-11-01", "2026-11-02", ["A", "B"])
    assert 'marketplaceIds:["A" "B"]' in text
    assert 'startDate:"2026-11-01" endDate:"2026-11-02"' in text


def test_dates_may_follow_today() -> None:
    text = QUERY.replace("{start}", "{today}").replace("{end}", "{today + 30}")
    check_query(text)
    found = filled(text, "", "", ["A"], date(2026, 11, 20))
    assert 'startDate:"2026-11-20" endDate:"2026-12-20"' in found


PREVIEW = """query { analytics_economics_2024_03_15 { economicsPreview(
  startDate: "{today}" endDate: "{today+29}" marketplaceIds: ["{marketplace_id}"]
  feeTypes: [REFERRAL_FEES]) {
    startDate endDate msku netProceeds { total { amount currencyCode } } } } }"""


def test_estimates_of_days_to_come_are_a_snapshot_of_each_run(
    emulator: Emulator,
) -> None:
    entry = {"name": "ahead", "query": PREVIEW, "key": ["startDate", "msku"]}
    ended = run(emulator, "ahead", data_kiosk=[entry])
    assert ended.code == 0
    spans = {(row["startDate"], row["endDate"]) for row in ended.rows("ahead")}
    assert spans == {("2026-11-20", "2026-12-19")}
    emulator.client.advance(86400)
    later = run(emulator, "ahead", data_kiosk=[entry], state=ended.state)
    assert {row["startDate"] for row in later.rows("ahead")} == {"2026-11-21"}


def test_rows_are_the_truth_window_by_window(emulator: Emulator) -> None:
    ended = run(emulator, "units", data_kiosk=[ENTRY], **SPAN)
    assert ended.code == 0
    found = emulator.client.statistics().sp_queries
    assert len(found) == 3
    truth = [
        (line["sku"], line["sales"])
        for query in found
        for line in emulator.client.kiosk_truth(SELLER, str(query.body["query"]))
    ]
    rows = [(row["sku"], row["sales"]) for row in ended.rows("units")]
    assert sorted(map(str, rows)) == sorted(map(str, truth))
    assert len(set(ended.keys())) == len(rows)
    (partition,) = partitions(ended.state, "units")
    assert partition["context"] == {"account_name": SELLER, "marketplace_id": US}
    assert partition["replication_key_value"] == "2026-11-16"
    again = run(emulator, "units", data_kiosk=[ENTRY], state=ended.state, **SPAN)
    assert again.rows() == []


def test_rows_of_a_list_in_each_line(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "vendor.graphql"
    file.write_text(
        """query { analytics_vendorAnalytics_2024_09_30 {
        sourcingView(startDate: "{start}" endDate: "{end}" aggregateBy: DAY) {
          startDate marketplaceId
          metrics { groupByKey { asin } metrics { shippedOrders {
            shippedUnitsWithRevenue { units } } } } } } }"""
    )
    entry = {
        "name": "shipped",
        "query_file": str(file),
        "records_path": "metrics",
        "window_days": 3,
    }
    ended = run(emulator, "shipped", data_kiosk=[entry], **SPAN)
    assert ended.code == 0
    assert len(emulator.client.statistics().sp_queries) == 1
    rows = ended.rows("shipped")
    assert {row["startDate"] for row in rows} == {f"2026-11-{d}" for d in (14, 15, 16)}
    assert all(row["groupByKey"]["asin"] for row in rows)
    assert all(row["marketplaceId"] == US for row in rows)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": ["asin"]}, r"data_kiosk.units.key: asin is not asked for"),
        ({"query_file": "x"}, "set either query or query_file"),
        ({"query": None, "query_file": "/nowhere"}, "cannot be read"),
        ({"records_path": "metrics"}, "metrics is no list of the query"),
        ({"query": QUERY.replace("sku", "skuu")}, "line 6, column 30: .*Nothing was"),
    ],
)
def test_wrong_entries_are_sentences(changes: Json, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_custom_queries([ENTRY | changes])


def test_nothing_is_sent_when_a_query_is_wrong(emulator: Emulator) -> None:
    entry = ENTRY | {"query": QUERY.replace("sku sales", "skuu sales")}
    with pytest.raises(ConfigError):
        run(emulator, "units", data_kiosk=[entry], **SPAN)
    assert emulator.client.statistics().count("create_query") == 0
