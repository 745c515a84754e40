"""What the files of reports and of datasets have in common: options and periods.

A file is read strictly: a field nobody knows is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from tap_amazon_sp.catalogue.model import Option
from tap_amazon_sp.periods import Period, PeriodRules

NullColumns = Mapping[str, Mapping[str, tuple[str, ...]]]


class OptionShape(msgspec.Struct, forbid_unknown_fields=True):
    """An option by our name: what Amazon calls it, and its values."""

    amazon_name: str
    values: list[str] = []
    default: str | None = None

    def option(self, name: str) -> Option:
        """Return it as the rest of the tap knows it."""
        return Option(name, self.amazon_name, tuple(self.values), self.default)


class PeriodShape(msgspec.Struct, forbid_unknown_fields=True):
    """The rules of one kind of period: see `periods.PeriodRules`."""

    per_request: int | None
    holdback: int
    expected: int
    history: int | None
    lookback: int


def period_rules(raw: Mapping[Period, PeriodShape]) -> Mapping[Period, PeriodRules]:
    """Return the rules of each period."""
    found = {p: PeriodRules(**msgspec.structs.asdict(r)) for p, r in raw.items()}
    return MappingProxyType(found)


def null_columns(raw: Mapping[str, Mapping[str, list[str]]]) -> NullColumns:
    """Return option to value to the key columns that are null with it."""
    return MappingProxyType(
        {
            option: MappingProxyType({v: tuple(names) for v, names in by.items()})
            for option, by in raw.items()
        }
    )
