"""One run, from the first line to the last STATE; keeps the rules of time.

An object is closed when it is full, when it is old, at the end of the input, and after
a pause while a STATE waits. A STATE is echoed as soon as all before it is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from target_s3.errors import StoreError, TargetS3Error
from target_s3.receiver import Receiver

if TYPE_CHECKING:
    import logging
    from collections import Counter
    from collections.abc import Callable

    from target_s3.clock import Clock
    from target_s3.echo import StateEcho
    from target_s3.ledger import StateLedger
    from target_s3.mapping import Mapper
    from target_s3.pipe import LineSource
    from target_s3.rows import Stamp
    from target_s3.settings import Settings
    from target_s3.shelf import Shelf
    from target_s3.store import Store
    from target_s3.summary import Summary
    from target_s3.uploads import Uploads

TICK_SECONDS = 0.25
STOP_SECONDS = 2.0


class Parts(NamedTuple):
    """What a loader is made of."""

    settings: Settings
    store: Store
    uploads: Uploads
    ledger: StateLedger
    shelf: Shelf
    echo: StateEcho
    mapper: Mapper
    stamp: Stamp
    clock: Clock
    summary: Summary
    logger: logging.Logger


class Loader:
    """Takes all lines of one input and stores what they hold."""

    def __init__(self, parts: Parts, is_stopped: Callable[[], bool]) -> None:
        self._parts = parts
        self._is_stopped = is_stopped
        self._stop_at: float | None = None
        self._last_record_at = parts.clock.monotonic()
        self._receiver = Receiver(
            parts.settings.format,
            parts.shelf,
            parts.store,
            parts.ledger,
            parts.mapper,
            parts.stamp,
            parts.logger,
            self._pause,
        )

    def run(self, source: LineSource) -> Counter[str]:
        """Take all lines; return how many messages of each type there were.

        After a bad line what came before it is stored, and the STATE covered by that
        is echoed, before the error is raised.
        """
        failure: TargetS3Error | None = None
        try:
            self._take_all(source)
        except TargetS3Error as error:
            failure = error
        failure = self._finish(failure)
        if failure:
            failure.summary = self._parts.summary
            raise failure
        return self._receiver.counts

    def tick(self) -> None:
        """Do what is due by now: collect uploads, close objects, echo STATE."""
        parts = self._parts
        now = parts.clock.monotonic()
        parts.shelf.close_aged(now)
        is_pause = now - self._last_record_at >= parts.settings.idle_seconds
        if is_pause and parts.ledger.is_waiting:
            parts.shelf.close_all()
        self._pause()
        parts.echo.tick(now)

    def _take_all(self, source: LineSource) -> None:
        clock = self._parts.clock
        while not source.has_ended and not self._is_time_to_stop():
            block = source.get(TICK_SECONDS)
            if block and not (block.is_cut and self._is_stopped()):
                self._parts.stamp.received(clock.now())
                if self._receiver.take(block):
                    self._last_record_at = clock.monotonic()
            self.tick()

    def _is_time_to_stop(self) -> bool:
        """Whether a signal came and the tap had its time to write its last STATE.

        The signal may have gone to the tap as well, or cut its last line in two.
        """
        if not self._is_stopped():
            return False
        now = self._parts.clock.monotonic()
        if self._stop_at is None:
            self._stop_at = now + STOP_SECONDS
            self._parts.logger.info("Stopping: what has been received is stored first.")
        return now >= self._stop_at

    def _finish(self, failure: TargetS3Error | None) -> TargetS3Error | None:
        """Store what is open and echo what that covers; return the first failure."""
        parts = self._parts
        try:
            if isinstance(failure, StoreError):
                parts.uploads.give_up()  # each would only fail again, and slowly
            else:
                parts.shelf.close_all()
        except TargetS3Error as error:
            failure = failure or error
        while parts.uploads.pending:
            try:
                self._collect(TICK_SECONDS)
            except StoreError as error:
                failure = failure or error
                parts.uploads.give_up()
            parts.echo.tick(parts.clock.monotonic())
        parts.shelf.discard_all()
        parts.echo.last()
        return failure or parts.echo.failure()

    def _collect(self, timeout: float = 0) -> None:
        """Take note of uploads that are through; a failed one raises its error."""
        while outcome := self._parts.uploads.outcome(timeout):
            if outcome.error:
                raise outcome.error
            upload = outcome.upload
            self._parts.summary.stored(upload.stream, upload.rows, upload.size)
            self._parts.ledger.stored(upload.number)
            timeout = 0

    def _pause(self) -> None:
        """Between two rows: notice a failed upload, and keep the disk from filling."""
        self._collect()
        self._make_room()

    def _make_room(self) -> None:
        """Keep the use of disk within its bound; one object is always admitted."""
        parts = self._parts
        most = parts.settings.spool_max_bytes
        while parts.shelf.disk_bytes + parts.uploads.pending_bytes > most:
            if parts.uploads.pending:
                self._collect(TICK_SECONDS)
            else:
                parts.shelf.close_largest()
