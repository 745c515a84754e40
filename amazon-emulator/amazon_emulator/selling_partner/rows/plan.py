"""What the rows of one report follow from, and what a document is made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from amazon_emulator.market_model.products import Product, product
from amazon_emulator.market_model.retail import Days, Retail, Shop
from amazon_emulator.selling_partner.seeded_values import SeededDraw

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.marketplaces import Marketplace
    from amazon_emulator.selling_partner.orders.book import OrderBook
    from amazon_emulator.selling_partner.report_types import SpReportType
    from amazon_emulator.settings import Settings

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SpRowPlan:
    """Everything the rows of one report follow from."""

    report_type: SpReportType
    partner: Partner
    marketplaces: Sequence[Marketplace]
    options: Mapping[str, str]
    start: datetime
    end: datetime
    created_at: datetime
    settings: Settings
    orders: OrderBook

    @property
    def marketplace(self) -> Marketplace:
        """The first marketplace: the only one of most types."""
        return self.marketplaces[0]

    @property
    def today(self) -> date:
        """The marketplace's date when the report was asked for."""
        zone = ZoneInfo(self.marketplace.timezone)
        return self.created_at.astimezone(zone).date()

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        return self.start.date(), self.end.date()

    def salt(self) -> str:
        """Return the word that numbers of the account follow from."""
        marketplace_id = self.marketplace.marketplace_id
        return f"{self.settings.seed}|{self.partner.name}|{marketplace_id}"

    def product(self, number: int, marketplace: Marketplace | None = None) -> Product:
        """Return a product of the account in a marketplace."""
        shop = (marketplace or self.marketplace).marketplace_id
        return product(self.partner.catalogue(self.settings.seed, shop), number)

    def products(self, marketplace: Marketplace | None = None) -> Iterator[Product]:
        """Yield the products of the account in a marketplace."""
        numbers = range(self.settings.sp_asins)
        return (self.product(number, marketplace) for number in numbers)

    def shop(self, view: Callable[[Retail], Retail] = lambda found: found) -> Shop:
        """Return the sales of the account, or a view of them."""
        return Shop(self.salt(), self.settings.sp_asins, view)

    def dated(self, first: date, last: date) -> Days:
        """Return the days of a period with their ages."""
        now = self.today.toordinal() + self.settings.restate
        days = range(first.toordinal(), last.toordinal() + 1)
        return [(day, now - day) for day in days]

    def amount(self, hundredths: int) -> Row:
        """Return an amount of hundredths in the marketplace's currency."""
        is_whole = hundredths % 100 == 0
        return self.money(hundredths // 100 if is_whole else hundredths / 100)

    def draw(self, *parts: object) -> SeededDraw:
        """Return numbers of this report type and options for a row."""
        options = sorted(self.options.items())
        name = self.report_type.name
        return SeededDraw(self.salt(), name, options, self.settings.restate, *parts)

    def money(self, amount: float) -> Row:
        """Return an amount in the marketplace's currency."""
        return {"amount": amount, "currencyCode": self.marketplace.currency}


@dataclass(frozen=True, slots=True)
class Section:
    """One array of a JSON document; `texts` yields its rows as JSON."""

    name: str
    texts: Callable[[], Iterator[str]]


@dataclass(frozen=True, slots=True)
class JsonContent:
    """A JSON document: what was asked for, and its arrays."""

    specification: Row
    sections: Sequence[Section] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class FlatContent:
    """A flat file: columns as they are called here, and rows of texts."""

    columns: Sequence[str]
    rows: Callable[[], Iterable[Sequence[str]]]
    delimiter: str = "\t"
    charset: str | None = "UTF-8"
    """In the words of the Content-Type header; None: the header names none."""
    is_quoted: bool = False
    encoding: str | None = None
    """The codec of the bytes, where it is not what the header says."""
    is_escaped: bool = True
    """Whether quotes inside quoted values are doubled."""
    keeps_breaks: bool = False
    """Whether tabs and line breaks stay in values without quotes."""


@dataclass(frozen=True, slots=True)
class XmlContent:
    """An XML document: root, name of a row, and rows of name -> text."""

    root: str
    element: str
    rows: Callable[[], Iterable[Mapping[str, object]]]


Content = JsonContent | FlatContent | XmlContent


def section(name: str, rows: Callable[[], Iterable[Row]]) -> Section:
    """Return a section over rows as dictionaries."""

    def texts() -> Iterator[str]:
        return (json.dumps(row, ensure_ascii=False) for row in rows())

    return Section(name, texts)
