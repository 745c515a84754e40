"""What the rows of one report follow from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.contract import DSP, column_types
from amazon_emulator.market_model.accounts import MarketAccount
from amazon_emulator.market_model.combinations import POSITIONS
from amazon_emulator.market_model.outcomes import RESTATED_DAYS

if TYPE_CHECKING:
    from amazon_emulator.ads_reporting.contract import ReportType


@dataclass(frozen=True)
class RowPlan:
    """Everything the rows of one report follow from."""

    report_type: ReportType
    group_by: Sequence[str]
    columns: Sequence[str]
    time_unit: str
    start: date
    end: date
    owners: Sequence[Mapping[str, object]]
    """Accounts the rows belong to: `id`, `currency`, where known `kind`, `marketplace`
    and `today`; for DSP also name and zone."""
    filters: Mapping[str, Sequence[str]]
    seed: int = 1
    rows_per_day: int = 5
    restate: int = 0
    """So many days after `today` the numbers are those of."""
    combinations: int = 1
    products: int = 5

    @property
    def days(self) -> list[date]:
        """The days of the report, both ends included."""
        length = (self.end - self.start).days + 1
        return [self.start + timedelta(days=offset) for offset in range(length)]

    @property
    def periods(self) -> list[list[date]]:
        """The days that share a row: each one, or all of a summary."""
        if self.time_unit == "DAILY":
            return [[day] for day in self.days]
        return [self.days]

    @property
    def cells(self) -> int:
        """How large the document is, in values, before filters."""
        periods = len(self.days) if self.time_unit == "DAILY" else 1
        return periods * len(self.owners) * self.rows_per_day * len(self.columns)

    @cached_property
    def grain(self) -> list[str]:
        """The columns that tell rows apart; of a pair `a|b` both."""
        names = self.report_type.grain(self.group_by)
        return [column for name in names for column in name.split("|")]

    def account(self, owner: Mapping[str, object]) -> MarketAccount:
        """Return an owner as the model knows it."""
        is_dsp = self.report_type.ad_product == DSP
        currency = owner.get("currency")
        return MarketAccount(
            self.seed,
            str(owner["id"]),
            "dsp" if is_dsp else str(owner.get("kind") or "seller"),
            str(owner.get("marketplace") or "ATVPDKIKX0DER"),
            None if currency is None else str(currency),
            self.rows_per_day,
            min(max(1, self.combinations), POSITIONS),
            max(1, self.products),
        )

    def age(self, owner: Mapping[str, object], day: date) -> int:
        """Return how many days old a day is; without `today` old enough."""
        today = owner.get("today")
        if not isinstance(today, date):
            return RESTATED_DAYS + self.restate
        return (today - day).days + self.restate


def is_metric(column: str) -> bool:
    """Return whether a column holds numbers that are no ids."""
    kind = column_types()[column]
    return kind in ("integer", "number") and not column.endswith("Id")
