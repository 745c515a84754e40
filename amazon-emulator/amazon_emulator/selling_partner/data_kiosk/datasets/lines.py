"""What the lines of a result are made of, before anything is selected. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

from amazon_emulator.selling_partner.periods import first_day, last_day, shifted, spans
from amazon_emulator.selling_partner.report_types import (
    REPORT_TYPES,
    SALES_AND_TRAFFIC,
)
from amazon_emulator.selling_partner.rows.plan import Row, SpRowPlan

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.data_kiosk.query_text import Selection
    from amazon_emulator.selling_partner.marketplaces import Marketplace
    from amazon_emulator.selling_partner.orders.book import OrderBook
    from amazon_emulator.settings import Settings

ELEMENTS = "metrics"
"""The list of a line that may be too long to hold."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a result; `elements` yields those of its list `metrics`, if any."""

    fields: Row
    elements: Callable[[], Iterator[Row]] | None = None


@dataclass(frozen=True, slots=True)
class KioskPlan:
    """Everything the lines of one query follow from."""

    root: str
    arguments: Mapping[str, Any]
    partner: Partner
    marketplaces: Sequence[Marketplace]
    created_at: datetime
    settings: Settings
    orders: OrderBook
    selection: Selection | None = None
    """What the text selects, where the lines depend on it; None: everything."""

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day asked for."""
        ends = (self.arguments["startDate"], self.arguments["endDate"])
        return date.fromisoformat(ends[0]), date.fromisoformat(ends[1])

    def periods(self, period: str) -> Iterator[tuple[date, date]]:
        """Yield first and last day of the periods that lie wholly in the days."""
        yield from cut_inwards(period, *self.days)

    def rows_of(self, marketplace: Marketplace) -> SpRowPlan:
        """Return what rows of the same account in a marketplace follow from."""
        first, last = (datetime.combine(day, time(), timezone.utc) for day in self.days)
        return SpRowPlan(
            REPORT_TYPES[SALES_AND_TRAFFIC],
            self.partner,
            [marketplace],
            {},
            first,
            last,
            self.created_at,
            self.settings,
            self.orders,
        )

    def alone(self, marketplace: Marketplace) -> KioskPlan:
        """Return the plan of one of the marketplaces."""
        return replace(self, marketplaces=[marketplace])


def cut_inwards(period: str, first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the whole periods between two days; those at the edges are left out."""
    start = first_day(period, first)
    if start < first:
        start = shifted(period, start, 1)
    end = last_day(period, last)
    if end > last:
        end = first_day(period, last) - timedelta(days=1)
    if start <= end:
        yield from spans(period, start, end)


def dated(start: date, end: date, **fields: object) -> Row:
    """Return the fields every line begins with, and more."""
    return {"startDate": start.isoformat(), "endDate": end.isoformat(), **fields}
