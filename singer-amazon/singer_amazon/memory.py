"""The places of a run's streams and accounts in the Singer state."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any

from singer_amazon.clock import Clock
from singer_amazon.errors import ConfigError
from singer_amazon.reports.ledger import Ledger
from singer_amazon.reports.model import (
    ListedReport,
    Members,
    ReportRequest,
    Window,
    fingerprint,
)
from singer_amazon.reports.windows import Ask, Limits, Range
from singer_amazon.summary import Problem

logger = logging.getLogger(__name__)

COUNTERS = "_budgets"
STATE_PAUSE = 1.0
STATE_SHARE = 20
"""A state is written at most once in this many times the last write took."""


class Shape(Enum):
    """How the windows of a partition come about."""

    WINDOWS = auto()  # one after another, behind a bookmark
    RANGE = auto()  # one total over a range, asked anew each day; no bookmark
    SNAPSHOT = auto()  # what there is now, whole each time; no bookmark
    LISTED = auto()  # reports that are there already, each taken once


@dataclass(slots=True, eq=False)
class Partition:
    """One report stream read for one account (and marketplace, and options)."""

    stream: str
    account: str
    label: str
    """The account as people know it, for messages."""
    context: Mapping[str, str]
    report_type: str
    definition: Mapping[str, object]
    days: Range
    limits: Limits
    members: Members = frozenset()
    shape: Shape = Shape.WINDOWS
    window: Window | None = None
    """The one window of a RANGE or SNAPSHOT; None where there is nothing to ask."""
    listed: tuple[ListedReport, ...] = ()
    """The reports there are, for LISTED."""
    place: str = ""
    """What tells it from others of the same stream and account."""
    replication_key: str = "date"
    mark: str | None = None
    """Digest of what the user defined; where it changes, the bookmark starts anew."""
    ledger: Ledger = field(default_factory=Ledger)
    entry: MutableMapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What its requests name it by."""
        return (self.stream, self.account, self.place)

    def problem(
        self, window: Window, reason: str, *, is_failure: bool = True
    ) -> Problem:
        """Return what to tell people of one of its windows."""
        return Problem(self.label, self.stream, str(window), reason, is_failure)

    @property
    def in_hours(self) -> bool:
        """Whether its windows are of hours, not days."""
        return isinstance(self.days.end, datetime)

    @property
    def has_bookmark(self) -> bool:
        """Whether what is delivered moves a bookmark."""
        return self.shape is Shape.WINDOWS

    def request(self, ask: Ask, listed_id: str = "") -> ReportRequest:
        """Return the request for one window, or for a report that is there."""
        return ReportRequest(
            stream=self.stream,
            account=self.account,
            report_type=self.report_type,
            window=ask.window,
            definition=self.definition,
            fingerprint=self.fingerprint(ask.window),
            waiting_since=ask.waiting_since,
            members=ask.members,
            is_gap=ask.is_gap,
            place=self.place,
            listed_id=listed_id,
        )

    def fingerprint(self, window: Window) -> str:
        """Return the digest of what is wanted; a RANGE is bound to its days."""
        if self.shape is Shape.RANGE:
            return fingerprint({**self.definition, "window": str(window)})
        return fingerprint(self.definition)


class Memory:
    """The partitions' places in a Singer state, written sparingly."""

    def __init__(
        self,
        state: MutableMapping[str, Any],
        write: Callable[[], None],
        clock: Clock,
        # work of this thread only: what a slow target makes us wait costs nothing
        timer: Callable[[], float] = time.thread_time,
    ) -> None:
        self._timer = timer
        self._state = state
        self._write = write
        self._clock = clock
        self._changed: dict[int, Partition] = {}
        self._is_touched = False
        self._pause = 0.0
        self.counters: Callable[[], Mapping[str, object]] = dict
        """Gives what else outlives a run, whenever the state is written."""
        self._written_at: datetime | None = None

    def load(self, partition: Partition) -> None:
        """Read a partition's ledger.

        Raises:
            ConfigError: the state is damaged there.
        """
        for entry in self._entries(partition.stream):
            if _same(entry.get("context"), partition.context):
                partition.entry = entry
                if partition.mark is not None and not _is_of(entry, partition.mark):
                    logger.warning(
                        "%s of %s is defined otherwise than when its bookmark was "
                        "written: it is read from the beginning",
                        partition.stream,
                        partition.label,
                    )
                    return
                try:
                    partition.ledger = Ledger.from_state(
                        entry, in_hours=partition.in_hours
                    )
                except (KeyError, ValueError) as error:
                    msg = (
                        f"the state of {partition.stream} for {partition.label} is "
                        f"damaged ({error}). Mend it there, or run with "
                        "--full-refresh to begin anew"
                    )
                    raise ConfigError(msg) from None
                return

    def _entries(self, stream: str) -> list[MutableMapping[str, Any]]:
        bookmarks = self._state.get("bookmarks") or {}
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

    def changed(self, partition: Partition) -> None:
        """Note that a partition's ledger is to be written."""
        self._changed[id(partition)] = partition

    def touched(self) -> None:
        """Note that somebody has changed another part of the state."""
        self._is_touched = True

    def write(self, *, at_once: bool = False) -> None:
        """Write the state if it changed and the last time is long enough ago."""
        is_changed = bool(self._changed) or self._is_touched
        if not is_changed or not (at_once or self._is_due()):
            return
        began = self._timer()
        changed, self._changed = self._changed, {}
        for partition in changed.values():
            self._render(partition)
        if counters := self.counters():
            self._state.setdefault("bookmarks", {})[COUNTERS] = dict(counters)
        try:
            self._write()
        except BaseException:  # a signal, a closed pipe: it is not out
            self._changed = changed | self._changed
            raise
        self._is_touched = False
        self._pause = max(STATE_PAUSE, STATE_SHARE * (self._timer() - began))
        self._written_at = self._clock.now()

    def _is_due(self) -> bool:
        if self._written_at is None:
            return True
        return (self._clock.now() - self._written_at).total_seconds() >= self._pause

    def _render(self, partition: Partition) -> None:
        if partition.entry is None:
            stream = self._state.setdefault("bookmarks", {}).setdefault(
                partition.stream, {}
            )
            partition.entry = {}
            stream.setdefault("partitions", []).append(partition.entry)
        state = partition.ledger.to_state()
        entry: dict[str, Any] = {
            "context": dict(partition.context),
            "version": state.pop("version"),
        }
        if partition.mark is not None:
            entry["fingerprint"] = partition.mark
        if "replication_key_value" in state:
            entry["replication_key"] = partition.replication_key
        partition.entry.clear()
        partition.entry.update(entry | state)


def _is_of(entry: Mapping[str, Any], mark: str) -> bool:
    return str(entry.get("fingerprint", mark)) == mark


def _same(context: object, wanted: Mapping[str, str]) -> bool:
    return isinstance(context, dict) and {
        k: str(v) for k, v in context.items()
    } == dict(wanted)
