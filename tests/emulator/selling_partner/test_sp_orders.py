from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from support.sp.emulation import CANADA, GERMANY, NOON, ORDERS, ORDERS_V0, US, SpCaller

SINCE = "2026-11-16T00:00:00Z"


def pages_v0(sp: SpCaller, **query: str) -> list[dict[str, Any]]:
    asked = {"MarketplaceIds": US, **query}
    found = []
    while True:
        payload = sp.get(ORDERS_V0, **asked).get_json()["payload"]
        found.append(payload)
        if not payload.get("NextToken"):
            return found
        asked = {"MarketplaceIds": US, "NextToken": payload["NextToken"]}


def ids(pages: list[dict[str, Any]]) -> list[str]:
    return [order["AmazonOrderId"] for page in pages for order in page["Orders"]]


def test_pages_of_v0_hold_every_order_once(sp: SpCaller) -> None:
    whole = pages_v0(sp, CreatedAfter=SINCE)
    paged = pages_v0(sp, CreatedAfter=SINCE, MaxResultsPerPage="5")

    assert len(whole) == 1
    assert "NextToken" not in whole[0]
    assert len(paged) > 2
    assert paged[-1]["NextToken"] == ""
    assert ids(paged) == ids(whole)
    assert len(set(ids(whole))) == len(ids(whole)) > 10
    assert whole[0]["CreatedBefore"] == "2026-11-20T11:58:00Z"


def test_orders_come_again_under_a_later_update(sp: SpCaller) -> None:
    first = pages_v0(sp, LastUpdatedAfter="2026-11-20T00:00:00Z")[0]
    edge = first["LastUpdatedBefore"]
    sp.advance(86400)
    sp.sign_in("acme-us")
    later = pages_v0(sp, LastUpdatedAfter=edge)
    states = {
        order["AmazonOrderId"]: order["OrderStatus"]
        for page in (first, *later)
        for order in page["Orders"]
    }

    assert edge == "2026-11-20T11:58:00Z"
    assert set(ids([first])) & set(ids(later))
    assert {"Shipped", "Unshipped"} <= set(states.values())
    updates = [order["LastUpdateDate"] for order in later[0]["Orders"]]
    assert updates == sorted(updates)
    assert min(updates) >= edge


def test_both_edges_are_included(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_orders_per_day": 0})
    book, partner = sp.emulation.selling.orders, sp.emulation.selling.accounts
    account = partner.partner("acme-us")
    assert account is not None
    for hours in (5, 4, 3):
        at = NOON - timedelta(hours=hours)
        book.add(account, US, at, at)

    query = {
        "LastUpdatedAfter": "2026-11-20T07:00:00Z",
        "LastUpdatedBefore": "2026-11-20T08:00:00Z",
    }
    assert len(ids(pages_v0(sp, **query))) == 2
    current = {f"{name[0].lower()}{name[1:]}": value for name, value in query.items()}
    assert len(sp.get(ORDERS, **current).get_json()["orders"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"CreatedAfter": SINCE, "LastUpdatedAfter": SINCE},
        {"CreatedAfter": SINCE, "LastUpdatedBefore": "2026-11-17T00:00:00Z"},
        {"CreatedAfter": SINCE, "CreatedBefore": "2026-11-20T11:59:00Z"},
        {"CreatedAfter": SINCE, "CreatedBefore": "2026-11-15T00:00:00Z"},
        {"CreatedAfter": "yesterday"},
        {"CreatedAfter": SINCE, "MaxResultsPerPage": "101"},
        {"CreatedAfter": SINCE, "MarketplaceIds": ""},
        {"CreatedAfter": SINCE, "MarketplaceIds": "A0"},
        {"NextToken": "nonsense"},
    ],
)
def test_wrong_searches_are_refused(sp: SpCaller, query: dict[str, str]) -> None:
    response = sp.get(ORDERS_V0, **({"MarketplaceIds": US} | query))

    assert response.status_code == 400
    if "MarketplaceIds" not in query and "NextToken" not in query:
        current = {f"{n[0].lower()}{n[1:]}": value for n, value in query.items()}
        assert sp.get(ORDERS, **current).status_code == 400


def test_marketplace_of_others_is_denied(sp: SpCaller) -> None:
    query = {"CreatedAfter": SINCE, "MarketplaceIds": GERMANY}

    assert sp.get(ORDERS_V0, **query).status_code == 403


def test_lines_of_an_order_have_pages_and_no_prices_while_pending(sp: SpCaller) -> None:
    items: dict[str, list[Any]] = {}
    for order_id in ids(pages_v0(sp, CreatedAfter="2026-11-01T00:00:00Z")):
        path = f"{ORDERS_V0}/{order_id}/orderItems"
        query: dict[str, str] = {}
        while True:
            payload = sp.get(path, **query).get_json()["payload"]
            items.setdefault(order_id, []).extend(payload["OrderItems"])
            if "NextToken" not in payload:
                break
            query = {"NextToken": payload["NextToken"]}
    numbers = {item["OrderItemId"] for found in items.values() for item in found}

    assert {len(found) for found in items.values()} == {1, 2, 3}
    assert len(numbers) == sum(map(len, items.values()))
    sp.emulation.state.change({"sp_orders_per_day": 200})
    whole = pages_v0(sp, CreatedAfter="2026-11-20T11:00:00Z", OrderStatuses="Pending")
    pending = sp.get(f"{ORDERS_V0}/{ids(whole)[0]}/orderItems").get_json()["payload"]
    assert "ItemPrice" not in pending["OrderItems"][0]


def test_search_of_2026_keeps_its_parameters_and_ends_without_a_token(
    sp: SpCaller,
) -> None:
    query = {
        "lastUpdatedAfter": SINCE,
        "maxResultsPerPage": "5",
        "marketplaceIds": f"{US},{CANADA}",
    }
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        body = sp.get(ORDERS, **query, **token).get_json()
        found.extend(order["orderId"] for order in body["orders"])
        if "pagination" not in body:
            break
        token = {"paginationToken": body["pagination"]["nextToken"]}
    changed = sp.get(ORDERS, **query | {"maxResultsPerPage": "6"}, **token)
    sp.advance(24 * 3600 + 1)
    sp.sign_in("acme-us")
    late = sp.get(ORDERS, **query, **token)

    assert body["lastUpdatedBefore"] == "2026-11-20T11:58:00Z"
    assert len(found) == len(set(found)) > 20
    assert (changed.status_code, late.status_code) == (400, 400)


def test_parts_are_shown_when_asked_for(sp: SpCaller) -> None:
    query = {"createdAfter": SINCE, "createdBefore": "2026-11-18T00:00:00Z"}
    plain = sp.get(ORDERS, **query).get_json()["orders"][0]
    query["includedData"] = "BUYER,FULFILLMENT"
    parts = sp.get(ORDERS, **query).get_json()["orders"][0]
    unprivileged = sp.get(ORDERS, "plain-us", **query).get_json()["orders"][0]

    assert set(parts) - set(plain) == {"buyer", "fulfillment"}
    assert "buyer" not in unprivileged
    assert sp.get(ORDERS, **query | {"includedData": "ALL"}).status_code == 400


def test_v0_ends_in_march_2027(sp: SpCaller) -> None:
    sp.advance(127 * 86400)
    sp.sign_in("acme-us")
    query = {"MarketplaceIds": US, "CreatedAfter": SINCE}

    assert sp.get(ORDERS_V0, **query).status_code == 404
    assert sp.get(ORDERS, createdAfter=SINCE).status_code == 200


def test_a_429_in_the_middle_carries_no_rate(sp: SpCaller) -> None:
    sp.fault("throttle", "get_orders", skip=1, times=1)
    query = {"MarketplaceIds": US, "CreatedAfter": SINCE}
    responses = [sp.get(ORDERS_V0, **query) for _ in range(3)]

    assert [response.status_code for response in responses] == [200, 429, 200]
    assert "x-amzn-RateLimit-Limit" not in responses[1].headers


def test_an_order_that_changes_between_two_pages_hides_no_other(sp: SpCaller) -> None:
    """It leaves the span that is read; all the rest still comes, page by page."""
    asked = {"MarketplaceIds": US, "MaxResultsPerPage": "3"}
    whole = ids(pages_v0(sp, LastUpdatedAfter=SINCE))
    payload = sp.get(ORDERS_V0, LastUpdatedAfter=SINCE, **asked).get_json()["payload"]
    read = ids([payload])
    while payload.get("NextToken"):
        sp.advance(1200)  # some order is shipped meanwhile
        sp.sign_in("acme-us")
        token = payload["NextToken"]
        payload = sp.get(ORDERS_V0, NextToken=token, **asked).get_json()["payload"]
        read += ids([payload])
    gone = set(whole) - set(read)
    assert read == [order for order in whole if order not in gone]
    changed = pages_v0(sp, LastUpdatedAfter="2026-11-20T11:58:00Z")
    assert gone
    assert gone <= set(ids(changed))
