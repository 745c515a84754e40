"""Sales and traffic: the numbers of the report of that name, in other lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.data_kiosk.datasets.lines import (
    KioskPlan,
    Line,
    dated,
)
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES
from amazon_emulator.selling_partner.rows.sales_traffic import (
    families,
    lacks_browser_views,
    of_family,
    of_period,
    ordered,
    percentage,
    period_draw,
    product_names,
    sales_by_date,
    traffic_by_asin,
    traffic_by_date,
)

if TYPE_CHECKING:
    from amazon_emulator.market_model.retail import Retail
    from amazon_emulator.selling_partner.rows.plan import Row, SpRowPlan


def by_date(plan: KioskPlan) -> Iterator[Line]:
    """Yield one line per marketplace and whole period up to today."""
    period = plan.arguments["aggregateBy"]
    for marketplace in plan.marketplaces:
        rows = plan.rows_of(marketplace)
        shop = rows.shop()
        for start, end in plan.periods(period):
            if start > rows.today:
                break
            found = of_period(rows, shop, start, end)
            draw = period_draw(rows, period, start)
            traffic = _traffic_of_period(found, traffic_by_date(found, draw))
            if lacks_browser_views(start):
                traffic["browserPageViews"] = None
            sales = {**sales_by_date(rows, found), **_shipped(rows, found)}
            claims = {
                "claimsGrantedB2B": _business(found, found.claims),
                "claimsAmountB2B": rows.amount(_business(found, found.claims_amount)),
            }
            yield Line(
                dated(
                    start,
                    end,
                    marketplaceId=marketplace.marketplace_id,
                    sales={**sales, **claims},
                    traffic=traffic,
                )
            )


def by_asin(plan: KioskPlan) -> Iterator[Line]:
    """Yield one line per marketplace and product, over all days."""
    level, (first, last) = plan.arguments["aggregateBy"], plan.days
    for marketplace in plan.marketplaces:
        rows = plan.rows_of(marketplace)
        shop, days = rows.shop(), rows.dated(first, last)
        if first > rows.today:
            continue
        everything = shop.of_all(days)
        for family in families(rows, level):
            found = of_family(shop, family, days)
            names = {"childAsin": None, "sku": None} | product_names(family[0], level)
            yield Line(_of_product(rows, first, last, names, found, everything))


def trends(plan: KioskPlan) -> Iterator[Line]:
    """Yield one line per filter, listed child ASIN and whole period."""
    period = plan.arguments["dateAggregation"]
    for products in plan.arguments["filters"]:
        rows = plan.rows_of(MARKETPLACES[products["marketplaceId"]])
        known = {item.asin: item for item in rows.products()}
        shop, listed = rows.shop(), [a for a in products["asins"] if a in known]
        for start, end in plan.periods(period):
            if start > rows.today:
                break
            days = rows.dated(start, end)
            everything = shop.of_all(days)
            for asin in dict.fromkeys(listed):
                found = of_family(shop, [known[asin]], days)
                names = {
                    "asinAggregation": "CHILD",
                    "sku": None,
                    **product_names(known[asin], "CHILD"),
                }
                yield Line(_of_product(rows, start, end, names, found, everything))


def _of_product(
    rows: SpRowPlan,
    start: date,
    end: date,
    names: Mapping[str, str | None],
    found: Retail,
    everything: Retail,
) -> Row:
    return dated(
        start,
        end,
        marketplaceId=rows.marketplace.marketplace_id,
        **names,
        sales={**ordered(rows, found), **_shipped(rows, found)},
        traffic=traffic_by_asin(found, everything),
    )


def _shipped(rows: SpRowPlan, found: Retail) -> Row:
    """Return what was shipped and came back, also to businesses."""
    returned = _business(found, found.returned_units)
    return {
        "unitsShipped": found.shipped_units,
        "unitsShippedB2B": _business(found, found.shipped_units),
        "shippedProductSales": rows.amount(found.shipped_sales),
        "shippedProductSalesB2B": rows.amount(_business(found, found.shipped_sales)),
        "ordersShipped": found.shipped_orders,
        "ordersShippedB2B": _business(found, found.shipped_orders),
        "unitsRefunded": found.returned_units,
        "unitsRefundedB2B": returned,
        "refundRate": percentage(found.returned_units, found.units),
        "refundRateB2B": percentage(returned, found.business_units),
    }


def _traffic_of_period(found: Retail, traffic: Row) -> Row:
    feedback = _business(found, traffic["feedbackReceived"])
    negative = min(feedback, traffic["negativeFeedbackReceived"])
    return {
        **traffic,
        "feedbackReceivedB2B": feedback,
        "negativeFeedbackReceivedB2B": negative,
        "receivedNegativeFeedbackRateB2B": percentage(negative, feedback),
    }


def _business(found: Retail, count: int) -> int:
    """Return the part of a count that businesses have."""
    return count * found.business_units // found.units if found.units else 0
