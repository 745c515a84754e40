"""Which streams about the run are selected, and when they write."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from singer_sdk import Stream

from singer_amazon.clock import Clock
from singer_amazon.sync.session import Session
from singer_amazon.tap.message_writer import StoppedError
from singer_amazon.tap.provenance.log_stream import LogStream
from singer_amazon.tap.provenance.report_days import ReportDaysStream
from singer_amazon.tap.provenance.report_log import MAX_KEPT, ReportLogStream

WRITTEN_EVERY = timedelta(seconds=1)


class RunLogs:
    """The selected streams about one run."""

    def __init__(self, streams: Iterable[Stream], clock: Clock) -> None:
        self._streams = [s for s in streams if isinstance(s, LogStream) and s.selected]
        self._clock = clock
        self._next: datetime | None = None

    @property
    def days(self) -> ReportDaysStream | None:
        """What counts the rows of documents, if it is selected."""
        return next((s for s in self._streams if isinstance(s, ReportDaysStream)), None)

    @property
    def _log(self) -> ReportLogStream | None:
        return next((s for s in self._streams if isinstance(s, ReportLogStream)), None)

    def attach(self, session: Session) -> None:
        """Hear of the reports of a session, and write between its messages."""
        log = self._log
        if log is not None:
            session.report_log.subscribe(log.hear)
            session.between_messages = self.write

    def write(self) -> None:
        """Write what a second has brought."""
        log = self._log
        if log is None or not log.kept:
            return
        now = self._clock.now()
        if self._next is None or now >= self._next or log.kept >= MAX_KEPT:
            self._next = now + WRITTEN_EVERY
            log.flush()

    def close(self) -> None:
        """Write the rest, as far as anybody reads."""
        if self._log is not None:
            with contextlib.suppress(OSError, StoppedError):
                self._log.flush()
        for stream in self._streams:
            stream.log_metric()
