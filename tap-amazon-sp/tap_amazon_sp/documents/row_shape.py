"""Records as rows of a table: columns that fit, everything else in `_extra`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tap_amazon_sp.catalogue.model import EXTRA, Schema

_MISFIT = object()
_KEY: Schema = {"type": "string"}
_WHOLE: tuple[tuple[type, str], ...] = (
    (str, "string"),
    (dict, "object"),
    (list, "array"),
)


class RowShape:
    """How the rows of one table look: key columns are there, text and never null.

    A field without a column, or one that does not fit its column, goes into `_extra`;
    with `keeps_unknown` False it is left out and counted in `left_out`.
    """

    def __init__(
        self, columns: Mapping[str, Schema], key: Iterable[str], *, keeps_unknown: bool
    ) -> None:
        self._key = tuple(key)
        self.columns: dict[str, Schema] = {**dict.fromkeys(self._key, _KEY), **columns}
        self._keeps_unknown = keeps_unknown
        self._types = {name: _types(schema) for name, schema in self.columns.items()}
        self.left_out: set[str] = set()

    def row(
        self, record: Mapping[str, Any], added: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return one row; `added` are columns of ours, which go before Amazon's."""
        row: dict[str, Any] = dict(added)
        extra: dict[str, Any] = {}
        for name, value in record.items():
            types = self._types.get(name)
            if name in added or types is None:
                fitted = _MISFIT
            else:
                fitted = value if name in self._key else _fit(value, types)
            if fitted is not _MISFIT:
                row[name] = fitted
            elif value is not None:
                extra[name] = value
        for name in self._key:
            row[name] = _text(row.get(name))
        if extra and self._keeps_unknown:
            row[EXTRA] = extra
        self.left_out.update(extra)
        return row

    def schema(self, added: Iterable[str]) -> dict[str, Any]:
        """Return the JSON schema of the rows, key columns first."""
        properties: dict[str, Any]
        properties = {name: {"type": "string"} for name in (*added, *self._key)}
        for name, schema in self.columns.items():
            properties.setdefault(name, dict(schema))
        if self._keeps_unknown:
            properties[EXTRA] = {"type": ["object", "null"]}
        return {"type": "object", "properties": properties}


def _types(schema: Schema) -> frozenset[str]:
    types = schema.get("type") or ()
    return frozenset([types] if isinstance(types, str) else types)


def _fit(value: object, types: frozenset[str]) -> object:
    """Return a value as its column wants it, or _MISFIT."""
    if value is None:
        return None
    if isinstance(value, bool):
        fits = "boolean" in types
        return value if fits else str(value).lower() if "string" in types else _MISFIT
    if isinstance(value, (int, float)):
        if "number" in types or ("integer" in types and value == int(value)):
            return value if "number" in types else int(value)
        return json.dumps(value) if "string" in types else _MISFIT
    for kind, name in _WHOLE:
        if isinstance(value, kind):
            return value if name in types else _MISFIT
    return _MISFIT


def _text(value: object) -> str:
    """Return the value of a key column."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
