"""Vendor analytics: sales, margin, traffic, inventory, forecasting, real time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_seconds
from amazon_emulator.selling_partner.periods import first_day, shifted, spans
from amazon_emulator.selling_partner.rows.plan import Row, Section, SpRowPlan, section

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.seeded_values import SeededDraw

_FORECAST_WEEKS = 4
_HOUR = timedelta(hours=1)
_FRESH = "FRESH"
Metrics = Callable[["SpRowPlan", "SeededDraw", int], Row]
"""(plan, numbers, number of the product or -1 for the total) -> metrics."""
Maker = Callable[["SpRowPlan"], list[Section]]


def forecasting(plan: SpRowPlan) -> list[Section]:
    """Return the newest weekly forecast of every product."""

    def rows() -> Iterator[Row]:
        if _is_empty(plan):
            return
        generated = first_day("WEEK", plan.today)
        for item in plan.products():
            for week in range(_FORECAST_WEEKS):
                start = shifted("WEEK", generated, week)
                mean = plan.draw(item.asin, start).money("mean", 300)
                yield {
                    "forecastGenerationDate": generated.isoformat(),
                    "asin": item.asin,
                    "startDate": start.isoformat(),
                    "endDate": (start + timedelta(days=6)).isoformat(),
                    "meanForecastUnits": mean,
                    "p70ForecastUnits": round(mean * 1.2, 2),
                    "p80ForecastUnits": round(mean * 1.4, 2),
                    "p90ForecastUnits": round(mean * 1.9, 2),
                }

    return [section("forecastByAsin", rows)]


def real_time_inventory(plan: SpRowPlan) -> list[Section]:
    """Return what could be sold, hour by hour."""
    return _by_hour(
        plan, lambda draw: {"highlyAvailableInventory": draw.whole("stock", 900)}
    )


def real_time_sales(plan: SpRowPlan) -> list[Section]:
    """Return what was ordered, hour by hour; returns are negative."""
    return _by_hour(
        plan,
        lambda draw: {
            "orderedUnits": draw.whole("units", 20, -2),
            "orderedRevenue": draw.money("revenue", 900, -40),
        },
    )


def real_time_traffic(plan: SpRowPlan) -> list[Section]:
    """Return how often products were looked at, hour by hour."""
    return _by_hour(plan, lambda draw: {"glanceViews": draw.whole("views", 400)})


def _is_empty(plan: SpRowPlan) -> bool:
    """A vendor outside the Fresh programme gets arrays without rows."""
    return plan.options.get("sellingProgram") == _FRESH


def _total_and_by_asin(name: str, metrics: Metrics) -> Maker:
    def sections(plan: SpRowPlan) -> list[Section]:
        def periods() -> Iterator[tuple[date, Row]]:
            period, days = plan.options["reportPeriod"], plan.days
            for start, end in () if _is_empty(plan) else spans(period, *days):
                dates = {"startDate": start.isoformat(), "endDate": end.isoformat()}
                yield start, dates

        def total() -> Iterator[Row]:
            for start, dates in periods():
                yield {**dates, **metrics(plan, plan.draw("total", start), -1)}

        def by_asin() -> Iterator[Row]:
            for start, dates in periods():
                for item in plan.products():
                    numbers = plan.draw(item.asin, start)
                    found = metrics(plan, numbers, item.number)
                    yield {**dates, "asin": item.asin, **found}

        return [section(f"{name}Aggregate", total), section(f"{name}ByAsin", by_asin)]

    return sections


def _sales(plan: SpRowPlan, draw: SeededDraw, number: int) -> Row:
    del number
    row: Row = {}
    if plan.options["sellingProgram"] != _FRESH:
        row["customerReturns"] = draw.whole("returns", 9)
    if plan.options["distributorView"] == "MANUFACTURING":
        row["orderedRevenue"] = plan.money(draw.money("ordered"))
        row["orderedUnits"] = draw.whole("ordered", 300)
    return row | {
        "shippedCogs": plan.money(draw.money("cogs")),
        "shippedRevenue": plan.money(draw.money("shipped")),
        "shippedUnits": draw.whole("shipped", 280),
    }


def _margin(plan: SpRowPlan, draw: SeededDraw, number: int) -> Row:
    del plan, number
    return {"netPureProductMargin": draw.share("margin")}


def _traffic(plan: SpRowPlan, draw: SeededDraw, number: int) -> Row:
    del plan, number
    return {"glanceViews": draw.whole("views", 9000)}


def _inventory(plan: SpRowPlan, draw: SeededDraw, number: int) -> Row:
    row: Row = {
        "vendorConfirmationRate": draw.share("confirmed"),
        "netReceivedInventoryCost": plan.money(draw.money("received", 3000, -200)),
        "netReceivedInventoryUnits": draw.whole("received", 400, -30),
        "openPurchaseOrderUnits": draw.whole("open", 500),
        "averageVendorLeadTimeDays": draw.whole("lead", 300) / 10,
        "sellThroughRate": draw.share("sold"),
        "unfilledCustomerOrderedUnits": draw.whole("unfilled", 40),
        "sellableOnHandInventoryCost": plan.money(draw.money("sellable", 90_000)),
        "sellableOnHandInventoryUnits": draw.whole("sellable", 6000),
        "unsellableOnHandInventoryCost": plan.money(draw.money("unsellable")),
        "unsellableOnHandInventoryUnits": draw.whole("unsellable", 900),
        "aged90PlusDaysSellableInventoryCost": plan.money(draw.money("aged")),
        "aged90PlusDaysSellableInventoryUnits": draw.whole("aged", 2500),
        "unhealthyInventoryCost": plan.money(draw.money("unhealthy")),
        "unhealthyInventoryUnits": draw.whole("unhealthy", 150),
        "procurableProductOutOfStockRate": draw.share("out"),
        "uft": draw.share("uft"),
        "receiveFillRate": draw.share("fill"),
    }
    if number % 4 == 3:  # noqa: PLR2004 - a product Amazon knows less about
        del row["averageVendorLeadTimeDays"], row["sellThroughRate"]
    if plan.options["reportPeriod"] == "DAY":
        for name in ("unhealthyInventoryCost", "unhealthyInventoryUnits"):
            # Both were seen: no such key, and a null that the schema does not allow.
            if number % 2:
                row[name] = None
            else:
                del row[name]
    return row


def _by_hour(plan: SpRowPlan, metrics: Callable[[SeededDraw], Row]) -> list[Section]:
    def rows() -> Iterator[Row]:
        start = _next_full_hour(plan.start)
        while start + _HOUR <= plan.end:
            for item in plan.products():
                draw = plan.draw(item.asin, start)
                if draw.whole("silent", 3) == 0:
                    continue  # a product without news in this hour has no row
                yield {
                    "startTime": format_seconds(start),
                    "endTime": format_seconds(start + _HOUR),
                    "asin": item.asin,
                    **metrics(draw),
                }
            start += _HOUR

    return [section("reportData", rows)]


def _next_full_hour(instant: datetime) -> datetime:
    utc = instant.astimezone(timezone.utc)
    full = utc.replace(minute=0, second=0, microsecond=0)
    return full if full == utc else full + _HOUR


sales = _total_and_by_asin("sales", _sales)
margin = _total_and_by_asin("netPureProductMargin", _margin)
traffic = _total_and_by_asin("traffic", _traffic)
inventory = _total_and_by_asin("inventory", _inventory)
