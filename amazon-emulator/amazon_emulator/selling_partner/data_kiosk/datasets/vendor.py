"""Vendor analytics: a line per marketplace and period, `metrics` by group. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
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
from amazon_emulator.selling_partner.data_kiosk.schemas import VENDOR, schema_of
from amazon_emulator.selling_partner.periods import first_day, shifted
from amazon_emulator.selling_partner.rows.vendor import view_of
from amazon_emulator.selling_partner.seeded_values import SeededDraw

if TYPE_CHECKING:
    from amazon_emulator.market_model.retail import Days, Retail, Shop
    from amazon_emulator.selling_partner.data_kiosk.query_text import Selection
    from amazon_emulator.selling_partner.rows.plan import Row, SpRowPlan

_WEEKS = 4
_UNKNOWN_EVERY = 4
"""Of every so many products Amazon knows nothing about the sourcing."""


def sourcing_view(plan: KioskPlan) -> Iterator[Line]:
    """Yield what the vendor sold to Amazon."""
    return _lines(plan, "Sourced", is_sourced=True)


def manufacturing_view(plan: KioskPlan) -> Iterator[Line]:
    """Yield what was sold of the vendor's brands, whoever sold it to Amazon."""
    return _lines(plan, "Manufactured", is_sourced=False)


def _lines(plan: KioskPlan, kind: str, *, is_sourced: bool) -> Iterator[Line]:
    found = schema_of(VENDOR).type_map[kind]
    assert isinstance(found, GraphQLObjectType)  # noqa: S101 - our own file
    view = view_of(is_business=False, is_sourced=is_sourced)
    for marketplace in plan.marketplaces:
        rows = plan.rows_of(marketplace)
        maker = _Line(plan, rows, rows.shop(view), found)
        for start, end in plan.periods(plan.arguments["aggregateBy"]):
            if start > rows.today:
                break
            yield maker.line(start, end)


class _Line:
    """Makes the lines of one marketplace."""

    def __init__(
        self, plan: KioskPlan, rows: SpRowPlan, shop: Shop, kind: GraphQLObjectType
    ) -> None:
        self._plan, self._rows, self._shop, self._kind = plan, rows, shop, kind
        code = plan.arguments.get("currencyCode") or "USD"
        self._money = Money(rows.marketplace.currency, code)
        self._period = plan.arguments["aggregateBy"]

    def line(self, start: date, end: date) -> Line:
        days = self._rows.dated(start, end)
        fields = dated(start, end, marketplaceId=self._rows.marketplace.marketplace_id)
        selection = self._plan.selection
        if is_selected(selection, "totals"):
            found, inner = self._shop.of_all(days), inner_selection(selection, "totals")
            fields["totals"] = self._metrics(found, start, "totals", -1, inner)
        return Line(fields, lambda: self._elements(start, days))

    def _elements(self, start: date, days: Days) -> Iterator[Row]:
        """Yield an element per group; it holds what the text selects of it."""
        chosen = inner_selection(self._plan.selection, ELEMENTS)
        keys = inner_selection(chosen, "groupByKey")
        metrics = inner_selection(chosen, "metrics")
        for key, items in groups(self._rows, keys, _KEYS):
            element: Row = {}
            if is_selected(chosen, "groupByKey"):
                element["groupByKey"] = key
            if is_selected(chosen, "metrics"):
                found = added(self._shop.over(item.number, days) for item in items)
                first = items[0]
                element["metrics"] = self._metrics(
                    found, start, first.asin, first.number, metrics
                )
            yield element

    def _metrics(
        self,
        found: Retail,
        start: date,
        name: str,
        number: int,
        selection: Selection | None,
    ) -> Row:
        words = (self._rows.salt(), self._kind.name, self._period, start, name)
        maker = ObjectMaker(
            SeededDraw(*words),
            self._money.code,
            self._known(found, number) | self._unhealthy() | self._weeks(start, words),
        )
        return maker.made(self._kind, selection)

    def _known(self, found: Retail, number: int) -> Row:
        """Return what follows from the sales, and what Amazon does not know."""
        money, shipped = self._money, found.shipped_units
        margin = found.shipped_sales - found.shipped_cost
        known: Row = {
            "shippedOrders.shippedUnitsWithRevenue": {
                # seen: units that are none come as null
                "units": shipped or None,
                "value": money.of(found.shipped_sales) if shipped else None,
            },
            "shippedOrders.averageSellingPrice": money.each(
                found.shipped_sales, shipped
            ),
            "costs.shippedCogs": money.of(found.shipped_cost),
            "costs.netPPM": round(margin / found.shipped_sales, 4) if shipped else None,
            "orders.orderedUnitsWithRevenue": {
                "units": found.units,
                "value": money.of(found.sales),
            },
            "traffic.glanceViews": found.views,
            "customerSatisfaction.customerReturns": found.returned_units,
        }
        if number % _UNKNOWN_EVERY == _UNKNOWN_EVERY - 1:
            known["sourcing"] = None
        return known

    def _unhealthy(self) -> Row:
        """Unhealthy stock is not known by day."""
        name = "productAvailability.unhealthyInventory"
        return {name: None} if self._period == "DAY" else {}

    def _weeks(self, start: date, words: Sequence[object]) -> Row:
        first, draw = first_day("WEEK", start), SeededDraw(*words, "demand")
        weeks = []
        for number in range(_WEEKS):
            week = shifted("WEEK", first, number)
            mean = draw.whole(str(number), 300)
            weeks.append(
                dated(
                    week,
                    week + timedelta(days=6),
                    weekNumber=number,
                    demand={
                        "mean": mean,
                        "p70": mean * 12 // 10,
                        "p80": mean * 14 // 10,
                        "p90": mean * 19 // 10,
                    },
                )
            )
        return {"forecasting": weeks}


_KEYS = tuple(
    schema_of(VENDOR).type_map["Group"].fields  # type: ignore[attr-defined] # an object
)
