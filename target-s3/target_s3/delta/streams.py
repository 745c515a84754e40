"""All streams of a run that writes Delta tables; decides what is committed when.

Rows to be appended may be committed at any time. Rows that replace are committed when a
STATE has confirmed them, never before, and whole documents at that.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import BinaryIO

from singer_amazon.errors import AmazonError, ConfigError
from singer_amazon.target.state_tracker import StateTracker
from target_s3.clock import SteadyClock
from target_s3.delta.commits import Committer
from target_s3.delta.documents import (
    LOG_STREAMS,
    MANIFEST_STREAM,
    manifest_row,
)
from target_s3.delta.stream import DeltaStream
from target_s3.errors import ReplacementError, SpoolError
from target_s3.object_writer import OutputStream, Route, new_spool_file
from target_s3.settings import Settings
from target_s3.summary import Summary

REPLACE_BY = "x-replace-by"
"""Keyword of a SCHEMA: the columns for whose values a document brings every row."""

logger = logging.getLogger(__name__)


class DeltaStreams:
    """What ``OpenObjects`` is for files: takes rows, and sees that they are stored."""

    def __init__(
        self,
        settings: Settings,
        committer: Committer,
        states: StateTracker,
        summary: Summary,
        clock: SteadyClock,
    ) -> None:
        self._settings = settings
        self._committer = committer
        self._states = states
        self._summary = summary
        self._clock = clock
        self._streams: dict[str, DeltaStream] = {}
        self._outputs: dict[str, list[DeltaStream]] = {}
        self._has_manifest = False
        self._is_warned = False

    @property
    def disk_bytes(self) -> int:
        """Bytes of disk that rows take which wait for their commit."""
        return sum(stream.disk_bytes for stream in self._streams.values())

    # --- what comes ---------------------------------------------------------

    def described(self, stream: str, routes: Sequence[Route]) -> None:
        """Take note of a SCHEMA: where rows of the stream go.

        Raises:
            ConfigError: nobody says what its rows replace.
        """
        self._outputs[stream] = [self._described(stream, route) for route in routes]
        self._has_manifest |= stream == MANIFEST_STREAM
        for known in self._streams.values() if self._has_manifest else ():
            known.expect_manifest()

    def add(self, output: OutputStream, row: bytes) -> bool:
        """Add a row to its stream; say whether the disk use has grown."""
        stream = self._streams[output.name]
        has_grown = stream.add(row)
        if has_grown and not stream.replace_by:
            document = stream.documents[-1]
            settings = self._settings
            if (
                document.rows >= settings.max_rows
                or document.end - document.start >= settings.max_bytes
            ):
                self._commit_all(stream)
        return has_grown

    def take_manifest(self, record: bytes) -> None:
        """Take a row of the stream ``report_days``."""
        row = manifest_row(record)
        for stream in self._outputs.get(row.stream, ()):
            if stream.replace_by:
                stream.is_report = True
                stream.expect_manifest()
                stream.expect(row)

    def confirm(self) -> None:
        """Take note of a STATE; commit what is much by now."""
        for stream in self._streams.values():
            if stream.documents:
                stream.confirm()
                # Half a document, perhaps: the first manifest may still be on its way.
                is_clear = self._has_manifest or not stream.is_report
                rows = sum(d.rows for d in stream.confirmed)
                if is_clear and rows >= self._settings.max_rows:
                    self._commit(stream)

    # --- when it is time ------------------------------------------------------

    def close(self, output: OutputStream) -> None:
        """Do nothing: a table takes rows of an old and a new SCHEMA together."""

    def close_all(self) -> None:
        """Commit all that may be committed by now."""
        for stream in self._streams.values():
            self._commit(stream)

    def close_aged(self, now: float) -> None:
        """Commit the streams whose first row is ``max_batch_age`` old."""
        oldest = now - self._settings.max_age_seconds
        for stream in self._streams.values():
            if stream.documents and stream.documents[0].opened_at <= oldest:
                self._commit(stream)

    def close_largest(self) -> None:
        """Make room on the disk.

        Raises:
            SpoolError: nothing may be committed yet.
        """
        streams = self._streams.values()
        self._commit(max(streams, key=lambda s: sum(d.end for d in s.confirmed)))
        if self.disk_bytes > self._settings.spool_max_bytes:
            for stream in streams:
                if not stream.replace_by:
                    self._commit_all(stream)
        if self.disk_bytes > self._settings.spool_max_bytes:
            msg = (
                "The rows between two STATE messages take more than spool_max_bytes "
                f"({self._settings.spool_max_bytes:,}), and with write_mode replace "
                "none of them may be written before; raise spool_max_bytes."
            )
            raise SpoolError(msg)

    def finish(self, *, is_whole: bool) -> None:
        """Commit what may be; ``is_whole``: the input has come to its end.

        Raises:
            AmazonError: something could not be committed.
        """
        failure: AmazonError | None = None
        for stream in self._streams.values():
            commit = self._commit if stream.replace_by else self._commit_all
            try:
                commit(stream)
            except AmazonError as error:
                failure = failure or error
        if failure:
            raise failure
        for stream in self._streams.values():
            stream.end_open()
            if is_whole and (rows := sum(d.rows for d in stream.documents)):
                self._summary.fail(_unconfirmed(stream, rows))

    def discard_all(self) -> None:
        """Drop what was not committed."""
        for stream in self._streams.values():
            stream.discard()

    # --- files that BATCH messages name ---------------------------------------

    def new_file(self) -> BinaryIO:
        """Open a temporary file that has no name: it goes with the process."""
        return new_spool_file(self._settings.spool_dir)

    @property
    def send(self) -> None:
        """Nothing: a file as it is can be no part of a table."""
        return

    # --- inside ---------------------------------------------------------------

    def _described(self, name: str, route: Route) -> DeltaStream:
        output = route.output
        stream = self._streams.get(output.name)
        if stream is None:
            stream = DeltaStream(
                output, self.new_file, self._states.opened, self._clock.monotonic
            )
            self._streams[output.name] = stream
        if self._settings.write_mode == "replace" and name not in LOG_STREAMS:
            stream.replace_by = self._columns(name, output)
            stream.is_report = REPLACE_BY in output.schema
            stream.is_mapped = route.transform is not None
        return stream

    def _columns(self, name: str, output: OutputStream) -> tuple[str, ...]:
        chosen = self._settings.replace_by
        for found in (chosen.get(output.name), chosen.get(name)):
            if found is not None:
                return tuple(found)
        stated = output.schema.get(REPLACE_BY)
        if isinstance(stated, list) and stated:
            return tuple(map(str, stated))
        if keys := tuple(name for name, _ in output.keys):
            return keys
        msg = (
            f"Stream {name}: write_mode is replace, but neither the tap nor the "
            "setting replace_by says what its rows replace; set replace_by to an "
            f'object such as {{"{name}": ["account", "date"]}}, or to {{"{name}": []}} '
            "to have the rows of this stream added."
        )
        raise ConfigError(msg)

    def _warn_without_manifest(self) -> None:
        if self._is_warned:
            return
        self._is_warned = True
        msg = (
            f"The stream {MANIFEST_STREAM} does not come along: only values that occur "
            "in rows are replaced, and a day that came back empty keeps what it had. "
            f"Select {MANIFEST_STREAM} in the tap."
        )
        logger.warning("%s", msg)
        self._summary.notices.append(msg)

    def _commit_all(self, stream: DeltaStream) -> None:
        stream.end_open()
        for document in stream.documents:
            document.is_confirmed = True
        self._commit(stream)

    def _commit(self, stream: DeltaStream) -> None:
        documents = stream.confirmed
        if not documents:
            return
        if stream.is_report and not self._has_manifest:
            self._warn_without_manifest()
        found = self._committer.commit(stream, documents)
        for error in found.errors:
            self._summary.fail(error)
        for document in found.documents:
            for number in document.numbers:
                self._states.complete(number)
        if found.documents:
            size = sum(d.end - d.start for d in found.documents)
            self._summary.stored(stream.name, found.rows, size)
        stream.drop(documents)


def _unconfirmed(stream: DeltaStream, rows: int) -> ReplacementError:
    missing = "no STATE has confirmed them"
    if stream.expects_manifest:
        missing = f"neither {MANIFEST_STREAM} nor a STATE has confirmed them"
    msg = (
        f"Stream {stream.name}: the last {rows:,} rows were not written, since "
        f"{missing}; the tap may have ended early. The table holds what it held, and "
        "the next run brings them again."
    )
    return ReplacementError(msg, stream=stream.name)
