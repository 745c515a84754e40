"""One run, as its streams, finders and runners see it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from singer_amazon.clock import Clock
from singer_amazon.errors import UnreachableError
from singer_amazon.reports.lifecycle import RunMode
from singer_amazon.retry_policy import POLICY
from singer_amazon.sync.session import Session
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import RunStats
from singer_amazon.tap.message_writer import MessageWriter
from singer_amazon.tap.provenance.report_days import ReportDaysStream
from singer_amazon.workers import Workers

logger = logging.getLogger(__name__)

T = TypeVar("T")
_NAP = 0.05
_SHORT_NAP = 0.01
"""While calls about reports may come back at any time."""


@dataclass(eq=False)
class RunContext:
    """What a run works with; the tap makes one and hands it on. Main thread only."""

    config: Mapping[str, Any]
    clock: Clock
    writer: MessageWriter
    """Where messages go, and what knows of a signal."""
    stats: RunStats
    open_state_store: Callable[[], StateStore] = field(repr=False)
    only_tests: Callable[[], bool] = field(repr=False)
    """Whether only the connection is tested; the SDK says so after the first checks."""
    open_session: Callable[[RunContext], Session] = field(repr=False)
    """Plans the reports of all selected streams."""
    asks_all_accounts: bool = False
    """Whether a test asks for something of every account."""
    days: Callable[[], ReportDaysStream | None] = field(
        default=lambda: None, repr=False
    )
    """Gives the stream that counts the rows of documents, if it is selected."""
    reads_reports: Callable[[], bool] = field(default=lambda: False, repr=False)
    """Whether any stream of reports is selected."""
    nap_seconds: float = POLICY.max_nap
    """How long the main thread sleeps at once: a signal is answered that soon."""
    _warned: set[str] = field(default_factory=set, init=False)
    _background: Workers[Any] = field(default_factory=lambda: Workers(1), init=False)

    @property
    def is_test(self) -> bool:
        """Whether only the connection is tested."""
        return self.only_tests()

    @property
    def asks_one_account(self) -> bool:
        """Whether one account is enough, as for Singer's connection test."""
        return self.is_test and not self.asks_all_accounts

    @cached_property
    def state_store(self) -> StateStore:
        """The state of this run, and when it is written."""
        return self.open_state_store()

    # --- reports -----------------------------------------------------------

    @property
    def mode(self) -> RunMode:
        """What this run does with reports; a connection test waits for one."""
        return RunMode.SYNC if self.is_test else RunMode(self.config["run_mode"])

    @cached_property
    def session(self) -> Session:
        """The reports of all selected streams, planned when first used."""
        return self.open_session(self)

    @property
    def has_session(self) -> bool:
        """Whether reports have been planned."""
        return "session" in self.__dict__

    def begin_reports(self) -> None:
        """Ask for reports now, if any are read: they get ready while others are read.

        A test of the connection asks for none before it has to.
        """
        if not self.is_test and self.reads_reports():
            self.session.advance()

    def advance_reports(self) -> None:
        """Go on with reports that were asked for, and deliver one that is here."""
        if self.has_session:
            self.session.advance()
            self.session.deliver_one()

    # --- time --------------------------------------------------------------

    @property
    def max_seconds(self) -> float:
        """How long this run may take."""
        return (
            POLICY.connection_test
            if self.is_test
            else float(self.config["max_runtime_seconds"])
        )

    @property
    def deadline(self) -> datetime:
        """When nothing is waited for any more."""
        return self.stats.started + timedelta(seconds=self.max_seconds)

    def wait_until(self, instant: datetime) -> bool:
        """Wait, and go on with reports meanwhile; False where time is up first.

        Raises:
            StoppedError: a signal arrived.
        """
        end = min(instant, self.deadline)
        while (left := (end - self.clock.now()).total_seconds()) > 0:
            self.writer.check()
            self.advance_reports()
            self.clock.sleep(min(left, self.nap_seconds))
        self.writer.check()
        return instant <= self.deadline and self.clock.now() < self.deadline

    def in_background(self, call: Callable[[], T], *, with_reports: bool = False) -> T:
        """Make a blocking call so that a signal and the end of the run are answered.

        `with_reports`: reports go on meanwhile; no message is half written then.

        Raises:
            StoppedError: a signal arrived first.
            UnreachableError: the time of the run is up, and the grace after it.
        """
        self.writer.check()
        self._background.submit(call)
        goes_on = with_reports and self.has_session
        nap = _SHORT_NAP if goes_on else _NAP
        while (result := self._background.next_result(nap)) is None:
            self.writer.check()
            if goes_on:
                self.session.advance()
            if (self.clock.now() - self.deadline).total_seconds() > POLICY.grace:
                self._background = Workers(1)  # nobody waits for the old one any more
                msg = "the time of the run was up before Amazon had answered"
                raise UnreachableError(msg)
        found: T = result[0]
        return found

    def close(self) -> None:
        """Let the threads of this run end."""
        self._background.close()
        if self.has_session and self.session.runner is not None:
            self.session.runner.close()

    # --- what people are told, and the state -------------------------------

    def warn_once(self, text: str) -> None:
        """Log a warning that was not logged before in this run."""
        if text not in self._warned:
            self._warned.add(text)
            logger.warning(text)

    def write_state(self) -> None:
        """Write the state if it changed and is due."""
        self.state_store.write()
