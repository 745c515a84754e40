"""The rows of a report: sums over the market by whatever dimensions are asked for.

The same outcomes as in reporting v3, of all markets of the accounts, so that sums over
a profile's campaigns and days are equal there and here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from operator import add
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.rows.cells import Cell, cell_maker
from amazon_emulator.ads_reporting.rows.dimensions import json_text
from amazon_emulator.ads_reporting.rows.shares import Share, share_of
from amazon_emulator.ads_unified import catalogue
from amazon_emulator.ads_unified.rows.numbers import Numbers, Totals
from amazon_emulator.ads_unified.rows.plan import HOUR, HOURS, RANGE, TIMES
from amazon_emulator.ads_unified.rows.sources import (
    PRODUCTS,
    metric_source,
    text_source,
)
from amazon_emulator.market_model.accounts import (
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_PRODUCTS,
)
from amazon_emulator.market_model.combinations import (
    POSITIONS,
    day_offset,
    variant_and_position,
)
from amazon_emulator.market_model.entities import EntityBook
from amazon_emulator.market_model.outcomes import outcome

if TYPE_CHECKING:
    from amazon_emulator.ads_unified.catalogue import Field
    from amazon_emulator.ads_unified.query import Condition
    from amazon_emulator.ads_unified.rows.plan import PlannedMarket, ReportPlan

_SHARES: Mapping[tuple[str, str], str] = {
    ("searchTerm", SPONSORED_PRODUCTS): "spSearchTerm",
    ("searchTerm", SPONSORED_BRANDS): "sbSearchTerm",
    ("convertedProduct", SPONSORED_PRODUCTS): "spPurchasedProduct",
    ("convertedProduct", SPONSORED_BRANDS): "sbPurchasedProduct",
    ("convertedProduct", SPONSORED_DISPLAY): "sdPurchasedProduct",
}
"""Dimension and ad product -> the report type of v3 that shows the same part."""
_HOUR_MARK = "\0hour"
_Key = tuple[str, ...]
_Groups = dict[_Key, Totals]
_Text = Callable[[date, Cell], str]


def row_texts(plan: ReportPlan) -> Iterator[str]:
    """Yield the rows as JSON objects, period by period."""
    makers = [
        _RowMaker(plan, market, ad_product)
        for market in plan.markets
        for ad_product in market.model.ad_products
        if ad_product in PRODUCTS
    ]
    makers = [maker for maker in makers if maker.passes_market]
    for days in plan.periods():
        if not plan.is_by_campaign:
            yield from _joint_texts(makers, days)
            continue
        for maker in makers:
            for campaign in maker.campaigns():
                groups: _Groups = {}
                maker.add(days, campaign, groups)
                yield from maker.texts(groups)


def _joint_texts(makers: Sequence[_RowMaker], days: Sequence[date]) -> Iterator[str]:
    """Yield rows that several campaigns, or even markets, may share."""
    groups: _Groups = {}
    for maker in makers:
        for campaign in maker.campaigns():
            maker.add(days, campaign, groups)
    if makers:
        yield from makers[0].texts(groups)


class _RowMaker:
    """Makes the rows of one ad product in one market."""

    def __init__(self, plan: ReportPlan, market: PlannedMarket, product: str) -> None:
        self._plan, self._market, self._product = plan, market, product
        self._account = market.model
        self._book = EntityBook(self._account, product)
        kind = self._account.kind
        self._numbers = Numbers(
            [metric_source(plan.meaning(x), product, kind) for x in plan.metrics]
        )
        self._texts = [self._text(field) for field in plan.dimensions]
        ordered = (*plan.dimensions, *plan.metrics)
        self._names = [f"{json_text(field.name)}:" for field in ordered]
        self._share = self._find_share()
        self._cell = cell_maker(self._account.products)
        self._checks = self._split_conditions()
        self._outcomes: dict[tuple[date, int], list[tuple[int, Totals]]] = {}

    @property
    def passes_market(self) -> bool:
        """Whether the filter leaves anything of the market."""
        return self._checks is not None

    def campaigns(self) -> Iterator[int]:
        """Yield the numbers of the campaigns that are served."""
        every = self._plan.old_campaigns_every
        has_old = every and self._product == SPONSORED_BRANDS
        for number in range(self._account.campaigns):
            if not has_old or number % every:
                yield number

    def add(self, days: Sequence[date], campaign: int, groups: _Groups) -> None:
        """Add what a campaign brought on some days to the rows it belongs to."""
        for day in days:
            offset = day_offset(self._account, self._product, day.toordinal())
            for index in range(self._account.combinations):
                variant, position = variant_and_position(campaign, offset, index)
                site = (campaign + index) % self._account.campaigns
                for part, totals in self._parts(day, variant):
                    cell = self._cell(campaign, position + POSITIONS * part, site)
                    if self._passes(day, cell):
                        key = tuple([text(day, cell) for text in self._texts])
                        old = groups.get(key)
                        new = totals if old is None else tuple(map(add, old, totals))
                        groups[key] = new

    def texts(self, groups: _Groups) -> Iterator[str]:
        """Yield rows as JSON, the hours of each one after another."""
        for key, totals in groups.items():
            if not self._plan.has_hours:
                yield self._row(key, totals)
                continue
            for hour, part in _by_hour(totals):
                shown = tuple([text.replace(_HOUR_MARK, str(hour)) for text in key])
                yield self._row(shown, part)

    def _row(self, key: _Key, totals: Totals) -> str:
        values = (*key, *self._numbers.texts(totals))
        return f"{{{','.join(map(str.__add__, self._names, values))}}}"

    def _parts(self, day: date, variant: int) -> list[tuple[int, Totals]]:
        """Return what is shown of an outcome, by part; made once per day."""
        made = self._outcomes.get((day, variant))
        if made is None:
            age = (self._market.today - day).days + self._plan.restate
            ordinal = day.toordinal()
            found = outcome(self._account, self._product, ordinal, variant, age)
            parts = [(0, found)] if self._share is None else self._share(found)
            made = [(part, self._numbers.totals(shown)) for part, shown in parts]
            self._outcomes[day, variant] = made
        return made

    def _passes(self, day: date, cell: Cell) -> bool:
        return all(
            condition.holds(json.loads(text(day, cell)))
            for condition, text in self._checks or ()
        )

    def _find_share(self) -> Share | None:
        for field in self._plan.dimensions:
            report_type = _SHARES.get((field.dimension, self._product))
            if report_type is not None:
                return share_of(report_type)
        return None

    def _text(self, named: Field) -> _Text:
        """Return what gives the text of a field for a day and a cell."""
        field = self._plan.meaning(named)
        time = TIMES.get(field.name)
        if time is not None:
            return lambda day, _: json_text(time(day))
        fixed = self._constant(field.name)
        if fixed is not None:
            return lambda _day, _cell: fixed
        place, text = text_source(field, self._book)
        return lambda _, cell: text(cell[place])

    def _constant(self, name: str) -> str | None:
        """Return a field that is the same in the whole market, as JSON."""
        if name == HOUR:
            return _HOUR_MARK
        advertiser, market = self._market.advertiser, self._market.market
        plan = self._plan
        found = {
            RANGE: f"{plan.start:%b %d, %Y} - {plan.end:%b %d, %Y}",
            catalogue.PRODUCT: PRODUCTS[self._product],
            catalogue.COUNTRY: market.country,
            catalogue.ACCOUNT: advertiser.advertiser_account_id,
            "advertiserAccount.name": advertiser.name,
            "advertiserAccount.entityId": market.entity_id,
            "advertiserAccount.timeZone": market.timezone,
            "timeZone.value": market.timezone,
            "campaign.currencyCode": market.currency,
            catalogue.CURRENCY: market.currency,
            catalogue.CONVERTED_CURRENCY: plan.currency,
        }
        return json_text(found[name]) if name in found else None

    def _split_conditions(self) -> list[tuple[Condition, _Text]] | None:
        """Return the conditions on rows; None if the whole market fails one."""
        known, checks = catalogue.known_fields(), []
        for condition in self._plan.conditions:
            fixed = self._constant(condition.field)
            if fixed is None:
                checks.append((condition, self._text(known[condition.field])))
            elif not condition.holds(json.loads(fixed)):
                return None
        return checks


def _by_hour(totals: Totals) -> Iterator[tuple[int, Totals]]:
    """Yield the hours in which anything happened; together they are the day."""
    for hour in range(HOURS):
        part = tuple(x * (hour + 1) // HOURS - x * hour // HOURS for x in totals)
        if any(part):
            yield hour, part
