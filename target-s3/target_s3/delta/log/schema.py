"""The columns of a table as the text that its log has of them, and back.

Only the types that this target writes, all nullable; anything else is None: that table
is another program's, and has rules that a plain append would not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from target_s3.formats.columns import Column, ColumnKind

_NAMES = {
    ColumnKind.TEXT: "string",
    ColumnKind.INTEGER: "long",
    ColumnKind.NUMBER: "double",
    ColumnKind.BOOLEAN: "boolean",
    ColumnKind.DATE: "date",
    ColumnKind.TIMESTAMP: "timestamp",
}
_KINDS = {name: kind for kind, name in _NAMES.items()}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")


def schema_text(columns: Sequence[Column]) -> str:
    """Return columns as the ``schemaString`` of a table."""
    return msgspec.json.encode(_struct(columns)).decode()


def columns_in(text: str) -> tuple[Column, ...] | None:
    """Return the columns of a ``schemaString``; None where not all are such as ours."""
    try:
        described = msgspec.json.decode(text)
        found = _columns(described)
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return None
    return found if _struct(found) == described else None


def _struct(columns: Sequence[Column]) -> dict[str, Any]:
    fields = [
        {"name": c.name, "type": _type(c), "nullable": True, "metadata": {}}
        for c in columns
    ]
    return {"type": "struct", "fields": fields}


def _type(column: Column) -> str | dict[str, Any]:
    if column.kind is ColumnKind.OBJECT:
        return _struct(column.fields)
    if column.kind is ColumnKind.LIST:
        inner = _type(column.fields[0])
        return {"type": "array", "elementType": inner, "containsNull": True}
    if column.kind is ColumnKind.DECIMAL:
        return "decimal({},{})".format(*column.digits)
    return _NAMES[column.kind]


def _columns(struct: Mapping[str, Any]) -> tuple[Column, ...]:
    return tuple(_column(field["name"], field["type"]) for field in struct["fields"])


def _column(name: str, kind: Any) -> Column:  # noqa: ANN401 - JSON
    if isinstance(kind, str):
        if found := _DECIMAL.fullmatch(kind):
            digits = (int(found[1]), int(found[2]))
            return Column(name, ColumnKind.DECIMAL, digits=digits)
        return Column(name, _KINDS[kind])
    if kind["type"] == "array":
        inner = _column("element", kind["elementType"])
        return Column(name, ColumnKind.LIST, (inner,))
    return Column(name, ColumnKind.OBJECT, _columns(kind))
