"""What records of documented paths look like, as JSON schemas.

``schemas/<name>.json`` is one file for each path: where its rows are, their key, the
time of their last change, and their fields. A field is a kind (``string``,
``integer``, ``number``, ``boolean``, ``date``, ``date-time``, ``object``), the name of
one of the file's ``shapes``, or a list of one of these: ``["string"]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from tap_amazon_sp.catalogue.model import Schema

_SCALARS = {"string", "integer", "number", "boolean"}
_FORMATS = {"date", "date-time"}
OPEN = {"type": ["object", "null"]}


class SchemaFileError(Exception):
    """A file of the models is wrong; the text names the file and what is wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordSchema:
    """The records of one path; `rows` is where they are in a response."""

    name: str
    path: str
    rows: str
    key: tuple[str, ...]
    last_modified: str | None
    columns: Mapping[str, Schema]
    only_ready_made: bool = False
    """Whether custom endpoints of the path say themselves what their rows are."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    rows: str
    key: list[str]
    last_modified: str | None
    source: str
    checked: str
    fields: dict[str, Any]
    shapes: dict[str, dict[str, Any]]
    only_ready_made: bool = False


@lru_cache(maxsize=1)
def record_schemas() -> Mapping[str, RecordSchema]:
    """Return all models by name, read once per process.

    Raises:
        ModelError: a file is not as it should be.
    """
    found = {}
    folder = resources.files("tap_amazon_sp.endpoints") / "schemas"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".json"):
            continue
        name = file.name.removesuffix(".json")
        try:
            found[name] = _record_schema(
                name, msgspec.json.decode(file.read_bytes(), type=_File)
            )
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            msg = f"{file.name} of the endpoint models: {error}"
            raise SchemaFileError(msg) from error
    return found


def _record_schema(name: str, raw: _File) -> RecordSchema:
    columns = {field: _schema(kind, raw.shapes) for field, kind in raw.fields.items()}
    for field in (*raw.key, raw.last_modified or raw.key[0]):
        columns[field]
    return RecordSchema(
        name,
        raw.path,
        raw.rows,
        tuple(raw.key),
        raw.last_modified,
        columns,
        raw.only_ready_made,
    )


def _schema(
    kind: object, shapes: Mapping[str, Mapping[str, Any]], above: tuple[str, ...] = ()
) -> Schema:
    """Return the schema of a field; all may be null, on every level."""
    if isinstance(kind, list):
        (item,) = kind
        return {"type": ["array", "null"], "items": _schema(item, shapes, above)}
    if kind in _SCALARS:
        return {"type": [kind, "null"]}
    if kind in _FORMATS:
        return {"type": ["string", "null"], "format": kind}
    if kind == "object" or kind in above:
        return OPEN
    assert isinstance(kind, str)  # noqa: S101 - a TypeError of the next line otherwise
    fields = shapes[kind].items()
    properties = {n: _schema(k, shapes, (*above, kind)) for n, k in fields}
    return {"type": ["object", "null"], "properties": properties}
