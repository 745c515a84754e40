"""What a report stream needs of the tap it belongs to."""

from __future__ import annotations

from typing import Protocol

from singer_amazon.clock import Clock
from singer_amazon.reports.engine import Report
from singer_amazon.sync.session import Session
from singer_amazon.sync.summary import RunStats
from singer_amazon.tap.message_writer import MessageWriter


class ReportHost(Protocol):
    """The tap, as its report streams see it."""

    clock: Clock

    @property
    def session(self) -> Session:
        """The reports of all selected streams, planned when first used."""
        ...

    @property
    def stats(self) -> RunStats:
        """What this run counts."""
        ...

    @property
    def writer(self) -> MessageWriter:
        """Where messages go."""
        ...

    def deliver(self, report: Report) -> None:
        """Write a fetched report's rows for every stream that takes it."""
        ...

    def warn_once(self, text: str) -> None:
        """Warn, unless it has been said."""
        ...

    def write_state(self) -> None:
        """Write the state if it changed and is due."""
        ...
