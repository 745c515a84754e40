"""Streams whose columns the first rows have to tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_sdk import Stream
from singer_sdk.helpers._catalog import get_selected_schema


def learn_schema(stream: Stream, schema: Mapping[str, Any]) -> None:
    """Give a stream another schema before its SCHEMA message is written.

    Stream maps are made anew; what the catalog deselects stays out.
    """
    stream._schema = dict(schema)  # noqa: SLF001 - the SDK reads it once, at the start
    selected = get_selected_schema(stream.name, stream._schema, stream.mask)  # noqa: SLF001
    stream._tap.mapper.register_raw_stream_schema(  # noqa: SLF001
        stream.name, selected, list(stream.primary_keys)
    )
    stream._stream_maps = []  # noqa: SLF001
