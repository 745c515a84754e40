"""Finances 2024-06-19: transactions that change, pages that are empty, trees."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from support.core.material import needs_specs
from support.sp.emulation import CANADA, NOON, US, SpCaller
from support.sp.model import check, operation, problems

PATH = "/finances/2024-06-19/transactions"
MODEL = "finances_2024-06-19.json"


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


SINCE = {"postedAfter": stamp(NOON - timedelta(days=30))}


def pages(sp: SpCaller, **query: str) -> list[list[dict[str, Any]]]:
    found, given = [], SINCE | query
    while True:
        response = sp.get(PATH, **given)
        assert response.status_code == 200, response.text
        payload = response.get_json()["payload"]
        found.append(payload["transactions"])
        if "nextToken" not in payload:
            return found
        given |= {"nextToken": payload["nextToken"]}


def listed(sp: SpCaller, **query: str) -> list[dict[str, Any]]:
    return [one for page in pages(sp, **query) for one in page]


def related(one: dict[str, Any]) -> dict[str, str]:
    return {
        each["relatedIdentifierName"]: each["relatedIdentifierValue"]
        for each in one["relatedIdentifiers"]
    }


def change(sp: SpCaller, **settings: object) -> None:
    sp.emulation.state.change(settings)


def later(sp: SpCaller, seconds: float) -> None:
    sp.advance(seconds)
    sp.tokens.clear()


def test_a_deferred_sale_is_released_and_posted_again(sp: SpCaller) -> None:
    change(sp, sp_deferred_days=21)
    before = {one["transactionId"]: one for one in listed(sp)}
    newest = max(
        (one for one in before.values() if one["transactionStatus"] == "DEFERRED"),
        key=lambda one: str(one["postedDate"]),
    )
    later(sp, 21 * 86400)

    after = {one["transactionId"]: one for one in listed(sp)}
    same = after[newest["transactionId"]]
    new = after[related(same)["RELEASE_TRANSACTION_ID"]]

    assert same["transactionStatus"] == "DEFERRED_RELEASED"
    assert same["postedDate"] == newest["postedDate"]
    assert new["transactionStatus"] == "RELEASED"
    assert related(new)["DEFERRED_TRANSACTION_ID"] == newest["transactionId"]
    assert new["postedDate"] == newest["contexts"][0]["maturityDate"]
    assert new["totalAmount"] == same["totalAmount"] == newest["totalAmount"]
    assert new["transactionId"] not in before
    statuses = {one["transactionStatus"] for one in before.values()}
    assert statuses == {"DEFERRED", "RELEASED", "DEFERRED_RELEASED"}


def leaves(node: dict[str, Any]) -> float:
    inner = node["breakdowns"]
    if not inner:
        return float(node["breakdownAmount"]["currencyAmount"])
    total = sum(leaves(each) for each in inner)
    assert total == pytest.approx(node["breakdownAmount"]["currencyAmount"])
    return total


def test_every_tree_adds_up_and_items_repeat_the_money(sp: SpCaller) -> None:
    found = listed(sp)
    assert {one["transactionType"] for one in found} == {
        "Shipment",
        "Refund",
        "ServiceFee",
    }
    bare = 0
    for one in found:
        total = one["totalAmount"]["currencyAmount"]
        assert sum(leaves(tree) for tree in one["breakdowns"]) == pytest.approx(total)
        if one["items"]:
            amounts = [i["totalAmount"]["currencyAmount"] for i in one["items"]]
            assert sum(amounts) == pytest.approx(total)
        for item in one["items"]:
            bare += item["breakdowns"] is None
            for tree in item["breakdowns"] or ():
                leaves(tree)
    assert 0 < bare < len(found)


def test_spans_are_half_open_and_never_longer_than_180_days(sp: SpCaller) -> None:
    everything = listed(sp)
    one = next(x for x in everything if x["transactionType"] == "Shipment")
    at = one["postedDate"]
    ids = [x["transactionId"] for x in listed(sp, postedAfter=at)]
    assert one["transactionId"] in ids
    ids = [x["transactionId"] for x in listed(sp, postedBefore=at)]
    assert one["transactionId"] not in ids

    old = stamp(NOON - timedelta(days=181))
    assert pages(sp, postedAfter=old) == [[]]
    assert sp.get(PATH).status_code == 400
    assert "Start date cannot be null" in sp.get(PATH).text
    assert sp.get(PATH, postedAfter=stamp(NOON)).status_code == 400


def test_filters(sp: SpCaller) -> None:
    everything = listed(sp)
    deferred = listed(sp, transactionStatus="DEFERRED")
    assert deferred == [x for x in everything if x["transactionStatus"] == "DEFERRED"]
    assert sp.get(PATH, **SINCE, transactionStatus="GONE").status_code == 400
    there = {
        x["transactionId"]
        for x in everything
        if x["marketplaceDetails"]["marketplaceId"] == CANADA
    }
    assert {x["transactionId"] for x in listed(sp, marketplaceId=CANADA)} == there

    order_id = related(deferred[0])["ORDER_ID"]
    name = "relatedIdentifierName"
    value = "relatedIdentifierValue"
    query = {name: "ORDER_ID", value: order_id}
    of_order = sp.get(PATH, **query).get_json()["payload"]["transactions"]
    assert {related(x)["ORDER_ID"] for x in of_order} == {order_id}
    group = next(
        g for x in everything if (g := related(x).get("FINANCIAL_EVENT_GROUP_ID"))
    )
    query = {name: "FINANCIAL_EVENT_GROUP_ID", value: group}
    of_group = sp.get(PATH, **query).get_json()["payload"]["transactions"]
    expected = [
        x["transactionId"]
        for x in everything
        if related(x).get("FINANCIAL_EVENT_GROUP_ID") == group
    ]
    assert set(expected) <= {x["transactionId"] for x in of_group}
    assert sp.get(PATH, **{name: "REFUND_ID", value: "1"}).status_code == 400


def test_orders_that_us_sellers_ship_need_no_marketplace(sp: SpCaller) -> None:
    def networks(**query: str) -> set[str]:
        found = [
            x
            for x in listed(sp, **query)
            if x["marketplaceDetails"]["marketplaceId"] == US
        ]
        return {
            i["contexts"][0]["fulfillmentNetwork"] for x in found for i in x["items"]
        }

    assert networks() == {"AFN", "MFN"}
    assert networks(marketplaceId=US) == {"AFN"}


def test_pages_with_empty_ones_between_them(sp: SpCaller) -> None:
    (whole,) = pages(sp)
    change(sp, sp_records_per_page=50, sp_empty_pages=True)
    found = pages(sp)
    assert [one for page in found for one in page] == whole
    assert [len(page) for page in found][:4] == [50, 0, 50, 0]
    assert found[-1]

    first = sp.get(PATH, **SINCE).get_json()["payload"]["nextToken"]
    token = sp.get(PATH, **SINCE, nextToken=first).get_json()["payload"]["nextToken"]
    other = SINCE | {"transactionStatus": "DEFERRED", "nextToken": token}
    assert sp.get(PATH, **other).status_code == 400


def test_late_postings_come_later_under_their_own_time(sp: SpCaller) -> None:
    on_time = {one["transactionId"] for one in listed(sp)}
    change(sp, sp_late_hours=48, sp_late_every=3)
    early = {one["transactionId"] for one in listed(sp)}
    later(sp, 48 * 3600)
    late = {one["transactionId"] for one in listed(sp)}
    assert early < on_time <= late
    # Releases and refunds as well: with every record late, two days show nothing.
    change(sp, sp_late_every=1)
    newest = max(one["postedDate"] for one in listed(sp))
    assert newest <= stamp(NOON)


def test_spellings_and_forms(sp: SpCaller) -> None:
    change(
        sp,
        sp_transaction_status="capital",
        sp_breakdowns="object",
        sp_fees_without_id=True,
        sp_unknown_fields=True,
    )
    found = listed(sp)
    assert {x["transactionStatus"] for x in found} >= {"Released", "Deferred"}
    assert all(list(x["breakdowns"]) == ["breakdowns"] for x in found)
    assert {
        "transactionId" in x for x in found if x["transactionType"] != "ServiceFee"
    } == {True}
    assert {
        "transactionId" in x for x in found if x["transactionType"] == "ServiceFee"
    } == {False}
    assert all("newField2027" in x for x in found)


def test_no_transactions_for_vendors(sp: SpCaller) -> None:
    assert sp.get(PATH, "vega-us", **SINCE).status_code == 403


def without_contexts(value: Any, found: list[dict[str, Any]]) -> Any:
    """Take nulls and contexts out of an answer, and keep the contexts.

    Null breakdowns were seen, and the model's context is all of its kinds at once.
    """
    if isinstance(value, list):
        return [without_contexts(each, found) for each in value]
    if not isinstance(value, dict):
        return value
    found += value.get("contexts") or []
    return {
        name: without_contexts(each, found)
        for name, each in value.items()
        if name != "contexts" and each is not None
    }


@needs_specs
def test_transactions_fit_the_model(sp: SpCaller) -> None:
    change(sp, sp_records_per_page=100)
    schema = operation(MODEL, "GET", PATH)["responses"]["200"]["schema"]
    contexts: list[dict[str, Any]] = []
    for account in ("acme-us", "nordwind-eu"):
        response = sp.get(PATH, account, postedAfter="2026-10-30T00:00:00Z")
        answer = without_contexts(response.get_json(), contexts)
        assert "nextToken" in answer["payload"]
        assert problems(MODEL, schema, answer) == []
    kinds = set()
    for context in contexts:
        kinds.add(kind := context.pop("contextType"))
        assert problems(MODEL, {"$ref": f"#/definitions/{kind}"}, context) == []
    assert kinds == {"ProductContext", "DeferredContext", "TimeRangeContext"}
    check(MODEL, sp.get(PATH), 400)
    check(MODEL, sp.get(PATH, "vega-us"), 403)
