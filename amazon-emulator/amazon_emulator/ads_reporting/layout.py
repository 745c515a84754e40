"""Where a row's dimensions come from: row number -> one index per column.

The columns of the grain are the digits of a mixed-radix number, so that only all of
them together identify a row; every other dimension follows the digit it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from amazon_emulator.ads_reporting.values import (
    CLOSED_LISTS,
    SHARED_WITH_KEYWORD,
    SHARED_WITH_TARGET,
    Value,
    make_value,
)

_INNER_RADIX = 3
_PAIR_RADIX = 4
_PREFIXES = {
    "campaign": ("campaign", "portfolio"),
    "adGroup": ("adGroup", "adStatus"),
    "ad": ("adId", "adCreative", "advertisedAsin", "advertisedSku", "promoted"),
    "match": ("keywordType", "matchType"),
    "keyword": ("keyword", "adKeyword", "targeting"),
    "order": ("order", "omsProposal", "proposal"),
    "lineItem": ("lineItem", "omsLineItem"),
    **{name: (name,) for name in ("creative", "segment", "deal", "dma")},
}
"""Entity -> how the names of its columns begin; the first that fits counts."""
_PARENTS = {
    "campaign": ("adGroup", "ad"),
    "adGroup": ("ad",),
    "order": ("lineItem",),
    "match": ("keyword",),
}
"""Entity -> its children, nearest first: a parent has two of each."""


@dataclass(frozen=True, slots=True)
class Digit:
    """One digit of the row number: (row // divisor) % radix, radix 0 for no end."""

    divisor: int
    radix: int

    def index(self, row: int) -> int:
        """Return this digit of a row number."""
        high = row // self.divisor
        return high % self.radix if self.radix else high


def digits(grain: Sequence[str]) -> dict[str, Digit]:
    """Return the digit of every column of a grain; the first one has no end."""
    found: dict[str, Digit] = {}
    divisor = 1
    factors = _independent(grain)
    for position, name in reversed(list(enumerate(factors))):
        radix = _radix(name) if position else 0
        for column in name.split("|"):
            found[column] = Digit(divisor, radix)
        divisor *= radix
    return found


def dimension(
    column: str, kind: str, grain: Sequence[str], salt: str
) -> Callable[[int], str]:
    """Return the function row number -> JSON text of a dimension column."""
    by_column = digits(grain)
    pair = next((name.split("|") for name in grain if "|" in name), None)
    in_grain = column in by_column
    value = make_value(column, kind, salt, in_grain=in_grain)
    if in_grain:
        digit, shift = by_column[column], 0
    else:
        digit, shift = _follow(column, by_column)
    if pair is not None:
        value = _one_of_pair(column, pair, value)
        digit = by_column[pair[0]] if _side(column, pair) is not None else digit
    return _combine(value, digit, shift)


def _combine(value: Value, digit: Digit, shift: int) -> Callable[[int], str]:
    divisor, radix = digit.divisor, digit.radix
    if radix:
        table = [value(index >> shift) for index in range(radix)]
        return lambda row: table[row // divisor % radix]
    return lambda row: value(row // divisor >> shift)


def _independent(grain: Sequence[str]) -> list[str]:
    """Drop ids that follow from another id of the grain (the order of a line item)."""
    present = {_entity(name) for name in grain if name.endswith("Id")}
    return [
        name
        for name in grain
        if not (
            name.endswith("Id")
            and present.intersection(_PARENTS.get(_entity(name) or "", ()))
        )
    ]


def _radix(name: str) -> int:
    listed = CLOSED_LISTS.get(name)
    if "|" in name:
        return _PAIR_RADIX
    return len(listed) if listed else _INNER_RADIX


def _entity(column: str) -> str | None:
    return next((name for name, at in _PREFIXES.items() if column.startswith(at)), None)


def _follow(column: str, by_column: Mapping[str, Digit]) -> tuple[Digit, int]:
    """Return the digit a column outside the grain belongs to, and its shift."""
    entity = _entity(column)
    for name, digit in by_column.items():
        if entity is not None and _entity(name) == entity:
            return digit, 0
    for distance, child in enumerate(_PARENTS.get(entity or "", ()), start=1):
        for name, digit in by_column.items():
            if _entity(name) == child:
                return digit, distance if entity != "match" else 0
    widest = max(by_column.values(), key=lambda digit: digit.divisor)
    return widest, 0


def _side(column: str, pair: Sequence[str]) -> int | None:
    """Return 0 or 1 for a column that only one kind of row has, else None."""
    sides = ((pair[0], *SHARED_WITH_KEYWORD), (pair[1], *SHARED_WITH_TARGET))
    return next((at for at, names in enumerate(sides) if column in names), None)


def _one_of_pair(column: str, pair: Sequence[str], value: Value) -> Value:
    side = _side(column, pair)
    if side is None:
        return value
    return lambda index: value(index) if index % 2 == side else "null"
