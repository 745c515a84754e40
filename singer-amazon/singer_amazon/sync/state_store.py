"""The entries of a run's streams and accounts in the Singer state."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any

from singer_amazon.clock import Clock
from singer_amazon.errors import ConfigError
from singer_amazon.reports.partition_state import PartitionState
from singer_amazon.retry_policy import POLICY
from singer_amazon.sync.encoded_entries import EncodedEntries
from singer_amazon.sync.partition import Partition

logger = logging.getLogger(__name__)

COUNTERS = "_budgets"
READY_AGES = "ready_ages"
"""Among the counters."""

_Context = tuple[tuple[str, str], ...]


class StateStore:
    """The partitions' entries in a Singer state, written sparingly."""

    def __init__(
        self,
        state: MutableMapping[str, Any],
        write: Callable[[], int],
        clock: Clock,
        # work of this thread only: what a slow target makes us wait costs nothing
        timer: Callable[[], float] = time.thread_time,
    ) -> None:
        self._timer = timer
        self.state = state
        self._write = write
        """Writes the whole state and returns how many bytes it has."""
        self._clock = clock
        self._found: dict[str, dict[_Context, MutableMapping[str, Any]]] = {}
        """By stream and context: the entries the state came with."""
        self._changed: dict[int, Partition] = {}
        self.encoded = EncodedEntries()
        """What is written of partitions that this run has changed."""
        self._is_touched = False
        self._is_urgent = False
        self._pause = 0.0
        self.counters: Callable[[], Mapping[str, object]] = dict
        """Gives what else outlives a run, whenever the state is written."""
        self.ready_ages: Callable[[], Mapping[str, str]] = dict
        """Gives how old reports of each type were when they became ready."""
        self._written_at: datetime | None = None
        self.written = 0
        """How often this run has written the state."""

    def load(self, partition: Partition) -> None:
        """Read a partition's state.

        Raises:
            ConfigError: the state is damaged there.
        """
        if partition.stream not in self._found:
            self._found[partition.stream] = _by_context(self._entries(partition.stream))
        entry = self._found[partition.stream].get(_context_of(partition.context))
        if entry is None:
            return
        partition.entry = entry
        if partition.settings_digest is not None and not _is_of(
            entry, partition.settings_digest
        ):
            logger.warning(
                "%s of %s is defined otherwise than when its bookmark was "
                "written: it is read from the beginning",
                partition.stream,
                partition.label,
            )
            return
        try:
            partition.state = PartitionState.from_state(
                entry, in_hours=partition.in_hours
            )
        except (KeyError, ValueError) as error:
            msg = (
                f"the state of {partition.stream} for {partition.label} is "
                f"damaged ({error}). Mend it there, or run with "
                "--full-refresh to begin anew"
            )
            raise ConfigError(msg) from None

    def _entries(self, stream: str) -> list[MutableMapping[str, Any]]:
        bookmarks = self.state.get("bookmarks") or {}
        found = (bookmarks.get(stream) or {}) if isinstance(bookmarks, dict) else None
        entries = found.get("partitions") or [] if isinstance(found, dict) else None
        if not isinstance(entries, list) or not all(
            isinstance(entry, dict) for entry in entries
        ):
            msg = (
                f"the state of {stream} is damaged: its partitions are no list of "
                "objects. Mend it there, or run with --full-refresh to begin anew"
            )
            raise ConfigError(msg)
        return entries

    def changed(self, partition: Partition, *, is_urgent: bool = False) -> None:
        """Note that a partition's state is to be written.

        Urgent: without a pause, or with a short one where the state is large.
        """
        self._changed[id(partition)] = partition
        self._is_urgent = self._is_urgent or is_urgent

    def touched(self) -> None:
        """Note that somebody has changed another part of the state."""
        self._is_touched = True

    @property
    def has_changes(self) -> bool:
        """Whether something is not written yet."""
        return bool(self._changed) or self._is_touched

    def write(self, *, at_once: bool = False) -> None:
        """Write the state if it changed and the last time is long enough ago."""
        if not self.has_changes or not (at_once or self._is_due()):
            return
        began = self._timer()
        changed, self._changed = self._changed, {}
        for partition in changed.values():
            self._render(partition)
        if counters := self.counters():
            self.state.setdefault("bookmarks", {})[COUNTERS] = dict(counters)
        if ages := self.ready_ages():
            bookmarks = self.state.setdefault("bookmarks", {})
            bookmarks.setdefault(COUNTERS, {})[READY_AGES] = dict(ages)
        try:
            size = self._write()
        except BaseException:  # a signal, a closed pipe: it is not out
            self._changed = changed | self._changed
            raise
        self._is_touched = self._is_urgent = False
        self.written += 1
        self._pause = _pause_after(size, self._timer() - began)
        self._written_at = self._clock.now()

    def _is_due(self) -> bool:
        if self._written_at is None:
            return True
        pause = self._pause
        if self._is_urgent:
            is_small = pause <= POLICY.state_pause
            pause = 0.0 if is_small else pause / POLICY.urgent_state_share
        return (self._clock.now() - self._written_at).total_seconds() >= pause

    def _render(self, partition: Partition) -> None:
        if partition.entry is None:
            stream = self.state.setdefault("bookmarks", {}).setdefault(
                partition.stream, {}
            )
            partition.entry = {}
            stream.setdefault("partitions", []).append(partition.entry)
        state = partition.state.to_state()
        entry: dict[str, Any] = {
            "context": dict(partition.context),
            "version": state.pop("version"),
        }
        if partition.settings_digest is not None:
            entry["fingerprint"] = partition.settings_digest
        if "replication_key_value" in state:
            entry["replication_key"] = partition.replication_key
        partition.entry.clear()
        partition.entry.update(entry | state)
        self.encoded.changed(partition.entry)


def _is_of(entry: Mapping[str, Any], digest: str) -> bool:
    return str(entry.get("fingerprint", digest)) == digest


def _context_of(context: Mapping[str, Any]) -> _Context:
    return tuple(sorted((key, str(value)) for key, value in context.items()))


def _by_context(
    entries: Iterable[MutableMapping[str, Any]],
) -> dict[_Context, MutableMapping[str, Any]]:
    """Return entries by whose they are; of two for the same the first one counts."""
    found: dict[_Context, MutableMapping[str, Any]] = {}
    for entry in entries:
        context = entry.get("context")
        if isinstance(context, dict):
            found.setdefault(_context_of(context), entry)
    return found


def _pause_after(size: int, work_seconds: float) -> float:
    """Return how long the next state waits after one of so many bytes.

    Whoever reads it has work with each, too: a large one comes less often.
    """
    for_readers = min(size / POLICY.state_rate, POLICY.max_state_pause)
    return max(POLICY.state_pause, for_readers, POLICY.state_share * work_seconds)
