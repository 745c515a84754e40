"""How far a table has been read for one account, as the state keeps it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from singer_amazon.errors import ConfigError
from tap_amazon_sp.endpoints.definitions import Table
from tap_amazon_sp.timestamps import format_instant, parse_instant

VERSION = 1


@dataclass(slots=True, eq=False)
class TableBookmark:
    """One table read for one account (and marketplace).

    Everything before `position` is delivered; records on its edge come again.
    """

    table: Table
    context: Mapping[str, str]
    label: str
    """The account as people know it, for messages."""
    position: datetime | None = None
    slice_hours: float | None = None
    """Length of the first slice, where the usual one was too long for a run."""
    is_held: bool = False
    """Whether something could not be read, so that the bookmark stays."""

    @property
    def has_bookmark(self) -> bool:
        """Whether runs go on where the last one stopped."""
        return self.table.listing.updated_at is not None

    def load(self, entry: Mapping[str, Any]) -> str | None:
        """Take over an entry of the state; return a warning where it is not used.

        Raises:
            ConfigError: the entry is damaged.
        """
        fingerprint = self.table.fingerprint()
        if entry.get("fingerprint", fingerprint) != fingerprint:
            return (
                f"{self.table.name} of {self.label}: its definition has changed, so "
                "its bookmark begins anew"
            )
        value, hours = entry.get("replication_key_value"), entry.get("slice_hours")
        self.position = None if value is None else parse_instant(value)
        damaged = value is not None and self.position is None
        if damaged or not (
            hours is None or (isinstance(hours, (int, float)) and hours > 0)
        ):
            msg = (
                f"the state of {self.table.name} for {self.label} is damaged "
                f"({value!r}, {hours!r}). Mend it there, or run with --full-refresh "
                "to begin anew"
            )
            raise ConfigError(msg)
        self.slice_hours = hours
        return None

    def to_state(self) -> dict[str, Any]:
        """Return the entry of the state."""
        entry: dict[str, Any] = {"context": dict(self.context), "version": VERSION}
        if self.position is not None:
            listing = self.table.listing
            entry["replication_key"] = self.table.replication_key or listing.updated_at
            entry["replication_key_value"] = format_instant(self.position)
        entry["fingerprint"] = self.table.fingerprint()
        if self.slice_hours is not None:
            entry["slice_hours"] = self.slice_hours
        return entry

    def move(self, to: datetime) -> bool:
        """Move the bookmark on, never back; say whether anything changed."""
        if self.is_held or not self.has_bookmark:
            return False
        if self.position is not None and to <= self.position:
            return False
        self.position = to
        return True


class BookmarkStore:
    """The bookmarks of a run in a Singer state."""

    def __init__(self, state: MutableMapping[str, Any]) -> None:
        self._state = state
        self._entries: dict[int, MutableMapping[str, Any]] = {}

    def load(self, bookmark: TableBookmark) -> str | None:
        """Read a bookmark; return a warning where what is there is not used.

        Raises:
            ConfigError: the state is damaged there.
        """
        bookmarks = self._state.get("bookmarks") or {}
        for entry in bookmarks.get(bookmark.table.name, {}).get("partitions", []):
            if entry.get("context") == dict(bookmark.context):
                self._entries[id(bookmark)] = entry
                return bookmark.load(entry)
        return None

    def note(self, bookmark: TableBookmark) -> None:
        """Bring the state up to date with a bookmark."""
        entry = self._entries.get(id(bookmark))
        if entry is None:
            stream = self._state.setdefault("bookmarks", {}).setdefault(
                bookmark.table.name, {}
            )
            entry = self._entries[id(bookmark)] = {}
            stream.setdefault("partitions", []).append(entry)
        entry.clear()
        entry.update(bookmark.to_state())
