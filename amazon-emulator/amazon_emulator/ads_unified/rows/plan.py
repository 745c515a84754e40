"""What the rows of one report follow from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.rows.dimensions import json_text

if TYPE_CHECKING:
    from amazon_emulator.ads_unified.advertisers import Advertiser, Market
    from amazon_emulator.ads_unified.catalogue import Field
    from amazon_emulator.ads_unified.query import Condition
    from amazon_emulator.market_model.accounts import MarketAccount

HOUR, RANGE = "hour.value", "dateRange.value"
HOURS = 24
_OF_CAMPAIGNS = ("campaign", "adGroup", "ad")
_DAYS_OF_WEEK = (
    *("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"),
)
TIMES: Mapping[str, Callable[[date], object]] = {
    "date.value": date.isoformat,
    "day.value": lambda day: day.day,
    "dayOfWeek.value": lambda day: _DAYS_OF_WEEK[day.weekday()],
    "week.value": lambda day: day.isocalendar()[1],
    "month.value": lambda day: day.month,
    "year.value": lambda day: day.year,
}
"""Time field -> what it says of a day; hours and the whole range are no such."""


@dataclass(frozen=True, slots=True)
class PlannedMarket:
    """A market whose rows are in the report."""

    advertiser: Advertiser
    market: Market
    model: MarketAccount
    today: date
    """The date where the campaigns are, when the report is made."""


@dataclass(frozen=True)
class ReportPlan:
    """Everything the rows of one report follow from."""

    fields: Sequence[Field]
    conditions: Sequence[Condition]
    markets: Sequence[PlannedMarket]
    start: date
    end: date
    currency: str | None = None
    """In which other one the amounts are shown as well."""
    restate: int = 0
    """So many days after `today` the numbers are those of."""
    old_campaigns_every: int = 0
    """Which Sponsored Brands campaigns are of the old kind, and left out; 0: none."""
    meanings: Mapping[str, Field] | None = None
    """Field -> the one it shows instead."""

    @cached_property
    def dimensions(self) -> list[Field]:
        """The fields that tell rows apart, in the order of the query."""
        return [field for field in self.fields if not field.is_metric]

    @cached_property
    def metrics(self) -> list[Field]:
        """The fields that are counted or added up."""
        return [field for field in self.fields if field.is_metric]

    @property
    def is_by_campaign(self) -> bool:
        """Whether no row can be about two campaigns."""
        return any(field.dimension in _OF_CAMPAIGNS for field in self.dimensions)

    @cached_property
    def has_hours(self) -> bool:
        """Whether days are told apart by their hours."""
        return any(field.name == HOUR for field in self.dimensions)

    @property
    def days(self) -> int:
        """How many days the report is about."""
        return (self.end - self.start).days + 1

    @property
    def size(self) -> int:
        """How large the document is, in values, about."""
        each = [m.model.campaigns * len(m.model.ad_products) for m in self.markets]
        hours = HOURS if self.has_hours else 1
        return self.days * sum(each) * hours * len(self.fields)

    def meaning(self, field: Field) -> Field:
        """Return the field whose values are shown under the name of this one."""
        return (self.meanings or {}).get(field.name, field)

    def periods(self) -> list[list[date]]:
        """Return the days that share a row, by what the time fields say."""
        times = [TIMES[x.name] for x in self.dimensions if x.name in TIMES]
        found: dict[tuple[str, ...], list[date]] = {}
        for number in range(self.days):
            day = self.start + timedelta(days=number)
            key = tuple(json_text(time(day)) for time in times)
            found.setdefault(key, []).append(day)
        return list(found.values())
