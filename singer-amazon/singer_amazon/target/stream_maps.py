"""SCHEMA messages through the SDK's stream maps and flattening."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from singer_sdk.exceptions import MapExpressionError, MappingError
from singer_sdk.mapper import (
    PluginMapper,
    RemoveRecordTransform,
    SameRecordTransform,
    StreamMap,
)

from singer_amazon.errors import ConfigError
from singer_amazon.target.errors import ExpressionError, InputError
from singer_amazon.target.messages import Message

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
"""Makes the new record, or None where it is filtered out."""


class MappedStream(NamedTuple):
    """One output of an input stream; without ``transform`` records pass untouched."""

    name: str
    schema: Mapping[str, Any]
    key_properties: Sequence[str]
    transform: Transform | None


class StreamMaps:
    """Asks the SDK's mapper, once per SCHEMA."""

    def __init__(self, mapper: PluginMapper) -> None:
        self._mapper = mapper
        self._schemas: dict[str, tuple[bytes, list[str] | None]] = {}

    def outputs(self, line: int, message: Message) -> list[MappedStream] | None:
        """Return the outputs of a SCHEMA's stream; None if it brings nothing new.

        Raises:
            InputError: the message has no stream or no schema.
            ConfigError: the setting stream_maps is wrong for this stream.
        """
        stream = message.stream
        raw = bytes(message.schema)
        schema = msgspec.json.decode(raw) if raw else None
        if not stream or not isinstance(schema, dict):
            msg = f"Line {line} of the input is a SCHEMA without stream or schema."
            raise InputError(msg)
        if not isinstance(schema.get("properties"), dict):
            msg = (
                f"Line {line} of the input: the SCHEMA of stream {stream} has no "
                "properties."
            )
            raise InputError(msg)
        described = (raw, message.key_properties)
        if self._schemas.get(stream) == described:
            return None
        self._schemas[stream] = described
        return self._mapped(stream, schema, message.key_properties or [])

    def _mapped(
        self, stream: str, schema: dict[str, Any], keys: Sequence[str]
    ) -> list[MappedStream]:
        try:
            self._mapper.register_raw_stream_schema(stream, schema, keys)
        except MappingError as error:
            msg = f"Setting stream_maps: {error}"
            raise ConfigError(msg) from None
        except Exception as error:  # noqa: BLE001 - the SDK meets what it does not know
            msg = (
                f"Stream {stream}: its SCHEMA, or what stream_maps and flattening make "
                f"of it, cannot be used ({type(error).__name__}: {error}). Check the "
                "setting stream_maps for this stream, and the tap's catalog."
            )
            raise ConfigError(msg) from None
        return [
            MappedStream(
                found.stream_alias,
                found.transformed_schema,
                tuple(found.transformed_key_properties or ()),
                None if _is_untouched(found) else _transform(stream, found),
            )
            for found in self._mapper.stream_maps[stream]
            if not isinstance(found, RemoveRecordTransform)
        ]


def _is_untouched(found: StreamMap) -> bool:
    return isinstance(found, SameRecordTransform) and not found.flattening_enabled


def _transform(stream: str, found: StreamMap) -> Transform:
    def transform(record: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return found.transform(record)
        except _EXPRESSION_FAILURES:
            # The SDK's words may repeat the record.
            msg = (
                f"Stream {stream}: an expression of stream_maps fails on a record; "
                "check the expressions for this stream."
            )
            raise ExpressionError(msg) from None

    return transform
