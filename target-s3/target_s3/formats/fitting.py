"""Values made fit for a Parquet column, where nothing is lost by it.

A column keeps its type over all objects, so that tables over them can be read. A value
that its column cannot hold exactly ends the run: it is never rounded or converted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

import msgspec

from target_s3.formats.columns import Column, ColumnKind
from target_s3.record_metadata import encode_exactly

_EXACT_INTEGERS = range(-(2**53), 2**53 + 1)
# Powers of ten of a number that may still be within 64 bits.
_MAX_ADJUSTED = 19

_NONE = type(None)
_UNTOUCHED = {
    ColumnKind.TEXT: frozenset({str, _NONE}),
    ColumnKind.DATE: frozenset({str, _NONE}),
    ColumnKind.TIMESTAMP: frozenset({str, _NONE}),
    ColumnKind.INTEGER: frozenset({int, _NONE}),
    ColumnKind.NUMBER: frozenset({float, _NONE}),
    ColumnKind.BOOLEAN: frozenset({bool, _NONE}),
}

TOO_LONG = "a whole number beyond 64 bits"


Warn = Callable[[str], None]
"""Hears the name of a field that has no place, as in column.field."""


class MisfitError(ValueError):
    """A value does not fit its column; the text says what kind of value it is."""


def fitted(column: Column, values: Sequence[Any], warn: Warn) -> Sequence[Any]:
    """Return the values as the column stores them; each means what it did before.

    That integers have 64 bits at most, and texts of dates and times are such, is left
    for Arrow to check.

    Raises:
        MisfitError: one cannot be stored without a change.
    """
    untouched = _UNTOUCHED.get(column.kind)
    if untouched and set(map(type, values)) <= untouched:
        return values
    fit = fit_for(column, warn)
    return [None if value is None else fit(value) for value in values]


def fit_for(column: Column, warn: Warn) -> Callable[[Any], object]:
    """Return what makes one value of the column, other than null, fit."""
    if column.kind is ColumnKind.DECIMAL:
        precision, scale = column.digits
        return _DecimalFit(precision, scale)
    if column.kind is ColumnKind.OBJECT:
        return _ObjectFit(column, warn)
    if column.kind is ColumnKind.LIST:
        return _ListFit(column, warn)
    return _FITS[column.kind]


def with_zone(text: str) -> str:
    """Return a time as Arrow reads it: UTC where it names no zone, no idle zeros."""
    found = _TIME.fullmatch(text)
    if found is None:
        return text
    fraction = (found["fraction"] or "").rstrip("0")
    return (
        f"{found['day']}T{found['time']}"
        f"{'.' + fraction if fraction else ''}{found['zone'] or 'Z'}"
    )


_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)"
    r"(?:\.(?P<fraction>\d+))?(?P<zone>Z|[+-]\d\d:?\d\d)?)"
)


class _DecimalFit:
    """Takes numbers, and text that is one, with as many digits as there may be."""

    def __init__(self, precision: int, scale: int) -> None:
        self._step = Decimal(1).scaleb(-scale)
        self._context = Context(prec=precision, traps=[Inexact, InvalidOperation])

    def __call__(self, value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(
            value, str | int | float | Decimal
        ):
            raise MisfitError(_kind_of(value))
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise MisfitError(_NO_NUMBER) from None
        try:
            return number.quantize(self._step, context=self._context)
        except ArithmeticError:
            raise MisfitError(_TOO_EXACT) from None


_NO_NUMBER = "text that is no number"
_TOO_EXACT = "a number with more digits than the decimal has"


class _ObjectFit:
    """Takes objects; ``warn`` hears of fields that the SCHEMA lacks: no place here."""

    def __init__(self, column: Column, warn: Warn) -> None:
        self._name = column.name
        self._warn = warn
        self._fits = {
            field.name: fit_for(field, self._warn_inner) for field in column.fields
        }

    def __call__(self, value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise MisfitError(_kind_of(value))
        for name in value.keys() - self._fits.keys():
            self._warn_inner(name)
        return {
            name: None if value.get(name) is None else fit(value[name])
            for name, fit in self._fits.items()
        }

    def _warn_inner(self, name: str) -> None:
        self._warn(f"{self._name}.{name}")


class _ListFit:
    """Takes lists, each element for itself."""

    def __init__(self, column: Column, warn: Warn) -> None:
        self._fit = fit_for(column.fields[0], warn)

    def __call__(self, value: object) -> list[object]:
        if not isinstance(value, list):
            raise MisfitError(_kind_of(value))
        return [None if inner is None else self._fit(inner) for inner in value]


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


def _day(value: object) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise MisfitError(_NO_DAY if isinstance(value, str) else _kind_of(value))


def _time(value: object) -> datetime:
    """A time inside an object or a list; those of whole columns are left to Arrow."""
    if isinstance(value, str) and (found := _TIME.fullmatch(value)):
        fraction = (found["fraction"] or "").rstrip("0")
        try:
            if len(fraction) <= _MICROS:
                return msgspec.convert(with_zone(value), datetime)
        except msgspec.ValidationError:
            pass
    raise MisfitError(_NO_TIME if isinstance(value, str) else _kind_of(value))


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MICROS = 6
_NO_DAY = "text that is no date"
_NO_TIME = "text that is no time, or one of more digits than microseconds"


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
    ColumnKind.DATE: _day,
    ColumnKind.TIMESTAMP: _time,
}
