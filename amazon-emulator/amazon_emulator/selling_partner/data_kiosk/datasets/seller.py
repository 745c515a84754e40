"""Seller analytics: a line per period, `metrics` by group over marketplaces. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from graphql import GraphQLObjectType

from amazon_emulator.market_model.retail import added
from amazon_emulator.selling_partner.data_kiosk.datasets.groups import (
    groups,
    inner_selection,
    is_selected,
)
from amazon_emulator.selling_partner.data_kiosk.datasets.lines import (
    ELEMENTS,
    KioskPlan,
    Line,
    dated,
)
from amazon_emulator.selling_partner.data_kiosk.datasets.money import Money
from amazon_emulator.selling_partner.data_kiosk.datasets.seeded_objects import (
    ObjectMaker,
)
from amazon_emulator.selling_partner.data_kiosk.schemas import SELLER, schema_of
from amazon_emulator.selling_partner.seeded_values import SeededDraw

if TYPE_CHECKING:
    from amazon_emulator.market_model.retail import Days, Retail, Shop
    from amazon_emulator.selling_partner.rows.plan import Row, SpRowPlan

NOT_IN_TOTALS = (
    *("reviews.displayRating", "reviews.rawRating", "reviews.totalRatingCount"),
    *("reviews.criticalReviewRate", "returns.returnedRate", "defects.topics"),
    "defects.totalDefectFrequency",
)
_BENCHMARKS = frozenset(("weekOverWeek", "monthOverMonth", "yearOverYear"))
_SHOWN = {
    "DAY": frozenset[str](),
    "WEEK": frozenset(("weekOverWeek", "yearOverYear")),
    "MONTH": frozenset(("monthOverMonth", "yearOverYear")),
}
"""Period -> what its numbers are compared with."""
Known = dict[str, object]


def _type(name: str) -> GraphQLObjectType:
    found = schema_of(SELLER).type_map[name]
    assert isinstance(found, GraphQLObjectType)  # noqa: S101 - our own file
    return found


def seller_view(plan: KioskPlan) -> Iterator[Line]:
    """Yield one line per whole period; several marketplaces are in it together."""
    shops = [
        (rows, rows.shop()) for rows in (plan.rows_of(m) for m in plan.marketplaces)
    ]
    maker = _Line(plan, shops)
    for start, end in plan.periods(plan.arguments["aggregateBy"]):
        if start > shops[0][0].today:
            break
        yield maker.line(start, end)


class _Line:
    """Makes the lines of one query."""

    def __init__(
        self, plan: KioskPlan, shops: Sequence[tuple[SpRowPlan, Shop]]
    ) -> None:
        self._plan, self._shops = plan, shops
        self._code = plan.arguments.get("currencyCode") or "USD"
        self._period = plan.arguments["aggregateBy"]

    def line(self, start: date, end: date) -> Line:
        selection, fields = self._plan.selection, dated(start, end)
        if is_selected(selection, "totals"):
            fields["totals"] = self._totals(start, end)
        if is_selected(selection, "sellerAttributes"):
            maker = self._maker(self._shops[0][0], "attributes", {})
            inner = inner_selection(selection, "sellerAttributes")
            fields["sellerAttributes"] = maker.made(_type("Attributes"), inner)
        return Line(fields, lambda: self._elements(start, end))

    def _totals(self, start: date, end: date) -> Row:
        """Return the sum over all marketplaces."""
        known: Known = {}
        parts = [
            _known(shop.of_all(rows.dated(start, end)), self._money(rows))
            for rows, shop in self._shops
        ]
        for path in parts[0]:
            known[path] = _sum([part[path] for part in parts])
        known |= dict.fromkeys(NOT_IN_TOTALS)
        maker = self._maker(self._shops[0][0], f"totals|{start}", known)
        inner = inner_selection(self._plan.selection, "totals")
        return maker.made(_type("Metrics"), inner)

    def _elements(self, start: date, end: date) -> Iterator[Row]:
        for rows, shop in self._shops:
            yield from self._of_shop(rows, shop, start, rows.dated(start, end))

    def _of_shop(
        self, rows: SpRowPlan, shop: Shop, start: date, days: Days
    ) -> Iterator[Row]:
        chosen = inner_selection(self._plan.selection, ELEMENTS)
        keys = inner_selection(chosen, "groupByKey")
        inner = inner_selection(chosen, "metrics")
        for key, items in groups(rows, keys, tuple(_type("Group").fields)):
            element: Row = {}
            if is_selected(chosen, "groupByKey"):
                element["groupByKey"] = key
            if is_selected(chosen, "metrics"):
                found = added(shop.over(item.number, days) for item in items)
                known = _known(found, self._money(rows))
                maker = self._maker(rows, f"{items[0].asin}|{start}", known)
                element["metrics"] = maker.made(_type("Metrics"), inner)
            yield element

    def _money(self, rows: SpRowPlan) -> Money:
        return Money(rows.marketplace.currency, self._code)

    def _maker(self, rows: SpRowPlan, name: str, known: Known) -> ObjectMaker:
        draw = SeededDraw(rows.salt(), "seller", self._period, name)
        empty = _BENCHMARKS - _SHOWN[self._period]
        return ObjectMaker(draw, self._code, known, empty)


def _known(found: Retail, money: Money) -> Known:
    """Return what follows from sales and visits, by the path of its value."""
    business = found.business_units
    shipped_b2b = found.shipped_units * business // found.units if found.units else 0
    return {
        "sales.unitsOrdered.value": found.units,
        "sales.unitsShipped.value": found.shipped_units,
        "sales.unitsShippedB2B.value": shipped_b2b,
        "sales.orderedProductSales.amount": money.of(found.sales),
        "sales.orderGMS.amount": money.of(found.sales),
        "sales.orderedProductSalesB2B.amount": money.of(found.business_sales),
        "sales.ordersShippedWithRevenue.unitsWithValue": {
            "units": found.shipped_orders,
            "value": money.of(found.shipped_sales),
        },
        "traffic.sessions.value": found.sessions,
        "traffic.browserSessions.value": found.browser_sessions,
        "traffic.mobileAppSessions.value": found.app_sessions,
        "traffic.pageViews.value": found.views,
        "traffic.browserPageViews.value": found.browser_views,
        "traffic.mobileAppPageViews.value": found.app_views,
        "traffic.glanceViews.value": found.views,
        "returns.returnedUnits.value": found.returned_units,
    }


def _sum(values: Sequence[object]) -> object:
    """Add numbers, or objects of numbers name by name; other values are the first."""
    first = values[0]
    if isinstance(first, int | float):
        return round(sum(v for v in values if isinstance(v, int | float)), 2)
    if not isinstance(first, dict):
        return first
    rows = [value for value in values if isinstance(value, dict)]
    return {name: _sum([row[name] for row in rows]) for name in first}
