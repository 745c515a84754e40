"""Finances, inbound, stock and purchase orders, over HTTP against the emulator."""

from __future__ import annotations

from typing import Any

import pytest

from amazon_emulator import Emulator
from support.ads.runs import Run
from support.sp.runs import SELLER, US, VENDOR, account, partitions, run

Json = dict[str, Any]
GROUPS: Json = {
    "name": "groups",
    "path": "/finances/v0/financialEventGroups",
    "updated_at_param": "FinancialEventGroupStartedAfter",
    "record_config": {"id_field": "FinancialEventGroupId"},
}
EVENTS: Json = {
    "name": "events",
    "path": "/finances/v0/financialEvents",
    "updated_at_param": "PostedAfter",
}
SHIPMENTS: Json = {
    "name": "shipments",
    "path": "/fba/inbound/v0/shipments",
    "updated_at_param": "LastUpdatedAfter",
    "record_config": {"id_field": "ShipmentId"},
    "extend_resources": [
        {
            "new_field_name": "items",
            "path": "/fba/inbound/v0/shipments/{}/items",
            "path_variable_name": "ShipmentId",
            "results_key": "ItemData",
            "params": {"MarketplaceId": "{marketplace_id}"},
        }
    ],
}
STOCK: Json = {
    "name": "stock",
    "path": "/fba/inventory/v1/summaries",
    "params": {"granularityType": "Marketplace", "granularityId": "{marketplace_id}"},
    "extend_resources": [
        {
            "new_field_name": "catalogue",
            "path": "/catalog/2022-04-01/items?identifiersType=ASIN",
            "path_variable_name": "asin",
            "params": {"identifiers": "{asin}", "marketplaceIds": "{marketplace_id}"},
        }
    ],
}
ORDERS: Json = {
    "name": "purchase_orders",
    "path": "/vendor/orders/v1/purchaseOrders",
    "updated_at_param": "changedAfter",
}


def read(emulator: Emulator, entry: Json, **changes: Any) -> Run:
    accounts = [account(SELLER, account_type="seller", marketplace_ids=[US])]
    if entry["path"].startswith("/vendor/"):
        accounts = [account(VENDOR)]
    return run(emulator, entry["name"], endpoints=[entry], accounts=accounts, **changes)


@pytest.mark.parametrize("entry", [GROUPS, EVENTS, SHIPMENTS, ORDERS])
def test_a_year_in_few_calls_is_what_a_year_in_weeks_is(
    emulator: Emulator, entry: Json
) -> None:
    long = read(emulator, entry, start_date="2026-01-01")
    short = read(emulator, {**entry, "slice_hours": 160}, start_date="2026-01-01")

    assert long.code == short.code == 0, long.log
    found = {str(sorted(row.items())) for row in long.rows()}
    assert found == {str(sorted(row.items())) for row in short.rows()}
    assert len(found) > 20


def named(ended: Run) -> list[str]:
    names = ("_list", "PostedDate", "AmazonOrderId", "AdjustmentType", "FeeReason")
    return [str([row.get(name) for name in names]) for row in ended.rows()]


@pytest.mark.parametrize(
    "entry", [{**EVENTS, "record_config": {"id_field": "AmazonOrderId"}}, EVENTS]
)
def test_events_a_day_and_more_late_all_come(emulator: Emulator, entry: Json) -> None:
    emulator.client.change(sp_late_hours=30)
    state: Json = {}
    found: list[str] = []
    for _ in range(5):
        ended = read(emulator, entry, state=state, start_date="2026-11-15")
        state = ended.state
        found += named(ended)
        emulator.client.advance(86400)
    emulator.client.change(sp_late_hours=0)
    until = {"end_date": "2026-11-20", "start_date": "2026-11-15"}
    there = named(read(emulator, {**entry, "holdback_days": 0}, **until))

    assert set(there) <= set(found)
    if "record_config" not in entry:
        assert len(found) == len(set(found))


def test_shipments_of_many_pages_come_with_their_items(emulator: Emulator) -> None:
    emulator.client.change(sp_records_per_page=3)

    ended = read(emulator, SHIPMENTS, start_date="2026-09-01")

    assert ended.code == 0, ended.log
    assert len(ended.rows()) == len(set(ended.keys())) > 9
    assert all(row["items"] for row in ended.rows())


def test_a_token_of_half_a_minute_outlives_slow_sub_requests(
    emulator: Emulator,
) -> None:
    emulator.client.change(sp_records_per_page=1, sp_rate_scale=0.02)

    ended = read(emulator, STOCK)

    assert ended.code == 0, ended.log
    assert len(ended.rows()) >= 3
    assert all(row["catalogue"] for row in ended.rows())


@pytest.mark.parametrize(
    ("entry", "operation"),
    [
        (GROUPS, "list_financial_event_groups"),
        (EVENTS, "list_financial_events"),
        (SHIPMENTS, "get_shipments"),
        (ORDERS, "get_purchase_orders"),
    ],
)
def test_page_one_for_ever_ends_with_a_sentence(
    emulator: Emulator, entry: Json, operation: str
) -> None:
    emulator.client.add_fault("endless", operation=operation)

    ended = read(emulator, entry, max_runtime_seconds=3600)

    assert ended.code == 1
    again = ended.said("ERROR", entry["name"], "pages of rows again")
    assert again or ended.said("ERROR", entry["name"], "pages in a row had no rows")
    assert ended.summary["seconds"] < 900
    assert partitions(ended.state, entry["name"]) == [] or "gaps" in str(ended.state)


def test_an_unlisted_sub_request_brings_all_its_pages(emulator: Emulator) -> None:
    emulator.client.add_sp_path("/unlisted/v1/things", rows=3, page_size=10)
    emulator.client.add_sp_path("/unlisted/v1/things/*/parts", rows=7)
    parts = {
        "new_field_name": "parts",
        "path": "/unlisted/v1/things/{}/parts",
        "path_variable_name": "id",
        "results_key": "Items",
    }
    entry = {
        "name": "things",
        "path": "/unlisted/v1/things",
        "results_key": "Items",
        "extend_resources": [parts],
    }

    ended = read(emulator, entry)

    assert ended.code == 0, ended.log
    assert [len(row["parts"]) for row in ended.rows()] == [7, 7, 7]
