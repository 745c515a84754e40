"""What the rooms of a run need of the tap they run in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from singer_sdk import Stream

from singer_amazon.clock import Clock
from singer_amazon.http.transport import Response
from singer_amazon.rate_limits import Rate
from singer_amazon.sync.session import Session
from singer_amazon.sync.state_store import StateStore
from singer_amazon.sync.summary import RunStats
from singer_amazon.tap.message_writer import MessageWriter
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.directory import Directory
from tap_amazon_sp.rate_limiters import RateLimiters


class Host(Protocol):
    """The tap, as reports and endpoints see it."""

    clock: Clock

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings."""
        ...

    @property
    def state(self) -> Mapping[str, Any]:
        """The Singer state of this run."""
        ...

    @property
    def streams(self) -> Mapping[str, Stream]:
        """All streams by name."""
        ...

    @property
    def accounts(self) -> Directory:
        """Whose data is read."""
        ...

    @property
    def stats(self) -> RunStats:
        """What this run counts."""
        ...

    @property
    def state_store(self) -> StateStore:
        """What decides when the state is written."""
        ...

    @property
    def session(self) -> Session:
        """The reports of this run, planned when first used."""
        ...

    @property
    def writer(self) -> MessageWriter:
        """Where messages go."""
        ...

    @property
    def limiters(self) -> RateLimiters:
        """The rate limiters of everything that is no report."""
        ...

    @property
    def is_test(self) -> bool:
        """Whether only the connection is tested."""
        ...

    @property
    def deadline(self) -> datetime:
        """When nothing is waited for any more."""
        ...

    def warn_once(self, text: str) -> None:
        """Warn, unless it has been said."""
        ...

    def in_background(self, call: Callable[[], Response]) -> Response:
        """Make a call so that a signal is still answered."""
        ...

    def ask(
        self, account: Account, operation: str, rate: Rate, make: Callable[[], Response]
    ) -> Response | None:
        """Make a call when its limiter allows it; None where the time is up first."""
        ...

    def wait_until(self, instant: datetime) -> bool:
        """Wait, and look after reports meanwhile; False where time is up first."""
        ...

    def look_after_reports(self) -> None:
        """Go on with reports that were asked for."""
        ...

    def write_state(self) -> None:
        """Write the state if it changed and is due."""
        ...
