"""The columns that a SCHEMA describes, as far as CSV and Parquet need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple


class ColumnKind(Enum):
    """What a column holds; whatever is not one plain scalar is text."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


class Column(NamedTuple):
    """One column of an output stream."""

    name: str
    kind: ColumnKind


def columns_of(schema: Mapping[str, Any], added: Iterable[str]) -> tuple[Column, ...]:
    """Return the schema's columns in order, then the added ones it lacks."""
    properties: Mapping[str, Any] = schema["properties"]
    own = [Column(name, _kind(prop)) for name, prop in properties.items()]
    extra = [Column(name, ColumnKind.TEXT) for name in added if name not in properties]
    return (*own, *extra)


def _kind(definition: object) -> ColumnKind:
    types = _types(definition) - {"null"}
    if types == {"integer"}:
        return ColumnKind.INTEGER
    if types in ({"number"}, {"integer", "number"}):
        return ColumnKind.NUMBER
    return ColumnKind.BOOLEAN if types == {"boolean"} else ColumnKind.TEXT


def _types(definition: object) -> set[str]:
    """All types that the definition allows; dates are text, as the tap wrote them.

    What is no JSON schema allows anything.
    """
    if not isinstance(definition, dict):
        return {"any"}
    if "type" in definition:
        named = definition["type"]
        several = named if isinstance(named, list) else [named]
        return {name if isinstance(name, str) else "any" for name in several}
    choices = definition.get("anyOf") or definition.get("oneOf")
    several = choices if isinstance(choices, list) else []
    return {name for choice in several for name in _types(choice)} or {"any"}
