"""Vendor analytics: sales, margin, traffic, inventory, forecasting, real time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from amazon_emulator.clock import format_seconds
from amazon_emulator.selling_partner.periods import first_day, shifted, spans
from amazon_emulator.selling_partner.rows.plan import Row, Section, SpRowPlan, section

if TYPE_CHECKING:
    from amazon_emulator.market_model.retail import Days, Retail
    from amazon_emulator.selling_partner.seeded_values import SeededDraw

_FORECAST_WEEKS = 4
_HOUR = timedelta(hours=1)
_FRESH = "FRESH"
_CANCELLED_AT = 6
_SOURCED = 70
"""Per cent of what is sold that was bought from the vendor who asks."""
_SOLD = (
    *("units", "sales", "shipped_units", "shipped_sales", "shipped_cost"),
    "returned_units",
)
Metrics = Callable[["SpRowPlan", "Retail"], Row]
"""(plan, what was sold) -> metrics of a product, or of all."""
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
    """Return what was ordered, hour by hour; returns are negative.

    The hours of a day add up to what the sales report says was ordered.
    """
    return [section("reportData", lambda: _hourly(plan, _ordered_in_hour))]


def real_time_traffic(plan: SpRowPlan) -> list[Section]:
    """Return how often products were looked at, hour by hour."""
    return [section("reportData", lambda: _hourly(plan, _viewed_in_hour))]


def _is_empty(plan: SpRowPlan) -> bool:
    """A vendor outside the Fresh programme gets arrays without rows."""
    return plan.options.get("sellingProgram") == _FRESH


def _total_and_by_asin(
    name: str, metrics: Metrics, *, is_by_programme: bool = False
) -> Maker:
    """Return what makes both arrays: a total, and the products that add up to it."""

    def sections(plan: SpRowPlan) -> list[Section]:
        shop = plan.shop(_view(plan)) if is_by_programme else plan.shop()

        def total() -> Iterator[Row]:
            for days, dates in _periods(plan):
                yield {**dates, **metrics(plan, shop.of_all(days))}

        def by_asin() -> Iterator[Row]:
            for days, dates in _periods(plan):
                for item in plan.products():
                    found = metrics(plan, shop.over(item.number, days))
                    yield {**dates, "asin": item.asin, **found}

        return [section(f"{name}Aggregate", total), section(f"{name}ByAsin", by_asin)]

    return sections


def _periods(plan: SpRowPlan) -> Iterator[tuple[Days, Row]]:
    """Yield the days of every period, and how a row names it."""
    period = plan.options["reportPeriod"]
    for start, end in () if _is_empty(plan) else spans(period, *plan.days):
        dates = {"startDate": start.isoformat(), "endDate": end.isoformat()}
        yield plan.dated(start, end), dates


def _view(plan: SpRowPlan) -> Callable[[Retail], Retail]:
    """Return what a selling programme and a distributor's view show of sales."""
    return view_of(
        is_business=plan.options.get("sellingProgram") == "BUSINESS",
        is_sourced=plan.options.get("distributorView") == "SOURCING",
    )


def view_of(*, is_business: bool, is_sourced: bool) -> Callable[[Retail], Retail]:
    """Return a view of sales: those to businesses, those that were sourced."""

    def view(found: Retail) -> Retail:
        part = found.business_units if is_business else found.units
        above, below = part * (_SOURCED if is_sourced else 100), found.units * 100
        shown = {name: getattr(found, name) * above // max(1, below) for name in _SOLD}
        return found._replace(**shown)

    return view


def _sales(plan: SpRowPlan, found: Retail) -> Row:
    row: Row = {}
    if plan.options["sellingProgram"] != _FRESH:
        row["customerReturns"] = found.returned_units
    if plan.options["distributorView"] == "MANUFACTURING":
        row["orderedRevenue"] = plan.amount(found.sales)
        row["orderedUnits"] = found.units
    return row | {
        "shippedCogs": plan.amount(found.shipped_cost),
        "shippedRevenue": plan.amount(found.shipped_sales),
        "shippedUnits": found.shipped_units,
    }


def _margin(plan: SpRowPlan, found: Retail) -> Row:
    del plan
    kept = found.shipped_sales - found.shipped_cost
    margin = round(kept / found.shipped_sales, 4) if found.shipped_sales else 0
    return {"netPureProductMargin": margin}


def _traffic(plan: SpRowPlan, found: Retail) -> Row:
    del plan
    return {"glanceViews": found.views}


def inventory(plan: SpRowPlan) -> list[Section]:
    """Return what lay in stock: products share what they have in a period."""
    shop = plan.shop()

    def total() -> Iterator[Row]:
        for days, dates in _periods(plan):
            first, count = days[0][0], max(1, shop.products)
            found = dict.fromkeys(_STOCK, 0)
            for variant, times in shop.counts(first).items():
                for name, value in _stock(plan, dates, variant).items():
                    found[name] += times * value
            yield {**dates, **_stock_row(plan, found, -1, count)}

    def by_asin() -> Iterator[Row]:
        for days, dates in _periods(plan):
            for item in plan.products():
                found = _stock(plan, dates, shop.variant(item.number, days[0][0]))
                row = _stock_row(plan, found, item.number)
                yield {**dates, "asin": item.asin, **row}

    return [
        section("inventoryAggregate", total),
        section("inventoryByAsin", by_asin),
    ]


_RATE, _COST, _UNITS, _TENTHS = "rate", "cost", "units", "tenths"
_STOCK: Mapping[str, tuple[str, int, int]] = {
    "vendorConfirmationRate": (_RATE, 0, 10_000),
    "netReceivedInventoryCost": (_COST, -20_000, 300_000),
    "netReceivedInventoryUnits": (_UNITS, -30, 400),
    "openPurchaseOrderUnits": (_UNITS, 0, 500),
    "averageVendorLeadTimeDays": (_TENTHS, 0, 300),
    "sellThroughRate": (_RATE, 0, 10_000),
    "unfilledCustomerOrderedUnits": (_UNITS, 0, 40),
    "sellableOnHandInventoryCost": (_COST, 0, 9_000_000),
    "sellableOnHandInventoryUnits": (_UNITS, 0, 6000),
    "unsellableOnHandInventoryCost": (_COST, 0, 500_000),
    "unsellableOnHandInventoryUnits": (_UNITS, 0, 900),
    "aged90PlusDaysSellableInventoryCost": (_COST, 0, 500_000),
    "aged90PlusDaysSellableInventoryUnits": (_UNITS, 0, 2500),
    "unhealthyInventoryCost": (_COST, 0, 500_000),
    "unhealthyInventoryUnits": (_UNITS, 0, 150),
    "procurableProductOutOfStockRate": (_RATE, 0, 10_000),
    "uft": (_RATE, 0, 10_000),
    "receiveFillRate": (_RATE, 0, 10_000),
}
"""Column -> what it counts in, least and most: rates in ten-thousandths."""


def _stock(plan: SpRowPlan, dates: Row, variant: int) -> dict[str, int]:
    draw = plan.draw("stock", dates["startDate"], variant)
    return {
        name: draw.whole(name, high, low) for name, (_, low, high) in _STOCK.items()
    }


def _stock_row(
    plan: SpRowPlan, found: Mapping[str, int], number: int, count: int = 1
) -> Row:
    """Return the columns of a product, or of the total (-1) over `count` products."""

    def shown(name: str, value: int) -> object:
        kind = _STOCK[name][0]
        if kind == _RATE:
            return round(value / count / 10_000, 4)
        if kind == _TENTHS:
            return round(value / count / 10, 1)
        return plan.amount(value) if kind == _COST else value

    row: Row = {name: shown(name, value) for name, value in found.items()}
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
        for start, names in _hours(plan):
            for item in plan.products():
                draw = plan.draw(item.asin, start)
                if draw.whole("silent", 3) == 0:
                    continue  # a product without news in this hour has no row
                yield {**names, "asin": item.asin, **metrics(draw)}

    return [section("reportData", rows)]


def _hours(plan: SpRowPlan) -> Iterator[tuple[datetime, Row]]:
    """Yield the full hours of a report, and how a row names each."""
    start = _next_full_hour(plan.start)
    while start + _HOUR <= plan.end:
        ends = (format_seconds(start), format_seconds(start + _HOUR))
        yield start, dict(zip(("startTime", "endTime"), ends, strict=True))
        start += _HOUR


def _hourly(
    plan: SpRowPlan, metrics: Callable[[SpRowPlan, Retail, int], Row]
) -> Iterator[Row]:
    """Yield what happened in each hour of the days where the marketplace is."""
    zone, shop = ZoneInfo(plan.marketplace.timezone), plan.shop()
    now = plan.today.toordinal() + plan.settings.restate
    for start, names in _hours(plan):
        local = start.astimezone(zone)
        day = local.toordinal()
        for item in plan.products():
            found = shop.of_day(day, shop.variant(item.number, day), now - day)
            row = metrics(plan, found, local.hour)
            if any(row.values()):
                # a product without news in this hour has no row
                yield {**names, "asin": item.asin, **row}


def _ordered_in_hour(plan: SpRowPlan, found: Retail, hour: int) -> Row:
    del plan
    units = _part(found.units, hour) + _taken_back(found, hour)
    price = found.sales // max(1, found.units)
    revenue = units * price
    is_whole = revenue % 100 == 0
    return {
        "orderedUnits": units,
        "orderedRevenue": revenue // 100 if is_whole else revenue / 100,
    }


def _taken_back(found: Retail, hour: int) -> int:
    """Return orders cancelled in one hour, which others had been more in the last."""
    if hour not in (_CANCELLED_AT - 1, _CANCELLED_AT):
        return 0
    count = found.units % 3 * 4
    return count if hour < _CANCELLED_AT else -count


def _viewed_in_hour(plan: SpRowPlan, found: Retail, hour: int) -> Row:
    del plan
    return {"glanceViews": _part(found.views, hour)}


def _part(whole: int, hour: int) -> int:
    """Return the part of a day's count that falls into an hour of it."""
    return whole * (hour + 1) // 24 - whole * hour // 24


def _next_full_hour(instant: datetime) -> datetime:
    utc = instant.astimezone(timezone.utc)
    full = utc.replace(minute=0, second=0, microsecond=0)
    return full if full == utc else full + _HOUR


sales = _total_and_by_asin("sales", _sales, is_by_programme=True)
margin = _total_and_by_asin("netPureProductMargin", _margin)
traffic = _total_and_by_asin("traffic", _traffic)
