"""One run, from the first line to the last STATE; keeps the rules of time.

An object is closed when it is full, when it is old, at the end of the input, and after
a pause while a STATE waits. A STATE is echoed as soon as all before it is stored.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from singer_amazon.errors import AmazonError
from singer_amazon.target.state_tracker import StateTracker
from singer_amazon.target.stdin import TICK_SECONDS, LineSource, blocks
from singer_amazon.target.stream_maps import StreamMaps
from target_s3.bucket.keys import Keys
from target_s3.bucket.s3 import ObjectStore
from target_s3.bucket.schema_files import write_schema_file
from target_s3.bucket.uploads import Uploads
from target_s3.clock import SteadyClock
from target_s3.errors import StoreError
from target_s3.object_writer import OpenObjects, RowStore, new_spool_file
from target_s3.record_metadata import RecordMetadata
from target_s3.router import MessageRouter
from target_s3.settings import Settings
from target_s3.summary import Summary

if TYPE_CHECKING:
    from target_s3.delta.appends import OtherTables

STOPPING = "Stopping: what has been received is stored first."

logger = logging.getLogger(__name__)


class Loader:
    """Takes all lines of one input and stores what they hold."""

    def __init__(
        self,
        settings: Settings,
        store: ObjectStore,
        uploads: Uploads,
        keys: Keys,
        maps: StreamMaps,
        states: StateTracker,
        clock: SteadyClock,
        is_stopped: Callable[[], bool],
    ) -> None:
        self.summary = Summary(settings.bucket, keys.run_id)
        self.objects: RowStore = (
            _delta_streams(settings, keys, states, self.summary, clock, store)
            if settings.format == "delta"
            else OpenObjects(settings, keys, states, uploads, clock)
        )
        self._settings = settings
        self._keys = keys
        self._store = store
        self._uploads = uploads
        self._states = states
        self._clock = clock
        self._is_stopped = is_stopped
        self._last_record_at = clock.monotonic()
        self._metadata = RecordMetadata(
            extracted_at=settings.add_record_metadata,
            process_date=settings.include_process_date,
        )
        self._router = MessageRouter(
            settings,
            self.objects,
            store,
            states,
            maps,
            self._metadata,
            self._drain_results,
        )

    def run(self, source: LineSource) -> Counter[str]:
        """Take all lines; return how many messages of each type there were.

        Before an error is raised all that was taken is stored, and the STATE covered by
        that is echoed. A line that cannot be read is left out, and no STATE passes it.
        """
        began = self._clock.monotonic()
        failure: AmazonError | None = None
        try:
            self._take_all(source)
        except AmazonError as error:
            failure = error
        failure = self._finish(failure)
        self._summarize(failure, began)
        if self.summary.failures:
            raise self.summary.failures[0]
        return self._router.counts

    def _summarize(self, failure: AmazonError | None, began: float) -> None:
        summary, router = self.summary, self._router
        summary.seconds = self._clock.monotonic() - began
        summary.is_stopped = self._is_stopped()
        summary.replaced_values = router.decoder.replaced_values
        summary.unreadable_lines = router.unreadable.count
        if failure:
            summary.fail(failure)
        for check in (router.unreadable.check, self._states.check):
            try:
                check()
            except AmazonError as error:  # noqa: PERF203 - two checks
                summary.fail(error)

    def tick(self) -> None:
        """Do what is due by now: collect uploads, close objects, echo STATE."""
        now = self._clock.monotonic()
        self.objects.close_aged(now)
        is_pause = now - self._last_record_at >= self._settings.idle_seconds
        if is_pause and self._states.is_waiting:
            self.objects.close_all()
        self._drain_results()
        self._states.tick(now)

    def _take_all(self, source: LineSource) -> None:
        clock = self._clock
        on_stop = partial(logger.info, STOPPING)
        for block in blocks(source, self._is_stopped, clock.monotonic, on_stop):
            if block:
                self._metadata.received(clock.now())
                if self._router.take(block):
                    self._last_record_at = clock.monotonic()
            self.tick()

    def _finish(self, failure: AmazonError | None) -> AmazonError | None:
        """Store what is open and echo what that covers; return the first failure."""
        try:
            if isinstance(failure, StoreError):
                self._uploads.give_up()  # each would only fail again, and slowly
            else:
                is_whole = failure is None and not self._is_stopped()
                self.objects.finish(is_whole=is_whole)
        except AmazonError as error:
            failure = failure or error
        while self._uploads.pending:
            try:
                self._collect(TICK_SECONDS)
            except StoreError as error:
                failure = failure or error
                self._uploads.give_up()
            self._states.tick(self._clock.monotonic())
        self.objects.discard_all()
        self._states.echo()
        return failure or self._describe_streams()

    def _describe_streams(self) -> AmazonError | None:
        """Write what the streams of this run look like, beside their data."""
        for output in self._router.outputs:
            if output.name in self.summary.streams:
                try:
                    write_schema_file(output, self._settings, self._keys, self._store)
                except StoreError as error:
                    return error
        return None

    def _collect(self, timeout: float = 0) -> None:
        """Take note of uploads that are through; a failed one raises its error."""
        while upload := self._uploads.stored(timeout):
            self.summary.stored(upload.stream, upload.rows, upload.size)
            self._states.complete(upload.number)
            timeout = 0

    def _drain_results(self) -> None:
        """Notice a failed upload, and keep the disk from filling.

        One object is always admitted.
        """
        self._collect()
        most = self._settings.spool_max_bytes
        while self.objects.disk_bytes + self._uploads.pending_bytes > most:
            if self._uploads.pending:
                self._collect(TICK_SECONDS)
            else:
                self.objects.close_largest()


def _delta_streams(
    settings: Settings,
    keys: Keys,
    states: StateTracker,
    summary: Summary,
    clock: SteadyClock,
    store: ObjectStore,
) -> RowStore:
    from target_s3.delta.appends import AppendingTables  # noqa: PLC0415 - an extra
    from target_s3.delta.commits import Committer  # noqa: PLC0415 - an extra
    from target_s3.delta.streams import DeltaStreams  # noqa: PLC0415 - an extra

    root = f"s3://{settings.bucket}/"
    tables = AppendingTables(
        store,
        root,
        partial(_other_tables, settings),
        partial(new_spool_file, settings.spool_dir),
        settings.partition_by,
    )
    committer = Committer(tables, lambda name: f"{root}{keys.for_table(name)}")
    return DeltaStreams(settings, committer, states, summary, clock)


def _other_tables(settings: Settings) -> OtherTables:
    """Load deltalake, which takes tens of megabytes, where it is needed."""
    from target_s3.delta.storage import storage_options  # noqa: PLC0415 - an extra
    from target_s3.delta.tables import DeltaTables  # noqa: PLC0415 - an extra

    return DeltaTables(partial(storage_options, settings.access), settings.partition_by)
