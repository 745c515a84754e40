"""The open objects of all streams, within bounds of number, disk and age."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, BinaryIO

from target_s3.errors import SpoolError, TargetS3Error
from target_s3.streams import OpenObject
from target_s3.uploads import Upload

if TYPE_CHECKING:
    import logging

    from target_s3.clock import Clock
    from target_s3.keys import Keys
    from target_s3.ledger import StateLedger
    from target_s3.settings import Settings
    from target_s3.streams import OutputStream
    from target_s3.uploads import Uploads

# Each holds a file descriptor and some memory; a tap with more streams than this gets
# the oldest object closed for each new one.
MAX_OPEN = 200


class Shelf:
    """Opens an object when a stream gets a row, and closes it when it is time."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        ledger: StateLedger,
        uploads: Uploads,
        clock: Clock,
        logger: logging.Logger,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._ledger = ledger
        self._uploads = uploads
        self._clock = clock
        self._logger = logger
        self._open: dict[str, OutputStream] = {}  # in the order they were opened

    @property
    def disk_bytes(self) -> int:
        """Bytes of disk that open objects take."""
        return sum(
            output.open.disk_bytes for output in self._open.values() if output.open
        )

    def add(self, output: OutputStream, row: bytes) -> bool:
        """Add a row to the stream's object; say whether the disk use has grown."""
        found = output.open or self._open_for(output)
        has_grown = found.add(row)
        settings = self._settings
        if found.rows >= settings.max_rows or (
            has_grown and found.disk_bytes >= settings.max_bytes
        ):
            self.close(output)
        return has_grown

    def new_file(self) -> BinaryIO:
        """Open a temporary file that has no name: it goes with the process."""
        try:
            return tempfile.TemporaryFile(dir=self._settings.spool_dir)
        except OSError as error:
            msg = (
                f"No temporary file can be made ({error.strerror}); name a folder with "
                "room by spool_dir."
            )
            raise SpoolError(msg) from None

    def send(self, stream: str, file: BinaryIO, rows: int, extension: str) -> None:
        """Upload a finished file as an object of the stream."""
        key = self._keys.next(stream, self._clock.now(), extension)
        self._upload(stream, key, file, rows, self._ledger.opened())

    def close(self, output: OutputStream) -> None:
        """Close the stream's object, if there is one, and upload it."""
        found = output.open
        if found is None:
            return
        output.open = None
        del self._open[output.name]
        try:
            file = found.close()
        except TargetS3Error:
            found.discard()
            raise
        self._upload(output.name, found.key, file, found.rows, found.number)

    def close_all(self) -> None:
        """Close every object; one that cannot be closed does not keep the others."""
        failures = [self._failure_of_close(output) for output in [*self._open.values()]]
        for failure in filter(None, failures):
            raise failure

    def _failure_of_close(self, output: OutputStream) -> TargetS3Error | None:
        try:
            self.close(output)
        except TargetS3Error as error:
            return error
        return None

    def discard_all(self) -> None:
        """Drop every object that is still open."""
        for output in self._open.values():
            if output.open:
                output.open.discard()
                output.open = None
        self._open.clear()

    def close_aged(self, now: float) -> None:
        """Close the objects whose first row is ``max_batch_age`` old."""
        oldest = now - self._settings.max_age_seconds
        for output in list(self._open.values()):
            if output.open is None or output.open.opened_at > oldest:
                return
            self.close(output)

    def close_largest(self) -> None:
        """Close the object that takes most disk."""
        if self._open:
            self.close(
                max(
                    self._open.values(),
                    key=lambda output: output.open.disk_bytes if output.open else 0,
                )
            )

    def _open_for(self, output: OutputStream) -> OpenObject:
        if len(self._open) >= MAX_OPEN:
            self.close(next(iter(self._open.values())))
        name = self._settings.format

        def warn(column: str) -> None:
            self._logger.warning(
                "Stream %s: column %s is not in its SCHEMA and has no place in %s; "
                "it is left out. The format jsonl.gz keeps every column.",
                output.name,
                column,
                name,
            )

        writer = output.open_writer(name, self.new_file, warn)
        key = self._keys.next(output.name, self._clock.now(), name)
        found = OpenObject(writer, key, self._ledger.opened(), self._clock.monotonic())
        output.open = found
        self._open[output.name] = output
        return found

    def _upload(
        self, stream: str, key: str, file: BinaryIO, rows: int, number: int
    ) -> None:
        size = file.seek(0, 2)
        file.seek(0)
        self._logger.debug("Storing %s: %s rows, %s bytes", key, rows, size)
        self._uploads.submit(Upload(stream, key, file, rows, size, number))
