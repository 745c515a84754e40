"""Row counts and exact sums of a document's rows, day by day, at little cost.

Rows come in lists, as documents are read, and are looked at by built-ins alone. Sums
are exact: numbers are added as whole millionths, after it is checked that each is one;
those with more decimals are added as decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from math import floor
from typing import Any

Row = Any
"""A row as its encoder makes it."""
Getter = Callable[[Row], Any]
"""Returns one value of a row: a number, or None where there is none."""
Key = tuple[str, ...]
"""The values a group of rows shares."""

_SCALE = 1_000_000
_MAX_PART = 2**52
"""Above it a float does not say which millionth is meant."""
_EXACT = Context(prec=400)
"""Sums of numbers up to 1e300 with their cents lose nothing."""


@dataclass(slots=True)
class Group:
    """What rows of one key add up to so far."""

    rows: int = 0
    millionths: dict[str, int] = field(default_factory=dict)
    others: dict[str, Decimal] = field(default_factory=dict)
    """Sums of numbers with more decimals than six."""

    def sums(self, metrics: Iterable[str]) -> dict[str, str]:
        """Return the sums as plain decimals, 0 where there were no numbers."""
        return {name: self._sum(name) for name in metrics}

    def _sum(self, name: str) -> str:
        total = _EXACT.divide(Decimal(self.millionths.get(name, 0)), Decimal(_SCALE))
        return plain_text(_EXACT.add(total, self.others.get(name, Decimal(0))))


def plain_text(number: Decimal) -> str:
    """Return a decimal without exponent and without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class DaySums:
    """The groups of one document's rows."""

    def __init__(self, keys: Sequence[Getter], metrics: Mapping[str, Getter]) -> None:
        self.groups: dict[Key, Group] = {}
        self._keys = tuple(keys)
        self._metrics = dict(metrics)

    @property
    def metrics(self) -> Iterable[str]:
        """The names of what is added up."""
        return self._metrics

    def add(self, rows: Sequence[Row]) -> None:
        """Take in rows of the document."""
        for key, some in self._grouped(rows):
            group = self.groups.get(key)
            if group is None:
                group = self.groups[key] = Group()
            group.rows += len(some)
            for name, getter in self._metrics.items():
                self._sum(group, name, list(filter(None, map(getter, some))))

    def _grouped(self, rows: Sequence[Row]) -> Iterator[tuple[Key, Sequence[Row]]]:
        """Yield the rows of each key; documents mostly have a day in one piece."""
        if not rows:
            return
        columns = [list(map(getter, rows)) for getter in self._keys]
        if all(column.count(column[0]) == len(column) for column in columns):
            yield tuple(str(column[0]) for column in columns), rows
            return
        found: dict[tuple[Any, ...], list[Row]] = {}
        for key, row in zip(zip(*columns, strict=True), rows, strict=True):
            found.setdefault(key, []).append(row)
        for key, some in found.items():
            yield tuple(map(str, key)), some

    @staticmethod
    def _sum(group: Group, name: str, values: list[Any]) -> None:
        """Add numbers; zeros and what is missing have been left out."""
        if not values:
            return
        millionths = _in_millionths(values)
        if millionths is not None:
            group.millionths[name] = group.millionths.get(name, 0) + millionths
            return
        total = group.others.get(name, Decimal(0))
        for value in values:
            total = _EXACT.add(total, _decimal(value))
        group.others[name] = total


def _in_millionths(values: list[Any]) -> int | None:
    """Return the sum of numbers in millionths; None where that may not be exact."""
    try:
        total = sum(values)
        if type(total) is int:
            return total * _SCALE
        parts = [floor(value * 1e6 + 0.5) for value in values]
        if max(parts) > _MAX_PART or min(parts) < -_MAX_PART:
            return None
        return sum(parts) if [part / 1e6 for part in parts] == values else None
    except (ArithmeticError, TypeError, ValueError):
        return None


def _decimal(value: object) -> Decimal:
    """Return a number as it stood in the document: a float by its shortest text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return Decimal(0)
    number = Decimal(repr(value) if isinstance(value, float) else value)
    return number if number.is_finite() else Decimal(0)
