"""The SDK's stream maps and flattening, asked once per SCHEMA."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec
from singer_sdk.exceptions import MapExpressionError, MappingError
from singer_sdk.mapper import (
    PluginMapper,
    RemoveRecordTransform,
    SameRecordTransform,
    StreamMap,
)

from target_s3.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode

# An expression is the user's own code: it may fail in any of these ways.
_EXPRESSION_FAILURES = (
    MapExpressionError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class Transform(Protocol):
    """Turns the JSON text of a record into that of another, or into nothing."""

    def __call__(self, record: bytes) -> bytes | None:
        """Return the new record, or None when it is filtered out."""


class MappedStream(NamedTuple):
    """One output of an input stream; without ``transform`` records pass untouched."""

    name: str
    schema: Mapping[str, Any]
    key_properties: Sequence[str]
    transform: Transform | None


class Mapper(Protocol):
    """Says what becomes of an input stream."""

    def outputs(
        self, stream: str, schema: dict[str, Any], keys: Sequence[str]
    ) -> list[MappedStream]:
        """Return the stream's outputs, none where it is dropped."""


class SdkMapper:
    """Asks the SDK's mapper, and is out of the way where it has nothing to do."""

    def __init__(self, mapper: PluginMapper) -> None:
        self._mapper = mapper

    def outputs(
        self, stream: str, schema: dict[str, Any], keys: Sequence[str]
    ) -> list[MappedStream]:
        """Return the stream's outputs, none where it is dropped."""
        try:
            self._mapper.register_raw_stream_schema(stream, schema, keys)
        except MappingError as error:
            msg = f"Setting stream_maps: {error}"
            raise ConfigError(msg) from None
        return [
            MappedStream(
                found.stream_alias,
                found.transformed_schema,
                found.transformed_key_properties or (),
                None if self._is_untouched(found) else _Transform(stream, found),
            )
            for found in self._mapper.stream_maps[stream]
            if not isinstance(found, RemoveRecordTransform)
        ]

    @staticmethod
    def _is_untouched(found: StreamMap) -> bool:
        return isinstance(found, SameRecordTransform) and not found.flattening_enabled


class _Transform:
    def __init__(self, stream: str, stream_map: StreamMap) -> None:
        self._stream = stream
        self._map = stream_map

    def __call__(self, record: bytes) -> bytes | None:
        try:
            found = self._map.transform(_decode(record))
        except _EXPRESSION_FAILURES:
            # The SDK's words may repeat the record.
            msg = (
                f"Stream {self._stream}: an expression of stream_maps fails on a "
                "record; check the expressions for this stream."
            )
            raise InputError(msg) from None
        return None if found is None else _encode(found)
