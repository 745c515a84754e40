"""The places of a run's streams and accounts in the Singer state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from singer_amazon.clock import Clock
from singer_amazon.errors import ConfigError
from singer_amazon.reports.ledger import Ledger
from singer_amazon.reports.model import (
    Members,
    ReportRequest,
    Window,
    fingerprint,
)
from singer_amazon.reports.windows import Ask, Limits, Range

STATE_PAUSE = 1.0
STATE_SHARE = 20
"""A state is written at most once in this many times the last write took."""


@dataclass(slots=True, eq=False)
class Partition:
    """One report stream read for one account."""

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
    is_summary: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    entry: MutableMapping[str, Any] | None = None

    def request(self, ask: Ask) -> ReportRequest:
        """Return the request for one window."""
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
        )

    def fingerprint(self, window: Window) -> str:
        """Return the digest of what is wanted; a SUMMARY is bound to its range."""
        if self.is_summary:
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
        self._pause = 0.0
        self._written_at: datetime | None = None

    def load(self, partition: Partition) -> None:
        """Read a partition's ledger.

        Raises:
            ConfigError: the state is damaged there.
        """
        bookmarks = self._state.get("bookmarks") or {}
        for entry in bookmarks.get(partition.stream, {}).get("partitions", []):
            if _same(entry.get("context"), partition.context):
                partition.entry = entry
                try:
                    partition.ledger = Ledger.from_state(entry)
                except (KeyError, ValueError) as error:
                    msg = (
                        f"the state of {partition.stream} for {partition.label} is "
                        f"damaged ({error}). Mend it there, or run with "
                        "--full-refresh to begin anew"
                    )
                    raise ConfigError(msg) from None
                return

    def changed(self, partition: Partition) -> None:
        """Note that a partition's ledger is to be written."""
        self._changed[id(partition)] = partition

    def write(self, *, at_once: bool = False) -> None:
        """Write the state if it changed and the last time is long enough ago."""
        if not self._changed or not (at_once or self._is_due()):
            return
        began = self._timer()
        changed, self._changed = self._changed, {}
        for partition in changed.values():
            self._render(partition)
        try:
            self._write()
        except BaseException:  # a signal, a closed pipe: it is not out
            self._changed = changed | self._changed
            raise
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
        if "replication_key_value" in state:
            entry["replication_key"] = "date"
        partition.entry.clear()
        partition.entry.update(entry | state)


def _same(context: object, wanted: Mapping[str, str]) -> bool:
    return isinstance(context, dict) and {
        k: str(v) for k, v in context.items()
    } == dict(wanted)
