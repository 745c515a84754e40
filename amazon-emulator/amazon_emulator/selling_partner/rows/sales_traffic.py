"""Sales and traffic of sellers: by date, and by product over the whole range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.periods import spans
from amazon_emulator.selling_partner.rows.plan import Row, Section, SpRowPlan, section

if TYPE_CHECKING:
    from datetime import date

    from amazon_emulator.selling_partner.seeded_values import Product, SeededDraw


def sales_and_traffic(plan: SpRowPlan) -> list[Section]:
    """Return both sections; only the first one has dates."""
    return [
        section("salesAndTrafficByDate", lambda: _by_date(plan)),
        section("salesAndTrafficByAsin", lambda: _by_asin(plan)),
    ]


def _by_date(plan: SpRowPlan) -> Iterator[Row]:
    granularity = plan.options.get("dateGranularity", "DAY")
    # Dates inside a week or month are widened to the whole of it.
    for start, _ in spans(granularity, *plan.days):
        draw = plan.draw("date", start)
        sales = _sales_by_date(plan, draw)
        traffic = _traffic_by_date(draw)
        if start.day % 5 == 0:
            del traffic["browserPageViews"]  # as in Amazon's own first example
        yield {
            "date": start.isoformat(),
            "salesByDate": sales,
            "trafficByDate": traffic,
        }


def _sales_by_date(plan: SpRowPlan, draw: SeededDraw) -> Row:
    def money(name: str, high: float = 5000) -> Row:
        return plan.money(draw.money(name, high))

    return {
        "orderedProductSales": money("ordered"),
        "orderedProductSalesB2B": money("orderedB2B", 500),
        "unitsOrdered": draw.whole("units", 400),
        "unitsOrderedB2B": draw.whole("unitsB2B", 40),
        "totalOrderItems": draw.whole("items", 380),
        "totalOrderItemsB2B": draw.whole("itemsB2B", 30),
        "averageSalesPerOrderItem": money("per item", 60),
        "averageSalesPerOrderItemB2B": money("per itemB2B", 60),
        "averageUnitsPerOrderItem": draw.whole("each", 300) / 100,
        "averageUnitsPerOrderItemB2B": draw.whole("eachB2B", 300) / 100,
        "averageSellingPrice": money("price", 60),
        "averageSellingPriceB2B": money("priceB2B", 60),
        "unitsRefunded": draw.whole("refunded", 9),
        "refundRate": draw.percent("refunds"),
        "claimsGranted": draw.whole("claims", 3),
        "claimsAmount": money("claims", 90),
        "shippedProductSales": money("shipped"),
        "unitsShipped": draw.whole("shipped", 390),
        "ordersShipped": draw.whole("orders", 300),
    }


_SPLIT = ("browser", "mobileApp")


def _counts(draw: SeededDraw, things: str) -> Row:
    """Return browser, app and total of page views or sessions, with and without B2B."""
    row: Row = {}
    for ending, high in (("", 900), ("B2B", 90)):
        parts = {f"{way}{things}{ending}": draw.whole(way, high) for way in _SPLIT}
        total = f"{things[0].lower()}{things[1:]}{ending}"
        row |= {**parts, total: sum(parts.values())}
    return row


def _traffic_by_date(draw: SeededDraw) -> Row:
    percentages = ("buyBox", "orderItemSession", "unitSession")
    return {
        **_counts(draw, "PageViews"),
        **_counts(draw, "Sessions"),
        **{
            f"{name}Percentage{ending}": draw.percent(f"{name}{ending}")
            for name in percentages
            for ending in ("", "B2B")
        },
        "averageOfferCount": draw.whole("offers", 9000),
        "averageParentItems": draw.whole("parents", 900),
        "feedbackReceived": draw.whole("feedback", 20),
        "negativeFeedbackReceived": draw.whole("negative", 3),
        "receivedNegativeFeedbackRate": draw.percent("negative"),
    }


def _by_asin(plan: SpRowPlan) -> Iterator[Row]:
    granularity = plan.options.get("asinGranularity", "PARENT")
    days = plan.days
    seen: set[str] = set()
    for item in plan.products():
        if granularity == "PARENT" and item.parent_asin in seen:
            continue
        seen.add(item.parent_asin)
        yield {**_names(item, granularity), **_asin_metrics(plan, item, days)}


def _names(item: Product, granularity: str) -> Row:
    row: Row = {"parentAsin": item.parent_asin}
    if granularity != "PARENT":
        row["childAsin"] = item.asin
    if granularity == "SKU":
        row["sku"] = item.sku
    return row


def _asin_metrics(plan: SpRowPlan, item: Product, days: tuple[date, date]) -> Row:
    draw = plan.draw(item.asin, *days)
    percentages = ("browserSession", "mobileAppSession", "session")
    views = ("browserPageViews", "mobileAppPageViews", "pageViews")
    return {
        "salesByAsin": {
            "unitsOrdered": draw.whole("units", 40),
            "unitsOrderedB2B": draw.whole("unitsB2B", 4),
            "orderedProductSales": plan.money(draw.money("sales", 900)),
            "orderedProductSalesB2B": plan.money(draw.money("salesB2B", 90)),
            "totalOrderItems": draw.whole("items", 40),
            "totalOrderItemsB2B": draw.whole("itemsB2B", 4),
        },
        "trafficByAsin": {
            **_counts(draw, "Sessions"),
            **_counts(draw, "PageViews"),
            **{
                f"{name}Percentage{ending}": draw.percent(f"{name}{ending}")
                for name in (*percentages, *views, "buyBox", "unitSession")
                for ending in ("", "B2B")
            },
        },
    }
