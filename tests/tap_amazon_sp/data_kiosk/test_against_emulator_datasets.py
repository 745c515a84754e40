"""Every dataset of Data Kiosk as a stream: its rows are the emulator's truth."""

from __future__ import annotations

import json
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.core.runs import Json, Run
from support.sp.runs import SELLER, VENDOR, partitions, run
from tap_amazon_sp.data_kiosk.datasets import query_shapes

ECONOMICS, TRENDS = "data_kiosk_economics", "data_kiosk_sales_and_traffic_trends"
SOURCING, MAKING = "data_kiosk_vendor_sourcing", "data_kiosk_vendor_manufacturing"
ANALYTICS = "data_kiosk_seller_analytics"
TOTALS = "data_kiosk_seller_analytics_totals"
STREAMS = [ECONOMICS, TRENDS, SOURCING, MAKING, ANALYTICS, TOTALS]
SPAN: Json = {"start_date": "2026-11-08", "end_date": "2026-11-16"}


def asins(emulator: Emulator) -> list[str]:
    """Return the child ASINs of the seller."""
    lines = emulator.client.kiosk_truth(
        SELLER,
        root="salesAndTrafficByAsin",
        arguments={
            "startDate": "2026-11-10",
            "endDate": "2026-11-10",
            "aggregateBy": "CHILD",
            "marketplaceIds": ["ATVPDKIKX0DER"],
        },
    )
    return sorted({line["childAsin"] for line in lines})


def read(emulator: Emulator, stream: str, **changes: Any) -> Run:
    named = {SELLER: asins(emulator)}
    settings = {**SPAN, "data_kiosk_trends_asins": named, **changes}
    return run(emulator, stream, **settings)


def truth(emulator: Emulator, stream: str, account: str) -> list[Json]:
    """Return the rows of all queries that were created, by the emulator.

    Where several queries ask for one window they are put together by their groups.
    """
    shape = query_shapes()[stream]
    found: dict[str, Json] = {}
    for query in emulator.client.statistics().sp_queries:
        for line in emulator.client.kiosk_truth(account, str(query.body["query"])):
            of_line = {name: line[name] for name in (*shape.line, "startDate")}
            for row in line[shape.rows] if shape.rows else [line]:
                values = {n: at(row, path) for n, path in shape.sources.items()}
                groups = {n: v for n, v in values.items() if is_plain(v)}
                key = ordered(groups | of_line)
                known = {n: v for n, v in values.items() if v is not None}
                found[key] = found.get(key, {**of_line, **values}) | known
    return list(found.values())


def is_plain(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def at(row: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        row = row.get(name) if isinstance(row, dict) else None
    return row


@pytest.mark.parametrize("level", ["DAY", "WEEK", "MONTH"])
@pytest.mark.parametrize("stream", STREAMS)
def test_rows_are_the_truth_and_keys_are_unique(
    emulator: Emulator, stream: str, level: str
) -> None:
    changes: Json = {"report_options": {stream: {"date_granularity": level}}}
    if level == "MONTH":
        changes |= {"start_date": "2026-10-01", "end_date": "2026-11-16"}
    ended = read(emulator, stream, **changes)
    assert ended.code == 0
    account = VENDOR if "vendor" in stream else SELLER
    expected = truth(emulator, stream, account)
    rows = ended.rows(stream)
    assert len(rows) == len(expected) > 0
    assert len(set(ended.keys())) == len(rows)
    columns = [*query_shapes()[stream].line, *query_shapes()[stream].sources]
    found = [{n: row.get(n) or None for n in columns} for row in rows]
    wanted = [{n: row.get(n) or None for n in columns} for row in expected]
    assert sorted(map(ordered, found)) == sorted(map(ordered, wanted))


def ordered(value: Json) -> str:
    """Return a row as text, in one order and without nulls."""
    return json.dumps(plain(value), sort_keys=True)


def plain(value: Any) -> Any:
    """Leave out nulls: a field that is not there may be null in the record."""
    if isinstance(value, dict):
        return {name: plain(v) for name, v in value.items() if v is not None}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else value


@pytest.mark.parametrize(
    ("stream", "option", "values"),
    [
        (ECONOMICS, "product_granularity", ["PARENT_ASIN", "CHILD_ASIN", "MSKU"]),
        (SOURCING, "group_by", ["asin", "brand", "vendorCode"]),
        (ANALYTICS, "group_by", ["asin", "msku", "fulfilmentChannel"]),
    ],
)
def test_levels_may_be_combined(
    emulator: Emulator, stream: str, option: str, values: list[str]
) -> None:
    changes = {"start_date": "2026-11-16", "report_options": {stream: {option: values}}}
    ended = read(emulator, stream, **changes)
    assert ended.code == 0
    assert {row[option] for row in ended.rows(stream)} == set(values)
    assert len(set(ended.keys())) == len(ended.rows(stream))


def test_inventory_by_day_is_asked_for_one_day_at_a_time(emulator: Emulator) -> None:
    read(emulator, SOURCING, start_date="2026-11-14")
    texts = [str(q.body["query"]) for q in emulator.client.statistics().sp_queries]
    assert len(texts) == 3
    for text in texts:
        start = text.split('startDate:"')[1][:10]
        assert f'endDate:"{start}"' in text
        assert "unhealthyInventory" not in text


def test_trends_ask_for_thirty_asins_at_a_time(emulator: Emulator) -> None:
    every = [f"B0NOBODY{number:03}" for number in range(61)]
    read(emulator, TRENDS, data_kiosk_trends_asins={SELLER: every})
    texts = [str(q.body["query"]) for q in emulator.client.statistics().sp_queries]
    assert sorted(text.count("B0NOBODY") for text in texts) == [1, 30, 30]


def test_trends_without_asins_are_skipped_with_a_sentence(emulator: Emulator) -> None:
    ended = run(emulator, TRENDS, **SPAN)
    assert ended.code == 0
    assert any("data_kiosk_trends_asins" in r.getMessage() for r in ended.logged)


def test_pages_that_split_a_line_lose_nothing(emulator: Emulator) -> None:
    emulator.client.change(sp_kiosk_lines_per_page=2, sp_kiosk_split_lines=True)
    ended = read(emulator, ANALYTICS, start_date="2026-11-15")
    assert len(emulator.client.statistics().sp_queries) > 1
    first = emulator.client.statistics().sp_queries[0]
    lines = emulator.client.kiosk_truth(SELLER, str(first.body["query"]))
    assert len(ended.rows()) == sum(len(line["metrics"]) for line in lines)
    assert len(set(ended.keys())) == len(ended.rows())


def test_fields_amazon_adds_go_into_extra(emulator: Emulator) -> None:
    emulator.client.change(sp_unknown_fields=True)
    ended = read(emulator, ECONOMICS, start_date="2026-11-16")
    assert ended.code == 0
    assert all(row["_extra"] for row in ended.rows(ECONOMICS))


def test_a_vendors_day_of_nulls_is_read_again_by_later_runs(emulator: Emulator) -> None:
    """No day before it is in the run: the state keeps it open by itself."""
    emulator.client.add_fault(
        "null_days", operation="create_query", days=["2026-11-16"], times=1000
    )
    changes: Json = {"start_date": "2026-11-16"}
    first = read(emulator, SOURCING, **changes)
    assert first.code == 0
    assert any("only nulls on 2026-11-16" in r.getMessage() for r in first.logged)
    emulator.client.clear_faults()
    second = read(emulator, SOURCING, state=first.state, **changes)
    assert len(second.rows(SOURCING)) > 1
    (state,) = partitions(second.state, SOURCING)
    assert state["replication_key_value"] == "2026-11-16"
    third = read(emulator, SOURCING, state=second.state, **changes)
    assert third.rows(SOURCING) == []


def test_a_day_of_nulls_is_final_when_its_horizon_has_passed(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault(
        "null_days", operation="create_query", days=["2026-11-02"], times=1000
    )
    span: Json = {"start_date": "2026-11-02", "end_date": "2026-11-02"}
    ended = read(emulator, SOURCING, **span)
    assert any("taken as final" in r.getMessage() for r in ended.logged)
    (state,) = partitions(ended.state, SOURCING)
    assert state["replication_key_value"] == "2026-11-02"
