"""Reads state and catalog files: damaged or foreign ones are sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from singer_amazon.errors import ConfigError

_SHOWN = 5


def read_state(text: str) -> dict[str, Any]:
    """Read a Singer state; an empty text is none yet.

    Raises:
        ConfigError: it is none, and why.
    """
    if not text.strip():
        return {}
    state = _object(text, "state", "Give the last STATE of this tap, or none")
    bookmarks = state.get("bookmarks", {})
    is_sound = isinstance(bookmarks, dict) and all(
        isinstance(entry, dict) and _are_objects(entry.get("partitions", []))
        for entry in bookmarks.values()
    )
    if not is_sound:
        msg = (
            "the state is damaged: its bookmarks are no objects by stream, or their "
            "partitions no lists of objects. Mend it, or "
            "run with --full-refresh to begin anew"
        )
        raise ConfigError(msg)
    return state


def read_catalog(text: str) -> dict[str, Any]:
    """Read a Singer catalog.

    Raises:
        ConfigError: it is none, and why.
    """
    advice = "Make one with --discover"
    catalog = _object(text, "catalog", advice)
    streams = catalog.get("streams")
    if not isinstance(streams, list):
        msg = f"the catalog has no list of streams. {advice}"
        raise ConfigError(msg)
    for number, entry in enumerate(streams):
        if not _is_entry(entry):
            msg = f"entry {number} of the catalog's streams is damaged. {advice}"
            raise ConfigError(msg)
    return catalog


def strangers(names: Iterable[str], known: Iterable[str]) -> str:
    """Return the names nobody knows, a few of them; empty where there are none."""
    found = sorted(set(names) - set(known))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(name[:80] for name in found[:_SHOWN]) + more


def _object(text: str, what: str, advice: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        msg = f"the {what} is not JSON ({str(error)[:200]}). {advice}"
        raise ConfigError(msg) from None
    if not isinstance(found, dict):
        msg = f"the {what} is no JSON object. {advice}"
        raise ConfigError(msg)
    return found


def _are_objects(items: object) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, Mapping):
        return False
    metadata = entry.get("metadata", [])
    schema = entry.get("schema")
    return (
        any(isinstance(entry.get(n), str) for n in ("tap_stream_id", "stream"))
        and isinstance(schema, Mapping)
        and isinstance(schema.get("properties", {}), Mapping)
        and isinstance(metadata, list)
        and all(
            isinstance(item, Mapping)
            and isinstance(item.get("breadcrumb"), list)
            and isinstance(item.get("metadata"), Mapping)
            for item in metadata
        )
    )
