"""Whether a value is what a column's schema says, down to the last level.

`RowShape` looks at the first level only; below it a value that does not fit would break
the SCHEMA as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tap_amazon_sp.catalogue.model import Schema
from tap_amazon_sp.timestamps import parse_instant

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*")
_CHECKED = ("properties", "items", "format", "additionalProperties")


def depends_on_value(schema: Schema) -> bool:
    """Whether more of a schema has to be looked at than the type of a value."""
    return any(name in schema for name in _CHECKED)


def conforms(value: object, schema: Schema) -> bool:
    """Return whether a value is of its schema; what the schema leaves open, is."""
    types = schema.get("type")
    if types is not None and not _is_of_type(value, types):
        return False
    if isinstance(value, str):
        return _has_format(value, schema.get("format"))
    if isinstance(value, dict):
        return _conforms_object(value, schema)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, Mapping):
        return all(conforms(item, items) for item in value)
    return True


def _conforms_object(value: Mapping[str, Any], schema: Schema) -> bool:
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    if schema.get("additionalProperties") is False and not known.keys() >= value.keys():
        return False
    return all(
        conforms(entry, known[name]) for name, entry in value.items() if name in known
    )


def _is_of_type(value: object, types: str | list[str]) -> bool:
    wanted = {types} if isinstance(types, str) else set(types)
    if value is None:
        return "null" in wanted
    if isinstance(value, bool):
        return "boolean" in wanted
    if isinstance(value, (int, float)):
        is_whole = isinstance(value, int) or value.is_integer()
        return "number" in wanted or ("integer" in wanted and is_whole)
    names = ((str, "string"), (dict, "object"), (list, "array"))
    return any(isinstance(value, kind) and name in wanted for kind, name in names)


def _has_format(text: str, name: object) -> bool:
    if name == "date":
        return _DATE.fullmatch(text) is not None and parse_instant(text) is not None
    if name == "date-time":
        return _INSTANT.fullmatch(text) is not None and parse_instant(text) is not None
    return True
