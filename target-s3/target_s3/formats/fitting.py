"""Values made fit for a Parquet column, where nothing is lost by it.

A column keeps its type over all objects, so that tables over them can be read. A value
that its column cannot hold exactly ends the run: it is never rounded or converted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from target_s3.formats.columns import ColumnKind
from target_s3.record_metadata import encode_exactly

_EXACT_INTEGERS = range(-(2**53), 2**53 + 1)
# Powers of ten of a number that may still be within 64 bits.
_MAX_ADJUSTED = 19

_NONE = type(None)
_UNTOUCHED = {
    ColumnKind.TEXT: frozenset({str, _NONE}),
    ColumnKind.INTEGER: frozenset({int, _NONE}),
    ColumnKind.NUMBER: frozenset({float, _NONE}),
    ColumnKind.BOOLEAN: frozenset({bool, _NONE}),
}

TOO_LONG = "a whole number beyond 64 bits"


class MisfitError(ValueError):
    """A value does not fit its column; the text says what kind of value it is."""


def fitted(kind: ColumnKind, values: Sequence[Any]) -> Sequence[Any]:
    """Return the values as the column stores them; each means what it did before.

    That integers have 64 bits at most is left for Arrow to check.

    Raises:
        MisfitError: one cannot be stored without a change.
    """
    types = set(map(type, values))
    if types <= _UNTOUCHED[kind]:
        return values
    fit = _FITS[kind]
    return [None if value is None else fit(value) for value in values]


def _text(value: object) -> str:
    return value if isinstance(value, str) else encode_exactly(value).decode()


def _integer(value: object) -> int:
    if isinstance(value, Decimal):
        if value and value.adjusted() > _MAX_ADJUSTED:
            raise MisfitError(TOO_LONG)
        if value == value.to_integral_value():
            value = int(value)
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise MisfitError(_kind_of(value))
    return value


def _number(value: object) -> float:
    if type(value) is float:
        return value
    if type(value) is int and value in _EXACT_INTEGERS:
        return float(value)
    if type(value) is int or isinstance(value, Decimal | msgspec.Raw):
        found = _float(value)
        if found is not None:
            return found
        msg = "a number with more digits than a double keeps"
        raise MisfitError(msg)
    raise MisfitError(_kind_of(value))


def _float(value: int | Decimal | msgspec.Raw) -> float | None:
    """Return the double that reads as this number, None where none does."""
    if isinstance(value, msgspec.Raw):
        return None
    try:
        found = float(value)
        return found if Decimal(repr(found)) == value else None
    except OverflowError:
        return None


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise MisfitError(_kind_of(value))


def _kind_of(value: object) -> str:
    """Say what kind of value it is, and nothing of the value itself."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int):
        return "a whole number"
    return "a number with a fraction"


_FITS: dict[ColumnKind, Callable[[Any], object]] = {
    ColumnKind.TEXT: _text,
    ColumnKind.INTEGER: _integer,
    ColumnKind.NUMBER: _number,
    ColumnKind.BOOLEAN: _boolean,
}
