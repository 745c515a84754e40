"""How far a table has been read for one account, as the state keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from singer_amazon.errors import ConfigError
from tap_amazon_sp.endpoints.definitions import Table
from tap_amazon_sp.endpoints.status_sweep import OpenRows
from tap_amazon_sp.timestamps import format_instant, parse_instant

VERSION = 1
KEPT_CLOSED = timedelta(days=30)
"""How long a record that was given up stays in the state, and in the summary."""

_Context = frozenset[tuple[str, str]]

COLUMN_TYPES = frozenset({"string", "number", "boolean", "object", "array"})
MAX_HOURS = 24 * 366
MAX_RECORDS = 1000
"""Most records of one table that the state follows; more only hold the bookmark."""


@dataclass(frozen=True, slots=True)
class UnreadRecord:
    """A record whose expansion could not be read; `closed_at` once it is given up."""

    path: str
    reason: str
    attempts: int
    closed_at: datetime | None = None

    def to_state(self) -> dict[str, Any]:
        """Return the entry of the state."""
        entry = {"path": self.path, "reason": self.reason, "attempts": self.attempts}
        if self.closed_at is not None:
            entry["closed_at"] = format_instant(self.closed_at)
        return entry

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> UnreadRecord:
        """Read what `to_state` wrote.

        Raises:
            ValueError: it is damaged.
        """
        path, attempts = entry.get("path"), entry.get("attempts")
        closed = parse_instant(entry["closed_at"]) if "closed_at" in entry else None
        is_damaged = not isinstance(path, str) or type(attempts) is not int
        if is_damaged or ("closed_at" in entry and closed is None):
            raise ValueError(entry)
        return cls(str(path), str(entry.get("reason")), int(attempts or 0), closed)


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
    unread: dict[str, UnreadRecord] = field(default_factory=dict)
    """Records that hold it, by the path that could not be read."""
    given_up: dict[str, UnreadRecord] = field(default_factory=dict)
    open_rows: OpenRows | None = field(init=False)
    """Its rows that may still change, where the table has such."""
    _tried: set[str] = field(default_factory=set)
    _counted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        sweep = self.table.sweep
        self.open_rows = None if sweep is None else OpenRows(sweep)

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
            hours is None or (isinstance(hours, (int, float)) and 0 < hours < MAX_HOURS)
        ):
            what = f"{value!r}, {hours!r}"
            raise self._damaged(what)
        self.slice_hours = hours
        self.unread = self._records(entry, "gaps")
        self.given_up = self._records(entry, "closed_gaps")
        self._load_open_rows(entry)
        return None

    def _load_open_rows(self, entry: Mapping[str, Any]) -> None:
        if self.open_rows is not None:
            try:
                self.open_rows.load(entry)
            except ValueError as error:
                raise self._damaged(str(error)) from None

    def _records(self, entry: Mapping[str, Any], name: str) -> dict[str, UnreadRecord]:
        listed = entry.get(name) or []
        try:
            found = [UnreadRecord.parse(item) for item in listed]
        except (ValueError, TypeError, AttributeError):
            raise self._damaged(name) from None
        return {record.path: record for record in found}

    def _damaged(self, what: str) -> ConfigError:
        return ConfigError(
            f"the state of {self.table.name} for {self.label} is damaged ({what}). "
            "Mend it there, or run with --full-refresh to begin anew"
        )

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
        if self.open_rows is not None:
            entry |= self.open_rows.to_state()
        for name, records in (("gaps", self.unread), ("closed_gaps", self.given_up)):
            if records:
                entry[name] = [record.to_state() for record in records.values()]
        return entry

    # --- records that could not be read ------------------------------------

    def fail(
        self,
        path: str,
        reason: str,
        now: datetime,
        max_runs: int,
        *,
        counts: bool = True,
    ) -> int:
        """Note that a record could not be read; return in how many runs, if enough.

        Until then the bookmark stays. Each run counts once, if it `counts`.
        """
        before = self.unread.get(path)
        attempts = before.attempts if before is not None else 0
        if counts and path not in self._counted:
            attempts += 1
            self._counted.add(path)
        self._tried.add(path)
        if counts and attempts >= max_runs:
            self.unread.pop(path, None)
            self.given_up[path] = UnreadRecord(path, reason, attempts, now)
            return attempts
        if before is not None or len(self.unread) < MAX_RECORDS:
            self.unread[path] = UnreadRecord(path, reason, attempts)
        self.is_held = True
        return 0

    def was_read(self, path: str) -> bool:
        """Forget a record that has been read; say whether anything changed."""
        held = self.unread.pop(path, None), self.given_up.pop(path, None)
        return any(held)

    def forget(self, now: datetime, *, all_read: bool = False) -> bool:
        """Forget what was given up long ago, and what is not listed any more.

        `all_read`: this run has read everything up to its end.
        """
        before = len(self.unread) + len(self.given_up)
        recent = {
            path: record
            for path, record in self.given_up.items()
            if record.closed_at is None or now - record.closed_at <= KEPT_CLOSED
        }
        self.given_up = dict(list(recent.items())[-MAX_RECORDS:])
        if all_read:
            self.unread = {p: r for p, r in self.unread.items() if p in self._tried}
        return before != len(self.unread) + len(self.given_up)

    # --- how far it is read ------------------------------------------------

    @property
    def oldest_open(self) -> datetime | None:
        """Since when there are rows that may have changed, as the state says."""
        return None if self.open_rows is None else self.open_rows.oldest

    def note_rows(self, records: Iterable[Mapping[str, Any]], after: datetime) -> None:
        """Note rows that a search from `after` on brought."""
        if self.open_rows is not None:
            self.open_rows.note(records, after)

    def complete(self) -> bool:
        """Note that a run has read everything; say whether anything changed."""
        return self.open_rows is not None and self.open_rows.complete()

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
        self._found: dict[str, dict[_Context, MutableMapping[str, Any]]] = {}
        """By stream and context: the entries the state came with."""

    def load(self, bookmark: TableBookmark) -> str | None:
        """Read a bookmark; return a warning where what is there is not used.

        Raises:
            ConfigError: the state is damaged there.
        """
        stream = bookmark.table.name
        if stream not in self._found:
            entries = self._stream(stream).get("partitions") or []
            self._found[stream] = _by_context(entries)
        entry = self._found[stream].get(frozenset(bookmark.context.items()))
        if entry is None:
            return None
        self._entries[id(bookmark)] = entry
        return bookmark.load(entry)

    def note(self, bookmark: TableBookmark) -> None:
        """Bring the state up to date with a bookmark."""
        entry = self._entries.get(id(bookmark))
        if entry is None:
            stream = self._stream(bookmark.table.name, is_made=True)
            entry = self._entries[id(bookmark)] = {}
            stream.setdefault("partitions", []).append(entry)
        entry.clear()
        entry.update(bookmark.to_state())

    def columns(self, stream: str) -> dict[str, str]:
        """Return the columns that earlier runs inferred, with their types."""
        found = self._stream(stream).get("columns")
        items = found.items() if isinstance(found, Mapping) else ()
        return {name: kind for name, kind in items if kind in COLUMN_TYPES}

    def note_columns(self, stream: str, columns: Mapping[str, str]) -> None:
        """Keep the columns of a stream, so that later runs have the same."""
        self._stream(stream, is_made=True)["columns"] = dict(columns)

    def _stream(self, name: str, *, is_made: bool = False) -> MutableMapping[str, Any]:
        if is_made:
            streams = self._state.setdefault("bookmarks", {})
            found: MutableMapping[str, Any] = streams.setdefault(name, {})
            return found
        entry = (self._state.get("bookmarks") or {}).get(name)
        return entry if isinstance(entry, MutableMapping) else {}


def _by_context(
    entries: Iterable[MutableMapping[str, Any]],
) -> dict[_Context, MutableMapping[str, Any]]:
    """Return entries by whose they are; of two for the same the first one counts."""
    found: dict[_Context, MutableMapping[str, Any]] = {}
    for entry in entries:
        context = entry.get("context")
        if isinstance(context, dict) and all(
            isinstance(value, str) for value in context.values()
        ):
            found.setdefault(frozenset(context.items()), entry)
    return found
