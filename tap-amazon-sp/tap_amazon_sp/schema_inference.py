"""Columns inferred from the first rows, for streams that nothing else describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from singer_sdk import Stream
from singer_sdk.helpers._catalog import get_selected_schema

from tap_amazon_sp.catalogue.model import EXTRA, Schema

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),  # before the numbers: it is one in Python
    ((int, float), "number"),
    (str, "string"),
    (dict, "object"),
    (list, "array"),
)


def infer_columns(records: Iterable[Mapping[str, Any]]) -> dict[str, Schema]:
    """Return the columns that records show: what is null in all of them has none."""
    found: dict[str, Schema] = {}
    for record in records:
        for name, value in record.items():
            kind = next((kind for of, kind in _KINDS if isinstance(value, of)), None)
            if kind is not None and name != EXTRA:
                found.setdefault(name, {"type": [kind, "null"]})
    return found


def apply_schema(stream: Stream, schema: Mapping[str, Any]) -> None:
    """Give a stream another schema before its SCHEMA message is written.

    Stream maps are made anew; what the catalog deselects stays out.
    """
    stream._schema = dict(schema)  # noqa: SLF001 - the SDK reads it once, at the start
    selected = get_selected_schema(stream.name, stream._schema, stream.mask)  # noqa: SLF001
    stream._tap.mapper.register_raw_stream_schema(  # noqa: SLF001
        stream.name, selected, list(stream.primary_keys)
    )
    stream._stream_maps = []  # noqa: SLF001
