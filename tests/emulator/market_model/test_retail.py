"""What sellers and vendors sold: totals, and the reports that show them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amazon_emulator.market_model.retail import (
    RETURNED_DAYS,
    SHIPPED_DAYS,
    VARIANTS,
    Shop,
    added,
)
from support.ads.emulation import SELLER, AdsCaller
from support.ads.emulation import report_body as ads_body
from support.sp.emulation import SpCaller, brand_body, report_body

Row = dict[str, Any]
TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
VENDOR = {"distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"}
DAYS = st.integers(700_000, 760_000)
AGES = st.integers(0, 60)


@pytest.fixture
def sp() -> Iterator[SpCaller]:
    caller = SpCaller()
    yield caller
    caller.emulation.close()


@given(st.integers(0, 99), DAYS, st.integers(0, VARIANTS - 1), AGES)
def test_a_day_is_sound(seed: int, day: int, variant: int, age: int) -> None:
    found = Shop(f"{seed}", 5).of_day(day, variant, age)

    assert 0 < found.items <= found.units
    assert found.business_units <= found.units
    assert found.shipped_units <= found.units
    assert found.returned_units <= found.shipped_units
    assert found.items < found.sessions <= found.views
    assert found.buy_box_views <= found.views


@given(DAYS, st.integers(0, VARIANTS - 1), AGES, AGES)
def test_only_shipping_and_returns_come_later(
    day: int, variant: int, age: int, later: int
) -> None:
    shop = Shop("1|acme|US", 5)
    before, after = (shop.of_day(day, variant, x) for x in (age, age + later))

    assert (before.units, before.sales) == (after.units, after.sales)
    assert before.shipped_units <= after.shipped_units
    assert before.returned_units <= after.returned_units
    if age >= max(SHIPPED_DAYS, RETURNED_DAYS):
        assert before == after


@given(st.integers(1, 40), DAYS, st.integers(1, 9))
def test_all_products_are_the_sum_of_each(products: int, day: int, length: int) -> None:
    shop = Shop("1|acme|US", products)
    days = [(day + n, 60) for n in range(length)]

    assert shop.of_all(days) == added(shop.over(n, days) for n in range(products))


def amounts(rows: list[Row], name: str) -> Decimal:
    return sum(
        (Decimal(str(r[name]["amount"])) for r in rows),
        Decimal(0),
    )


@pytest.mark.parametrize("granularity", ["PARENT", "CHILD", "SKU"])
@pytest.mark.parametrize("products", [1, 2, 5])
def test_sales_and_traffic_by_date_is_the_sum_of_the_products(
    sp: SpCaller, granularity: str, products: int
) -> None:
    sp.emulation.state.change({"sp_asins": products})
    options = {"dateGranularity": "DAY", "asinGranularity": granularity}
    body = report_body(TRAFFIC, options, "2026-11-10", "2026-11-16")
    document = sp.document(body, "acme-us")
    dates, asins = (document[f"salesAndTrafficBy{word}"] for word in ("Date", "Asin"))
    sold_by_date = [row["salesByDate"] for row in dates]
    sold = [row["salesByAsin"] for row in asins]
    seen_by_date = [row["trafficByDate"] for row in dates]
    seen = [row["trafficByAsin"] for row in asins]

    for name in ("orderedProductSales", "orderedProductSalesB2B"):
        assert amounts(sold_by_date, name) == amounts(sold, name)
    for name in ("unitsOrdered", "unitsOrderedB2B", "totalOrderItems"):
        assert total(sold_by_date, name) == total(sold, name)
    assert total(seen_by_date, "pageViews") == total(seen, "pageViews")
    assert total(seen_by_date, "sessions") <= total(seen, "sessions")
    assert len(asins) == (-(-products // 2) if granularity == "PARENT" else products)


def total(rows: list[Row], name: str) -> int:
    return sum(row[name] for row in rows)


def test_children_have_more_visits_than_their_parent(sp: SpCaller) -> None:
    def sessions(granularity: str) -> int:
        options = {"dateGranularity": "DAY", "asinGranularity": granularity}
        body = report_body(TRAFFIC, options, "2026-11-10", "2026-11-10")
        rows = sp.document(body, "acme-us")["salesAndTrafficByAsin"]
        return total([row["trafficByAsin"] for row in rows], "sessions")

    assert sessions("PARENT") < sessions("CHILD")


def vendor_sales(sp: SpCaller, period: str, start: str, end: str, **more: str) -> Any:
    options = {"reportPeriod": period, **VENDOR, **more}
    return sp.document(report_body("GET_VENDOR_SALES_REPORT", options, start, end))


@pytest.mark.parametrize(
    "options",
    [{}, {"distributorView": "SOURCING"}, {"sellingProgram": "BUSINESS"}],
)
def test_the_aggregate_of_a_vendor_is_the_sum_of_the_products(
    sp: SpCaller, options: dict[str, str]
) -> None:
    document = vendor_sales(sp, "DAY", "2026-11-10", "2026-11-12", **options)

    for whole in document["salesAggregate"]:
        day = whole["startDate"]
        parts = [row for row in document["salesByAsin"] if row["startDate"] == day]
        assert len(parts) == 5
        for name, value in whole.items():
            if isinstance(value, dict):
                assert amounts([whole], name) == amounts(parts, name)
            elif isinstance(value, int):
                assert value == total(parts, name)


def test_a_week_is_the_sum_of_its_days(sp: SpCaller) -> None:
    week = vendor_sales(sp, "WEEK", "2026-11-01", "2026-11-07")
    days = vendor_sales(sp, "DAY", "2026-11-01", "2026-11-07")

    for part in week["salesByAsin"]:
        own = [row for row in days["salesByAsin"] if row["asin"] == part["asin"]]
        assert part["orderedUnits"] == total(own, "orderedUnits")
        assert amounts([part], "shippedCogs") == amounts(own, "shippedCogs")


def test_sourcing_is_a_part_of_manufacturing(sp: SpCaller) -> None:
    days = ("DAY", "2026-11-10", "2026-11-10")
    made = vendor_sales(sp, *days)["salesAggregate"][0]
    bought = vendor_sales(sp, *days, distributorView="SOURCING")["salesAggregate"][0]

    assert 0 < bought["shippedUnits"] < made["shippedUnits"]


def test_hours_add_up_to_the_day_of_the_sales_report(sp: SpCaller) -> None:
    hours = sp.document(
        report_body(
            "GET_VENDOR_REAL_TIME_SALES_REPORT",
            {},
            "2026-11-12T08:00:00Z",
            "2026-11-13T08:00:00Z",
        )
    )["reportData"]
    (day,) = vendor_sales(sp, "DAY", "2026-11-12", "2026-11-12")["salesAggregate"]

    assert total(hours, "orderedUnits") == day["orderedUnits"]
    revenue = sum((Decimal(str(row["orderedRevenue"])) for row in hours), Decimal(0))
    assert revenue == amounts([day], "orderedRevenue")
    assert any(row["orderedUnits"] < 0 for row in hours)


def test_stock_of_all_products_is_the_sum_of_theirs(sp: SpCaller) -> None:
    options = {"reportPeriod": "WEEK", **VENDOR}
    document = sp.document(
        report_body("GET_VENDOR_INVENTORY_REPORT", options, "2026-11-01", "2026-11-07")
    )
    (whole,) = document["inventoryAggregate"]

    for name in ("sellableOnHandInventoryUnits", "openPurchaseOrderUnits"):
        assert whole[name] == total(document["inventoryByAsin"], name)


def test_every_step_of_a_search_has_fewer(sp: SpCaller) -> None:
    body = brand_body("SEARCH_CATALOG_PERFORMANCE", "2026-11-01", "2026-11-07")
    for row in sp.document(body, "acme-us")["dataByAsin"]:
        counts = [
            row["impressionData"]["impressionCount"],
            row["clickData"]["clickCount"],
            row["cartAddData"]["cartAddCount"],
            row["purchaseData"]["purchaseCount"],
        ]
        assert counts == sorted(counts, reverse=True)


def test_ordered_products_are_those_that_are_advertised(sp: SpCaller) -> None:
    options = {"dateGranularity": "DAY", "asinGranularity": "SKU"}
    body = report_body(TRAFFIC, options, "2026-11-10", "2026-11-10")
    sold = {
        (row["childAsin"], row["sku"])
        for row in sp.document(body, "acme-us")["salesAndTrafficByAsin"]
    }
    ads = AdsCaller()
    ads.sign_in()
    columns = ("date", "adId", "advertisedAsin", "advertisedSku")
    rows = ads.rows(ads_body("spAdvertisedProduct", ["advertiser"], columns), SELLER)
    ads.emulation.close()

    shown = {(row["advertisedAsin"], row["advertisedSku"]) for row in rows}
    assert {asin for asin, _ in shown} == {asin for asin, _ in sold}
    assert {pair for pair in shown if pair[1] is not None} <= sold
