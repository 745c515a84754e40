"""Row counts and exact sums of a document's rows, day by day, at little cost.

Rows come in lists, as documents are read, and are looked at by built-ins alone. Sums
are exact: where every number is known to be a whole number of millionths, and none is
negative, `math.fsum` is off by less than half of one as long as the sum is below 1e9;
other numbers are added as decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from math import floor, fsum
from typing import Any

Row = Any
"""A row as its encoder makes it."""
Getter = Callable[[Row], Any]
"""Returns one value of a row: a number, or None where there is none."""
Key = tuple[str, ...]
"""The values a group of rows shares."""

_SCALE = 1_000_000
_MAX_TOTAL = 1e9
"""Up to it a sum of floats says which millionth is meant."""
_MAX_KNOWN = 50_000
"""Numbers remembered as good; they come again and again."""
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
        self._known: set[float] = set()
        self._fractions: set[str] = set()
        """Metrics that are no whole numbers, or are missing at times."""

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
                if name in self._fractions or not self._count(group, name, some):
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

    def _count(self, group: Group, name: str, rows: Sequence[Row]) -> bool:
        """Add whole numbers, the quick way; False where they are something else."""
        try:
            total = sum(map(self._metrics[name], rows))
        except TypeError:  # one is missing
            total = None
        if type(total) is not int:
            self._fractions.add(name)
            return False
        group.millionths[name] = group.millionths.get(name, 0) + total * _SCALE
        return True

    def _sum(self, group: Group, name: str, values: list[Any]) -> None:
        """Add numbers; zeros and what is missing have been left out."""
        if not values:
            return
        millionths = self._in_millionths(values)
        if millionths is not None:
            group.millionths[name] = group.millionths.get(name, 0) + millionths
            return
        total = group.others.get(name, Decimal(0))
        for value in values:
            total = _EXACT.add(total, _decimal(value))
        group.others[name] = total

    def _in_millionths(self, values: list[Any]) -> int | None:
        """Return the sum of numbers in millionths; None where that may not be exact."""
        if type(values[0]) is int:
            total = sum(values)
            if type(total) is int:
                return total * _SCALE
        if not self._known.issuperset(values) and not self._learn(values):
            return None
        exact = fsum(values)
        return round(exact * 1e6) if exact < _MAX_TOTAL else None

    def _learn(self, values: Iterable[Any]) -> bool:
        """Remember numbers that can be added as floats; False where one cannot."""
        new = set(values) - self._known
        if not all(map(_is_good, new)):
            return False
        if len(self._known) + len(new) > _MAX_KNOWN:
            self._known.clear()
            new = set(values)
        self._known |= new
        return True


def _is_good(value: object) -> bool:
    """Whether a number is a whole number of millionths, and its float says which."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value < _MAX_TOTAL and floor(value * 1e6 + 0.5) / 1e6 == value


def _decimal(value: object) -> Decimal:
    """Return a number as it stood in the document: a float by its shortest text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return Decimal(0)
    number = Decimal(repr(value) if isinstance(value, float) else value)
    return number if number.is_finite() else Decimal(0)
