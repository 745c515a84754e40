"""Takes messages in while a run goes on, and tells the engine what they announce.

A thread waits at the queue; everything else happens in the main thread, between two
messages of the tap. Polling stays as a backup: a queue that fails only costs time.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from singer_amazon.clock import Clock
from singer_amazon.errors import AmazonError
from singer_amazon.reports.engine import Engine, Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.sync.state_store import StateStore
from singer_amazon.workers import Workers
from tap_amazon_sp.notifications.inbox import Inbox
from tap_amazon_sp.notifications.messages import Announcement, Message

logger = logging.getLogger(__name__)

INLINE_EVERY = timedelta(seconds=5)
"""How often a run without threads asks the queue."""

_MAX_BATCHES = 100


class MessageQueue(Protocol):
    """Where the messages come from."""

    def receive(self, wait_seconds: int = ...) -> list[Message]:
        """Return the next messages."""

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages."""


class NotificationListener:
    """The messages of one run's reports; `has_threads` False asks in between."""

    def __init__(
        self,
        queue: MessageQueue,
        engine: Engine,
        state_store: StateStore,
        clock: Clock,
        *,
        has_threads: bool = True,
    ) -> None:
        self._queue = queue
        self._engine = engine
        self._state_store = state_store
        self._clock = clock
        self._has_threads = has_threads
        threads = 1 if has_threads else 0
        self._receiver: Workers[list[Message]] = Workers(threads)
        self._deleter: Workers[None] = Workers(threads)
        self._meant: dict[str, list[Report]] = {}
        self.inbox = Inbox(self._announce, self._is_settled)
        self._checked: tuple[int, bool, int] | None = None
        self._asked_at: datetime | None = None
        self._is_over = False

    def take_news(self) -> None:
        """Take in what has come, and delete what is in the state; never waits."""
        if self._is_over:
            return
        try:
            self._receive()
            self._delete()
        except AmazonError as error:
            self._is_over = True
            logger.warning("%s. Reports are polled as without notifications", error)
            self._engine.end_notifications(self._clock.now())

    def close(self, seconds: float) -> None:
        """Delete what the last state holds, and end; wait this long at most."""
        try:
            if not self._is_over:
                self._delete()
                self._deleter.next_result(seconds)
        except AmazonError as error:
            logger.warning("%s. The messages come again", error)
        finally:
            self._receiver.close()
            self._deleter.close()
        logger.info(
            "Notifications: %d messages of this run's reports, %d others left alone",
            self.inbox.taken,
            self.inbox.left,
        )
        if self._engine.announcements.missing:
            logger.warning(
                "%d reports were done before a notification of them came: check "
                "tap-amazon-sp notifications status",
                self._engine.announcements.missing,
            )

    # --- messages ----------------------------------------------------------

    def _receive(self) -> None:
        while (result := self._receiver.next_result()) is not None:
            self.inbox.take(result[0])
        if self._has_threads:
            if not self._receiver.under_way:
                self._receiver.submit(self._queue.receive)
            return
        now = self._clock.now()
        if self._asked_at is None or now - self._asked_at >= INLINE_EVERY:
            self._asked_at = now
            for _ in range(_MAX_BATCHES):
                messages = self._queue.receive(0)
                self.inbox.take(messages)
                if not messages:
                    break

    def _delete(self) -> None:
        """Delete what can be; without a new state or message nothing has changed."""
        store = self._state_store
        seen = (store.written, store.has_changes, self.inbox.taken)
        if seen == self._checked:
            return
        self._checked = seen
        receipts = self.inbox.done(store.written, has_changes=store.has_changes)
        if receipts:
            self._deleter.submit(lambda: self._queue.delete(receipts))
        while self._deleter.next_result() is not None:
            pass

    # --- what they announce ------------------------------------------------

    def _announce(self, found: Announcement) -> bool:
        reports = self._engine.announce(
            found.report_id, self._clock.now(), found.report_type
        )
        self._meant[found.report_id] = reports
        return bool(reports)

    def _is_settled(self, found: Announcement) -> bool:
        """Whether nothing of this run depends on the report any more.

        One that is left to the next run keeps its message: that run asks for it then.
        """
        return all(
            report.report_id != found.report_id
            or (report.state.is_final and report.state is not State.CARRIED)
            for report in self._meant[found.report_id]
        )
