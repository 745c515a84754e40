"""The listings besides orders: what they hold, how their pages and tokens behave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from support.sp.emulation import (
    CANADA,
    NOON,
    ORDERS,
    ORDERS_V0,
    PARTICIPATIONS,
    US,
    SpCaller,
)

GROUPS = "/finances/v0/financialEventGroups"
EVENTS = "/finances/v0/financialEvents"
SHIPMENTS = "/fba/inbound/v0/shipments"
LINES = "/fba/inbound/v0/shipmentItems"
PURCHASES = "/vendor/orders/v1/purchaseOrders"
STOCK = "/fba/inventory/v1/summaries"
LISTINGS = "/listings/2021-08-01/items/AACMEUSSP"
CATALOG = "/catalog/2022-04-01/items"
STOCK_QUERY = {
    "granularityType": "Marketplace",
    "granularityId": US,
    "marketplaceIds": US,
}
DATES = {
    "MarketplaceId": US,
    "QueryType": "DATE_RANGE",
    "LastUpdatedAfter": "2026-10-01T00:00:00Z",
    "LastUpdatedBefore": "2026-11-20T00:00:00Z",
}
POSTED = {"PostedAfter": "2026-11-15T00:00:00Z", "PostedBefore": "2026-11-19T00:00:00Z"}


def at(days: float) -> str:
    return f"{NOON + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


SINCE = {"createdAfter": at(-3)}


def pages(
    sp: SpCaller, path: str, parameter: str, token: str, **query: str
) -> Iterator[dict[str, Any]]:
    """Yield the pages of a listing; `token` is where the next one's is."""
    account = "vega-us" if "vendor" in path else "acme-us"
    asked = query
    while True:
        response = sp.get(path, account, **asked)
        assert response.status_code == 200, response.text
        found = body = response.get_json()
        yield body
        for name in token.split("."):
            found = (found or {}).get(name)
        if not found:
            return
        asked = {**query, parameter: found}


def posted(body: dict[str, Any]) -> list[str]:
    events = body["payload"]["FinancialEvents"]["ShipmentEventList"]
    return [event["AmazonOrderId"] for event in events]


def error(sp: SpCaller, path: str, account: str = "acme-us", **query: str) -> str:
    response = sp.get(path, account, **query)
    assert response.status_code == 400, response.text
    words: str = response.get_json()["errors"][0]["message"]
    return words


def test_events_are_those_of_shipped_orders_and_come_once(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_records_per_page": 3})
    found = [
        order
        for page in pages(sp, EVENTS, "NextToken", "payload.NextToken", **POSTED)
        for order in posted(page)
    ]
    book, accounts = sp.emulation.selling.orders, sp.emulation.selling.accounts
    partner = accounts.partner("acme-us")
    assert partner is not None
    span = (NOON - timedelta(days=5.5), NOON - timedelta(days=1.5))
    shipped = [
        order.order_id
        for order in book.updated(partner, partner.marketplaces, *span)
        if order.status == "Shipped"
    ]

    assert found == shipped
    assert len(found) > 6


@pytest.mark.parametrize(("days", "is_empty"), [(180, False), (181, True)])
def test_more_than_half_a_year_of_finances_is_answered_with_nothing(
    sp: SpCaller, days: int, is_empty: bool
) -> None:
    posted_query = {"PostedAfter": at(-days - 1), "PostedBefore": at(-1)}
    started = {
        "FinancialEventGroupStartedAfter": at(-days - 1),
        "FinancialEventGroupStartedBefore": at(-1),
    }

    assert (posted(sp.get(EVENTS, **posted_query).get_json()) == []) is is_empty
    groups = sp.get(GROUPS, **started).get_json()["payload"]
    assert (groups["FinancialEventGroupList"] == []) is is_empty


def test_events_of_a_group(sp: SpCaller) -> None:
    listed = sp.get(GROUPS, FinancialEventGroupStartedAfter=at(-60)).get_json()
    group = listed["payload"]["FinancialEventGroupList"][0]
    path = f"{GROUPS}/{group['FinancialEventGroupId']}/financialEvents"
    events = sp.get(path).get_json()["payload"]["FinancialEvents"]["ShipmentEventList"]
    dates = [event["PostedDate"] for event in events]

    assert len(dates) > 10
    assert group["FinancialEventGroupStart"] <= min(dates)
    assert max(dates) < group["FinancialEventGroupEnd"]
    assert sp.get(f"{GROUPS}/nothing/financialEvents").status_code == 404


def test_shipments_repeat_page_one_unless_the_next_is_asked_for(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_records_per_page": 4})

    def ids(**more: str) -> list[str]:
        payload = sp.get(SHIPMENTS, **DATES | more).get_json()["payload"]
        return [shipment["ShipmentId"] for shipment in payload["ShipmentData"]]

    token = sp.get(SHIPMENTS, **DATES).get_json()["payload"]["NextToken"]
    assert ids(NextToken=token) == ids()
    assert set(ids(NextToken=token, QueryType="NEXT_TOKEN")).isdisjoint(ids())
    assert "QueryType" in error(sp, SHIPMENTS, MarketplaceId=US)
    lines = sp.get(LINES, **DATES).get_json()["payload"]["ItemData"]
    one = sp.get(f"{SHIPMENTS}/{ids()[0]}/items").get_json()["payload"]["ItemData"]
    assert lines[: len(one)] == one


def test_purchase_orders_of_a_week_at_most(sp: SpCaller) -> None:
    week = {"changedAfter": at(-7), "changedBefore": at(0)}
    found = sp.get(PURCHASES, "vega-us", **week).get_json()["payload"]["orders"]
    numbers = {order["purchaseOrderNumber"] for order in found}

    assert len(numbers) == len(found) > 14
    assert error(sp, PURCHASES, "vega-us", createdAfter=at(-7.1)) == "Invalid Input"
    old = {"createdAfter": at(-200), "createdBefore": at(-195)}
    assert sp.get(PURCHASES, "vega-us", **old).get_json()["payload"]["orders"] == []
    status = sp.get(f"{PURCHASES}Status", "vega-us", updatedAfter=at(-7)).get_json()
    listed = status["payload"]["ordersStatus"]
    assert {order["purchaseOrderNumber"] for order in listed} == numbers
    assert {order["purchaseOrderStatus"] for order in listed} == {"OPEN", "CLOSED"}
    assert sp.get(f"{PURCHASES}/{min(numbers)}", "vega-us").status_code == 200
    assert sp.get(PURCHASES, "acme-us", **week).status_code == 403


def test_stock_listings_and_catalogue(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_asins": 45})
    token = ("pagination.nextToken",)
    stock = [
        row["sellerSku"]
        for page in pages(sp, STOCK, "nextToken", *token, **STOCK_QUERY)
        for row in page["payload"]["inventorySummaries"]
    ]
    listed = [
        row["sku"]
        for page in pages(sp, LISTINGS, "pageToken", *token, marketplaceIds=US)
        for row in page["items"]
    ]
    asin = sp.get(f"{LISTINGS}/{listed[0]}", marketplaceIds=US).get_json()
    asin = asin["summaries"][0]["asin"]
    found = sp.get(f"{CATALOG}/{asin}", marketplaceIds=US).get_json()

    assert stock == listed
    assert len(set(stock)) == 45
    assert found["asin"] == asin
    assert sp.get(CATALOG, marketplaceIds=US, keywords="box").get_json()["items"]
    assert sp.get("/listings/2021-08-01/items/OTHER").status_code == 403


@pytest.mark.parametrize(
    ("path", "query", "parameter", "place", "seconds"),
    [
        (STOCK, STOCK_QUERY, "nextToken", "pagination.nextToken", 30),
        (EVENTS, POSTED, "NextToken", "payload.NextToken", 1500),
        (
            PURCHASES,
            {"createdAfter": at(-6)},
            "nextToken",
            "payload.pagination.nextToken",
            0,
        ),
        (
            ORDERS_V0,
            {"MarketplaceIds": US, "CreatedAfter": at(-3)},
            "NextToken",
            "payload.NextToken",
            0,
        ),
        (
            ORDERS,
            {"createdAfter": at(-3)},
            "paginationToken",
            "pagination.nextToken",
            0,
        ),
    ],
)
@pytest.mark.parametrize("setting", [0, 180])
def test_page_tokens_age(
    sp: SpCaller,
    path: str,
    query: dict[str, str],
    parameter: str,
    place: str,
    seconds: int,
    setting: int,
) -> None:
    small = {"sp_records_per_page": 2, "sp_orders_per_page": 2}
    sp.emulation.state.change({**small, "sp_page_token_seconds": setting})
    account = "vega-us" if "vendor" in path else "acme-us"
    life = setting or seconds or 1800
    token = sp.get(path, account, **query).get_json()
    for name in place.split("."):
        token = token[name]
    sp.advance(life)
    assert sp.get(path, account, **query, **{parameter: token}).status_code == 200
    sp.advance(1)
    is_over = bool(setting or seconds)
    response = sp.get(path, account, **query, **{parameter: token})
    assert response.status_code == (400 if is_over else 200)
    if path == EVENTS:
        minutes = life // 60
        words = f"Token is not valid, token duration is {minutes} minutes."
        assert response.get_json()["errors"][0]["message"] == words


def test_some_records_appear_later_than_their_own_time(sp: SpCaller) -> None:
    def found() -> set[str]:
        return set(posted(sp.get(EVENTS, **POSTED).get_json()))

    whole = found()
    sp.emulation.state.change({"sp_late_hours": 48})
    early = found()
    sp.advance(2 * 86400)
    sp.sign_in("acme-us")

    assert early < whole
    assert found() == whole


def test_an_added_order_may_appear_later(sp: SpCaller) -> None:
    partner = sp.emulation.selling.accounts.partner("acme-us")
    assert partner is not None
    hour = timedelta(hours=1)
    order = sp.emulation.selling.orders.add(
        partner, US, NOON - hour, NOON - hour, visible_at=NOON + hour
    )
    path = f"{ORDERS_V0}/{order.order_id}"

    assert sp.get(path).status_code == 404
    sp.advance(3600)
    sp.sign_in("acme-us")
    assert sp.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "query", "parameter", "place"),
    [
        (EVENTS, POSTED, "NextToken", "payload.NextToken"),
        (SHIPMENTS, DATES, "NextToken", "payload.NextToken"),
        (STOCK, STOCK_QUERY, "nextToken", "pagination.nextToken"),
        (ORDERS, SINCE, "paginationToken", "pagination.nextToken"),
    ],
)
def test_endless_listings_have_new_tokens_and_the_same_rows(
    sp: SpCaller, path: str, query: dict[str, str], parameter: str, place: str
) -> None:
    sp.fault("endless")
    found = list(islice(pages(sp, path, parameter, place, **query), 4))
    tokens = set()
    for body in found:
        *outer, last = place.split(".")
        tokens.add(body[outer[0]].pop(last))

    assert len(tokens) == 4
    assert all(page == found[0] for page in found)


def test_empty_payloads_and_refusals_that_pass(sp: SpCaller) -> None:
    order = sp.get(ORDERS_V0, MarketplaceIds=US, CreatedAfter=at(-3)).get_json()
    order_id = order["payload"]["Orders"][0]["AmazonOrderId"]
    path = f"{ORDERS_V0}/{order_id}/orderItems"
    sp.fault("empty_payload", "get_order_items", account=order_id, times=1)
    sp.fault("once_each", "list_financial_events", message="$errorResponse.Message")

    assert sp.get(path).get_json() == {"payload": {}}
    assert sp.get(path).get_json()["payload"]["OrderItems"]
    other = {**POSTED, "PostedBefore": at(-2)}
    answers = [sp.get(EVENTS, **q).status_code for q in (POSTED, other, POSTED, other)]
    assert answers == [400, 400, 200, 200]


def test_paths_in_no_model(sp: SpCaller) -> None:
    given = {"path": "/unlisted/v1/things/*/parts", "rows": 5, "page_size": 2}
    sp.emulation.selling.custom.add(given)
    path = "/unlisted/v1/things/77/parts"
    found = list(pages(sp, path, "NextToken", "payload.NextToken"))

    assert [len(page["payload"]["Items"]) for page in found] == [2, 2, 1]
    assert sp.get("/unlisted/v1/others").status_code == 404


def test_rules_know_marketplaces_and_days_of_listings(sp: SpCaller) -> None:
    sp.fault("denied", "get_orders", account=CANADA)
    sp.fault("status", "list_financial_events", code=400, covers="2026-11-16")
    orders = {"CreatedAfter": at(-3)}
    later = {**POSTED, "PostedAfter": at(-3)}

    assert sp.get(ORDERS_V0, MarketplaceIds=US, **orders).status_code == 200
    both = f"{US},{CANADA}"
    assert sp.get(ORDERS_V0, MarketplaceIds=both, **orders).status_code == 403
    assert sp.get(EVENTS, **POSTED).status_code == 400
    assert sp.get(EVENTS, **later).status_code == 200


def test_a_marketplace_newer_than_any_list(sp: SpCaller) -> None:
    new = {"name": "new", "region": "EU", "marketplace_ids": ["A2027NEWSHOPEU"]}
    sp.emulation.selling.accounts.add(new)
    shown = sp.get(PARTICIPATIONS, "new").get_json()["payload"]

    assert [entry["marketplace"]["countryCode"] for entry in shown] == ["XE"]
