"""Entries of the state as JSON: each is encoded when it has changed, not each time.

The state of thousands of accounts is written again and again, and little of it changes
in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class EncodedEntries:
    """The entries that this run has changed, ready to be written."""

    def __init__(self) -> None:
        self._entries: dict[int, Mapping[str, Any]] = {}
        """By identity; kept, so that no other entry can have the same."""
        self._encoded: dict[int, msgspec.Raw] = {}
        self._changed: set[int] = set()
        self._encoder = msgspec.json.Encoder()

    def changed(self, entry: Mapping[str, Any]) -> None:
        """Note that an entry has been made, or made anew; nobody else changes it."""
        self._entries[id(entry)] = entry
        self._changed.add(id(entry))

    def in_state(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return a state to be encoded, in which known entries already are."""
        for number in self._changed:
            encoded = self._encoder.encode(self._entries[number])
            self._encoded[number] = msgspec.Raw(encoded)
        self._changed.clear()
        bookmarks = state.get("bookmarks")
        if not self._encoded or not isinstance(bookmarks, Mapping):
            return dict(state)
        streams = {name: self._in_stream(found) for name, found in bookmarks.items()}
        return {**state, "bookmarks": streams}

    def _in_stream(self, stream: object) -> object:
        entries = stream.get("partitions") if isinstance(stream, Mapping) else None
        if not isinstance(stream, Mapping) or not isinstance(entries, list):
            return stream
        encoded = self._encoded
        return {**stream, "partitions": [encoded.get(id(e), e) for e in entries]}
