"""What people write, brought to the types and the case that the schema wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_amazon.tap.settings import coerced, complaints
from target_amazon_audience.settings_schema import (
    AUDIENCE_SCHEMA,
    CAPITALS,
    SMALL_LETTERS,
)


def prepared(config: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with text read as what the schema wants, choices in case."""
    found = _cased(coerced(config, schema))
    streams = found.get("streams")
    if isinstance(streams, dict):
        found["streams"] = {
            name: _cased(coerced(entry, AUDIENCE_SCHEMA))
            if isinstance(entry, dict)
            else entry
            for name, entry in streams.items()
        }
    return found


def _cased(config: dict[str, Any]) -> dict[str, Any]:
    return {name: _case(name, value) for name, value in config.items()}


def _case(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if name in CAPITALS:
        return value.strip().upper()
    return value.strip().lower() if name in SMALL_LETTERS else value


def complaints_of_streams(config: Mapping[str, Any]) -> list[str]:
    """Return sentences on what is wrong in the entries of ``streams``."""
    streams = config.get("streams")
    if not isinstance(streams, dict):
        return []
    schema = {**AUDIENCE_SCHEMA, "additionalProperties": False}
    return [
        f"Setting streams.{name}: {sentence}"
        for name, entry in streams.items()
        if isinstance(entry, dict)
        for sentence in complaints(entry, schema)
    ]
