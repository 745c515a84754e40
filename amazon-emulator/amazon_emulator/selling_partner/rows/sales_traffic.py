"""Sales and traffic of sellers: by date, and by product over the whole range.

Both add up the same sales and page views. Visits do not add up, as at Amazon: somebody
who looks at two products of a family, or on one date, has made one visit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from amazon_emulator.market_model.retail import added
from amazon_emulator.selling_partner.periods import spans
from amazon_emulator.selling_partner.rows.plan import Row, Section, SpRowPlan, section
from amazon_emulator.selling_partner.seeded_values import SeededDraw

if TYPE_CHECKING:
    from amazon_emulator.market_model.products import Product
    from amazon_emulator.market_model.retail import Days, Retail, Shop

OF_A_FAMILY, OF_A_DATE = 8, 6
"""One of so many visits is to several products: of one parent, of all."""


def sales_and_traffic(plan: SpRowPlan) -> list[Section]:
    """Return both sections; only the first one has dates."""
    return [
        section("salesAndTrafficByDate", lambda: _by_date(plan)),
        section("salesAndTrafficByAsin", lambda: _by_asin(plan)),
    ]


def _by_date(plan: SpRowPlan) -> Iterator[Row]:
    granularity, shop = plan.options.get("dateGranularity", "DAY"), plan.shop()
    # Dates inside a week or month are widened to the whole of it.
    for start, end in spans(granularity, *plan.days):
        found = of_period(plan, shop, start, end)
        traffic = traffic_by_date(found, period_draw(plan, granularity, start))
        if lacks_browser_views(start):
            del traffic["browserPageViews"]  # as in Amazon's own first example
        yield {
            "date": start.isoformat(),
            "salesByDate": sales_by_date(plan, found),
            "trafficByDate": traffic,
        }


def of_period(plan: SpRowPlan, shop: Shop, start: date, end: date) -> Retail:
    """Return what all products sold in a period, visits to several counted once."""
    found = shop.of_all(plan.dated(start, end))
    return visits_once(found, OF_A_DATE) if shop.products > 1 else found


def of_family(shop: Shop, family: Sequence[Product], days: Days) -> Retail:
    """Return what the products of a row sold, visits to several counted once."""
    found = added(shop.over(item.number, days) for item in family)
    return visits_once(found, OF_A_FAMILY) if len(family) > 1 else found


def period_draw(plan: SpRowPlan, granularity: str, start: date) -> SeededDraw:
    """Return the numbers of a period that do not follow from sales and visits."""
    return SeededDraw(plan.salt(), "by date", granularity, plan.settings.restate, start)


def lacks_browser_views(start: date) -> bool:
    """Say whether the page views in browsers of a period are missing."""
    return start.day % 5 == 0


def visits_once(found: Retail, one_of: int) -> Retail:
    """Return the sales of several products, visits to two of them counted once."""
    names = ("browser_sessions", "app_sessions")
    every = (*names, *(f"business_{name}" for name in names))
    counts = {name: getattr(found, name) for name in every}
    return found._replace(**{k: v - v // one_of for k, v in counts.items()})


def ordered(plan: SpRowPlan, found: Retail) -> Row:
    """Return what was ordered, as both sections name it."""
    return {
        "unitsOrdered": found.units,
        "unitsOrderedB2B": found.business_units,
        "orderedProductSales": plan.amount(found.sales),
        "orderedProductSalesB2B": plan.amount(found.business_sales),
        "totalOrderItems": found.items,
        "totalOrderItemsB2B": found.business_items,
    }


def sales_by_date(plan: SpRowPlan, found: Retail) -> Row:
    """Return the sales of a period."""

    def each(amount: int, count: int) -> Row:
        return plan.amount(amount // count if count else 0)

    items, business = found.items, found.business_items
    return {
        **ordered(plan, found),
        "averageSalesPerOrderItem": each(found.sales, items),
        "averageSalesPerOrderItemB2B": each(found.business_sales, business),
        "averageUnitsPerOrderItem": _quotient(found.units, items),
        "averageUnitsPerOrderItemB2B": _quotient(found.business_units, business),
        "averageSellingPrice": each(found.sales, found.units),
        "averageSellingPriceB2B": each(found.business_sales, found.business_units),
        "unitsRefunded": found.returned_units,
        "refundRate": percentage(found.returned_units, found.units),
        "claimsGranted": found.claims,
        "claimsAmount": plan.amount(found.claims_amount),
        "shippedProductSales": plan.amount(found.shipped_sales),
        "unitsShipped": found.shipped_units,
        "ordersShipped": found.shipped_orders,
    }


def _counts(found: Retail, things: str) -> Row:
    """Return browser, app and total of page views or sessions, with and without B2B."""
    word = {"PageViews": "views", "Sessions": "sessions"}[things]
    row: Row = {}
    for ending, whose in (("", ""), ("B2B", "business_")):
        parts = {
            f"browser{things}{ending}": getattr(found, f"{whose}browser_{word}"),
            f"mobileApp{things}{ending}": getattr(found, f"{whose}app_{word}"),
        }
        total = f"{things[0].lower()}{things[1:]}{ending}"
        row |= {**parts, total: sum(parts.values())}
    return row


def _conversion(found: Retail) -> Row:
    """Return what both sections say about visits that ended in an order."""
    business = found.business_browser_sessions + found.business_app_sessions
    featured = percentage(found.buy_box_views, found.views)
    return {
        "buyBoxPercentage": featured,
        "buyBoxPercentageB2B": featured,
        "unitSessionPercentage": percentage(found.units, found.sessions),
        "unitSessionPercentageB2B": percentage(found.business_units, business),
    }


def traffic_by_date(found: Retail, draw: SeededDraw) -> Row:
    """Return the visits of a period, and the feedback that came in."""
    business = found.business_browser_sessions + found.business_app_sessions
    feedback = draw.whole("feedback", 20)
    negative = draw.whole("negative", min(3, feedback))
    return {
        **_counts(found, "PageViews"),
        **_counts(found, "Sessions"),
        **_conversion(found),
        "orderItemSessionPercentage": percentage(found.items, found.sessions),
        "orderItemSessionPercentageB2B": percentage(found.business_items, business),
        "averageOfferCount": draw.whole("offers", 9000),
        "averageParentItems": draw.whole("parents", 900),
        "feedbackReceived": feedback,
        "negativeFeedbackReceived": negative,
        "receivedNegativeFeedbackRate": percentage(negative, feedback),
    }


def _by_asin(plan: SpRowPlan) -> Iterator[Row]:
    granularity = plan.options.get("asinGranularity", "PARENT")
    shop, days = plan.shop(), plan.dated(*plan.days)
    everything = shop.of_all(days)
    for family in families(plan, granularity):
        found = of_family(shop, family, days)
        yield {
            **product_names(family[0], granularity),
            "salesByAsin": ordered(plan, found),
            "trafficByAsin": traffic_by_asin(found, everything),
        }


def families(plan: SpRowPlan, granularity: str) -> Iterator[Sequence[Product]]:
    """Yield the products of a row: those of one parent, or each alone."""
    items = plan.products()
    for item in items:
        alone = granularity != "PARENT" or item.number + 1 == plan.settings.sp_asins
        # The parent of a product is that of the next one if its number is even.
        yield (item,) if alone else (item, next(items))


def product_names(item: Product, granularity: str) -> Row:
    """Return the names of a row's product that its level has."""
    row: Row = {"parentAsin": item.parent_asin}
    if granularity != "PARENT":
        row["childAsin"] = item.asin
    if granularity == "SKU":
        row["sku"] = item.sku
    return row


def traffic_by_asin(found: Retail, everything: Retail) -> Row:
    """Return the visits to a product, and their shares of those to all products."""
    own = _counts(found, "Sessions") | _counts(found, "PageViews")
    all_ = _counts(everything, "Sessions") | _counts(everything, "PageViews")
    shares = {_share_name(name): percentage(own[name], all_[name]) for name in own}
    return {**own, **shares, **_conversion(found)}


def _share_name(name: str) -> str:
    """Return `sessionPercentageB2B` for `sessionsB2B`, `pageViewsPercentage` too."""
    ending = "B2B" if name.endswith("B2B") else ""
    counted = name.removesuffix("B2B")
    if counted.lower().endswith("sessions"):
        counted = counted.removesuffix("s")
    return f"{counted}Percentage{ending}"


def _quotient(above: int, below: int) -> float:
    return round(above / below, 2) if below else 0


def percentage(above: int, below: int) -> float:
    """Return a part in percent, with two digits."""
    return round(above * 100 / below, 2) if below else 0
