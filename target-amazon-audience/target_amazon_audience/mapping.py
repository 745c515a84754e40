"""The SDK's stream maps and flattening, asked once per SCHEMA."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from singer_sdk.exceptions import MapExpressionError, MappingError
from singer_sdk.mapper import (
    PluginMapper,
    RemoveRecordTransform,
    SameRecordTransform,
    StreamMap,
)

from singer_amazon.errors import ConfigError

# An expression is the user's own code: it may fail in any of these ways.
_EXPRESSION_FAILURES = (
    MapExpressionError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

Transform = Callable[[dict[str, Any]], "dict[str, Any] | None"]


class ExpressionError(Exception):
    """An expression of stream_maps failed on a record; says nothing of the record."""


class MappedStream(NamedTuple):
    """One output of an input stream; without ``transform`` records pass untouched."""

    name: str
    key_properties: Sequence[str]
    transform: Transform | None


def outputs(
    mapper: PluginMapper, stream: str, schema: dict[str, Any], keys: Sequence[str]
) -> list[MappedStream]:
    """Return the outputs of an input stream, none where it is dropped.

    Raises:
        ConfigError: the setting stream_maps is wrong for this stream.
    """
    try:
        mapper.register_raw_stream_schema(stream, schema, keys)
    except MappingError as error:
        msg = f"Setting stream_maps: {error}"
        raise ConfigError(msg) from None
    return [
        MappedStream(
            found.stream_alias,
            tuple(found.transformed_key_properties or ()),
            None if _is_untouched(found) else _transform(found),
        )
        for found in mapper.stream_maps[stream]
        if not isinstance(found, RemoveRecordTransform)
    ]


def _is_untouched(found: StreamMap) -> bool:
    return isinstance(found, SameRecordTransform) and not found.flattening_enabled


def _transform(found: StreamMap) -> Transform:
    def transform(record: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return found.transform(record)
        except _EXPRESSION_FAILURES:
            # The SDK's words may repeat the record.
            raise ExpressionError from None

    return transform
