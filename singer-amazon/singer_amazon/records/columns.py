"""What the columns of a report may hold: types, JSON schemas, values that do not fit.

What a column cannot hold is handed back beside the fitted value, as fields nobody knows
are: a text in a column of numbers would break the tap's own SCHEMA. Words that stand
for no value are none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

SimpleType = Literal[
    "id",
    "string",
    "integer",
    "number",
    "boolean",
    "date",
    "date-time",
    "strings",
    "object",
]
"""`strings` is a list of texts, `object` one whose fields are not described."""


@dataclass(frozen=True, slots=True)
class Nested:
    """An object of named fields, or a list of such objects."""

    fields: Mapping[str, ColumnType]
    is_list: bool = False
    bare: str | None = None
    """The field that a value stands for which is no object at all."""


ColumnType = SimpleType | Nested

_TYPES: dict[SimpleType, Any] = {
    "id": str | int | None,
    "string": str | None,
    "integer": int | None,
    "number": int | float | None,
    "boolean": bool | None,
    "date": str | None,
    "date-time": str | None,
    "strings": list[str] | None,
    "object": dict[str, Any] | None,
}
_JSON_TYPES = {"id": "string", "date": "string", "date-time": "string"}
_TEXTS = {"id", "string", "date", "date-time"}
NO_VALUES = {
    *("", "-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "n/a", "#n/a", "na", "n.a."),
    *("nan", "null", "none", "nil", "undefined", "not available"),
}
"""Words in columns of numbers and switches that stand for no value."""
_MAX_EXPONENT = 308
"""No number is that large; one that claims to be would take hours to write out."""


def json_schema(column_type: ColumnType) -> dict[str, object]:
    """Return the JSON schema of a column; it may be null, on every level."""
    if isinstance(column_type, Nested):
        properties = {name: json_schema(t) for name, t in column_type.fields.items()}
        schema: dict[str, object] = {
            "type": ["object", "null"],
            "properties": properties,
        }
        if column_type.is_list:
            return {"type": ["array", "null"], "items": schema}
        return schema
    if column_type == "strings":
        return {"type": ["array", "null"], "items": {"type": "string"}}
    found: dict[str, object] = {
        "type": [_JSON_TYPES.get(column_type, column_type), "null"]
    }
    if column_type in {"date", "date-time"}:
        return {**found, "format": column_type}
    return found


def python_type(column_type: ColumnType) -> Any:  # noqa: ANN401 - a type for msgspec
    """Return the type a column's values are decoded to; None may stand for any."""
    if not isinstance(column_type, Nested):
        return _TYPES[column_type]
    names = {name: f"c{index}" for index, name in enumerate(column_type.fields)}
    nested: Any = msgspec.defstruct(
        "Nested",
        [
            # a field that is not there stays away: sections keep their shape
            (names[name], python_type(t) | msgspec.UnsetType, msgspec.UNSET)
            for name, t in column_type.fields.items()
        ],
        rename={field: name for name, field in names.items()},
        forbid_unknown_fields=True,
        gc=False,
    )
    return list[nested | None] | None if column_type.is_list else nested | None


class Fitted(NamedTuple):
    """A value brought to its column's type, as far as that loses nothing."""

    value: Any
    extra: Any = None
    """What it cannot hold, and fields inside it nobody knows, in its own shape."""
    is_odd: bool = False
    """Whether something did not fit."""


def fit(column_type: ColumnType, value: object) -> Fitted:
    """Bring a decoded value (numbers as int or Decimal) to a column's type."""
    if value is None:
        return Fitted(None)
    if isinstance(column_type, Nested):
        fitted = _fit_list if column_type.is_list else _fit_object
        return fitted(column_type, value)
    if column_type in _TEXTS:
        return Fitted(_fit_text(value, is_id=column_type == "id"))
    if isinstance(value, str) and value.strip().casefold() in NO_VALUES:
        return Fitted(None)
    found = _fit_other(column_type, value)
    if found is None:
        return Fitted(None, plain(value), is_odd=True)
    return Fitted(found)


def _fit_other(column_type: ColumnType, value: object) -> object:
    """Return a value of a type that is no text; None if it does not fit."""
    if column_type == "object":
        return plain(value) if isinstance(value, dict) else None
    if column_type == "strings":
        if not isinstance(value, list):
            return None
        return [_fit_text(v, is_id=False) for v in value if v is not None]
    if column_type == "boolean":
        return _fit_boolean(value)
    return _fit_number(value, is_integer=column_type == "integer")


def fit_fields(
    fields: Mapping[str, ColumnType], value: Mapping[str, object]
) -> tuple[dict[str, Any], dict[str, Any], set[str]]:
    """Fit the members of an object; return them, what is unknown, and who is odd."""
    found, extra, odd = {}, {}, set()
    for name, member in value.items():
        if name not in fields:
            extra[name] = plain(member)
            continue
        fitted = fit(fields[name], member)
        found[name] = fitted.value
        if fitted.extra is not None:
            extra[name] = fitted.extra
        if fitted.is_odd:
            odd.add(name)
    return found, extra, odd


def plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a decoded value without our Decimals."""
    return json.loads(_text.encode(value))


def _fit_object(column_type: Nested, value: object) -> Fitted:
    if column_type.bare is not None and isinstance(value, (int, Decimal)):
        value = {column_type.bare: value}
    if not isinstance(value, dict):
        return Fitted(plain(value), is_odd=True)
    found, extra, odd = fit_fields(column_type.fields, value)
    return Fitted(found, extra or None, bool(odd))


def _fit_list(column_type: Nested, value: object) -> Fitted:
    if not isinstance(value, list):
        return Fitted(plain(value), is_odd=True)
    entry_type = Nested(column_type.fields)
    entries = [fit(entry_type, entry) for entry in value]
    extras = [entry.extra for entry in entries]
    return Fitted(
        [entry.value for entry in entries],
        extras if any(extra is not None for extra in extras) else None,
        any(entry.is_odd for entry in entries),
    )


def _fit_text(value: object, *, is_id: bool) -> str:
    if isinstance(value, str):
        return value
    if is_id and isinstance(value, Decimal) and _is_whole(value):
        value = int(value)
    return _text.encode(value).decode()


_text = msgspec.json.Encoder(decimal_format="number")


def _fit_boolean(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _fit_number(value: object, *, is_integer: bool) -> int | float | None:
    """Return a number; None if it is none, or no whole one where that is wanted."""
    if isinstance(value, str):
        try:
            value = _number.decode(value.strip())
        except msgspec.DecodeError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    if isinstance(value, int):
        return value
    if is_integer:
        return int(value) if _is_whole(value) else None
    number = float(value)
    return number if math.isfinite(number) else None


def _is_whole(value: Decimal) -> bool:
    return (
        value.is_finite()
        and value.adjusted() <= _MAX_EXPONENT
        and value == value.to_integral_value()
    )


def exact(text: str) -> Decimal | str:
    """Read a number with a fraction or exponent; what no number can be stays text."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


_number = msgspec.json.Decoder(float_hook=exact)
