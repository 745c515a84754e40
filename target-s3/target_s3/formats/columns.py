"""The columns that a SCHEMA describes, as far as formats with columns need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple


class ColumnKind(Enum):
    """What a column holds; whatever is of several types or of none is text."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    DECIMAL = "decimal"
    OBJECT = "object"
    LIST = "list"


class Column(NamedTuple):
    """One column of an output stream.

    ``fields`` are those of an object, or the one that a list's elements are like.
    ``digits`` are a decimal's: all of them, and those after the point.
    """

    name: str
    kind: ColumnKind
    fields: tuple[Column, ...] = ()
    digits: tuple[int, int] = (0, 0)


MAX_DIGITS = 38
_DEFAULT_DIGITS = (MAX_DIGITS, 9)
_SCALARS = {
    "integer": ColumnKind.INTEGER,
    "number": ColumnKind.NUMBER,
    "boolean": ColumnKind.BOOLEAN,
    "string": ColumnKind.TEXT,
}
_FORMATS = {
    "date": ColumnKind.DATE,
    "date-time": ColumnKind.TIMESTAMP,
    "singer.decimal": ColumnKind.DECIMAL,
}


def columns_of(schema: Mapping[str, Any], added: Iterable[str]) -> tuple[Column, ...]:
    """Return the schema's columns in order, then the added times it lacks."""
    properties: Mapping[str, Any] = schema["properties"]
    custom = [_column(name, prop) for name, prop in properties.items()]
    times = [name for name in added if name not in properties]
    return (*custom, *(Column(name, ColumnKind.TIMESTAMP) for name in times))


def _column(name: str, definition: object) -> Column:
    choices = [c for c in _choices(definition) if c.get("type") != "null"]
    kinds = {str(choice.get("type")) for choice in choices}
    if kinds == {"integer", "number"}:
        return Column(name, ColumnKind.NUMBER)
    if len(choices) == 1:
        return _of_one_type(name, choices[0])
    same = {_of_one_type(name, choice) for choice in choices}
    return same.pop() if len(same) == 1 else Column(name, ColumnKind.TEXT)


def _choices(definition: object) -> list[Mapping[str, Any]]:
    """Return the definition once for each type that it allows; nothing: anything."""
    if not isinstance(definition, dict):
        return []
    if "type" in definition:
        named = definition["type"]
        several = named if isinstance(named, list) else [named]
        return [{**definition, "type": name} for name in several]
    inner = definition.get("anyOf") or definition.get("oneOf")
    several = inner if isinstance(inner, list) else []
    found = [choice for part in several for choice in _choices(part) or [{}]]
    return found or [{}]


def _of_one_type(name: str, definition: Mapping[str, Any]) -> Column:
    kind = definition.get("type")
    if kind == "object":
        return _object(name, definition.get("properties"))
    if kind == "array":
        return _list(name, definition.get("items"))
    if kind == "string":
        found = _FORMATS.get(str(definition.get("format")), ColumnKind.TEXT)
        digits = _digits(definition) if found is ColumnKind.DECIMAL else (0, 0)
        return Column(name, found, digits=digits)
    return Column(name, _SCALARS.get(str(kind), ColumnKind.TEXT))


def _object(name: str, properties: object) -> Column:
    """An object of which nobody says what is in it stays JSON text."""
    if not isinstance(properties, dict) or not properties:
        return Column(name, ColumnKind.TEXT)
    fields = tuple(_column(inner, prop) for inner, prop in properties.items())
    return Column(name, ColumnKind.OBJECT, fields)


def _list(name: str, items: object) -> Column:
    if not isinstance(items, dict) or not items:
        return Column(name, ColumnKind.TEXT)
    return Column(name, ColumnKind.LIST, (_column("element", items),))


def _digits(definition: Mapping[str, Any]) -> tuple[int, int]:
    precision, scale = definition.get("precision"), definition.get("scale")
    if not isinstance(precision, int) or not 0 < precision <= MAX_DIGITS:
        return _DEFAULT_DIGITS
    is_sound = isinstance(scale, int) and 0 <= scale <= precision
    return (precision, scale) if is_sound and isinstance(scale, int) else (precision, 0)
