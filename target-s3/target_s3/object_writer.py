"""Output streams, each with the object that is open for it, within bounds."""

from __future__ import annotations

import copy
import errno
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, Protocol

import msgspec

from singer_amazon.errors import AmazonError
from singer_amazon.target.state_tracker import StateTracker
from singer_amazon.target.stream_maps import MappedStream
from target_s3.bucket.keys import Keys
from target_s3.bucket.uploads import Upload, Uploads
from target_s3.clock import SteadyClock
from target_s3.errors import SpoolError
from target_s3.formats import open_writer
from target_s3.formats.columns import Column, columns_of
from target_s3.formats.gzip_file import FormatWriter
from target_s3.formats.partitions import FolderReader, partition_columns
from target_s3.settings import Settings

# Each holds a file descriptor and some memory; a tap with more streams than this gets
# the oldest object closed for each new one.
MAX_OPEN = 200
FLUSH_BYTES = 128 * 1024

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG)

logger = logging.getLogger(__name__)


class ObjectWriter:
    """Rows on their way into one object: a little in memory, the rest on disk."""

    def __init__(
        self, writer: FormatWriter, key: str, number: int, opened_at: float
    ) -> None:
        self.key = key
        self.number = number
        self.opened_at = opened_at
        self.rows = 0
        self._writer = writer
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    @property
    def disk_bytes(self) -> int:
        """Bytes of disk taken."""
        return self._writer.size

    def add(self, row: bytes) -> bool:
        """Add a row; say whether the file on disk has grown by it."""
        self._waiting.append(row)
        self._waiting_bytes += len(row)
        self.rows += 1
        if self._waiting_bytes < FLUSH_BYTES:
            return False
        self._flush()
        return True

    def close(self) -> BinaryIO:
        """Finish the object and return its file, at the beginning."""
        self._flush()
        with spool_errors():
            return self._writer.close()

    def discard(self) -> None:
        """Drop the object."""
        self._writer.discard()

    def _flush(self) -> None:
        with spool_errors():
            self._writer.write(self._waiting)
        self._waiting = []
        self._waiting_bytes = 0


@contextmanager
def spool_errors() -> Iterator[None]:
    """Turn a full disk into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        msg = (
            f"The temporary folder cannot take more ({error.strerror}); free some "
            "space, lower spool_max_bytes, or name another folder by spool_dir."
        )
        raise SpoolError(msg) from None


class OutputStream:
    """Everything the loader knows of one stream of rows."""

    def __init__(self, mapped: MappedStream, added: Sequence[str]) -> None:
        self.name = mapped.name
        self.schema = mapped.schema
        self.columns: tuple[Column, ...] = columns_of(mapped.schema, added)
        self.keys = tuple(
            (name, msgspec.json.encode(name)) for name in mapped.key_properties
        )
        self.open: ObjectWriter | None = None
        self.folder = ""
        """Folders of a partition; the rows of one have all the same values."""
        self.parts: dict[str, OutputStream] = {}
        """Partitions that have an open object, by their folders."""
        self._reader: FolderReader | None = None
        self._warned: set[str] = set()
        self._format = "delta"
        self._partition_columns: frozenset[str] = frozenset()

    def partition_by(self, columns: Sequence[str]) -> None:
        """Have rows with different values in these columns stored apart."""
        self._reader = FolderReader(self.name, columns) if columns else None
        self._partition_columns = frozenset(columns)

    def part_of(self, row: bytes) -> OutputStream:
        """Return where a row goes: the stream itself, or one of its partitions."""
        if self._reader is None:
            return self
        folder = self._reader.folder(row)
        part = self.parts.get(folder)
        if part is None:
            part = self.parts[folder] = copy.copy(self)
            part.folder, part.open = folder, None
        return part

    def describe(self, mapped: MappedStream, added: Sequence[str]) -> bool:
        """Take a new SCHEMA; say whether the columns have changed by it."""
        fresh = OutputStream(mapped, added)
        is_changed = fresh.columns != self.columns
        self.columns, self.keys = fresh.columns, fresh.keys
        self.schema = fresh.schema
        return is_changed

    def open_writer(
        self, format_name: str, new_file: Callable[[], BinaryIO]
    ) -> FormatWriter:
        """Open a writer for this stream's next object."""
        self._format = format_name
        # The folder has them, as readers of Hive's folders expect.
        columns = tuple(
            column
            for column in self.columns
            if not self.folder or column.name not in self._partition_columns
        )
        return open_writer(format_name, new_file, columns, self.name, self.warn_once)

    def warn_once(self, column: str) -> None:
        """Say that a column has no place where the rows go."""
        if column in self._partition_columns:
            return
        if column not in self._warned:
            self._warned.add(column)
            logger.warning(
                "Stream %s: column %s is not in its SCHEMA and has no place in %s; "
                "it is left out. The format jsonl.gz keeps every column.",
                self.name,
                column,
                self._format,
            )


def new_spool_file(folder: str | None) -> BinaryIO:
    """Open a temporary file that has no name: it goes with the process.

    Raises:
        SpoolError: there is no place for it.
    """
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        msg = (
            f"No temporary file can be made ({error.strerror}); name a folder with "
            "room by spool_dir."
        )
        raise SpoolError(msg) from None


class Route(NamedTuple):
    """One way from an input stream to an output stream."""

    output: OutputStream
    transform: Callable[[bytes], bytes | None] | None


SendFile = Callable[[str, BinaryIO, int, str], None]
"""Takes a stream, a file, its number of rows, and its extension."""


class RowStore(Protocol):
    """What takes rows of all streams and sees that they are stored in time."""

    @property
    def disk_bytes(self) -> int:
        """Bytes of disk that rows take which are not stored yet."""

    def described(self, stream: str, routes: Sequence[Route]) -> None:
        """Take note of a SCHEMA: where rows of the stream go."""

    def add(self, output: OutputStream, row: bytes) -> bool:
        """Add a row; say whether the disk use has grown."""

    def take_manifest(self, record: bytes) -> None:
        """Take a row of the stream that says what documents cover."""

    def confirm(self) -> None:
        """Take note of a STATE."""

    def close(self, output: OutputStream) -> None:
        """Begin anew: the columns of the stream have changed."""

    def close_all(self) -> None:
        """Store all that may be stored by now."""

    def close_aged(self, now: float) -> None:
        """Store what is ``max_batch_age`` old."""

    def close_largest(self) -> None:
        """Make room on the disk."""

    def finish(self, *, is_whole: bool) -> None:
        """Store what is left; ``is_whole``: the input has come to its end."""

    def discard_all(self) -> None:
        """Drop what was not stored."""

    def new_file(self) -> BinaryIO:
        """Open a temporary file that has no name: it goes with the process."""

    @property
    def send(self) -> SendFile | None:
        """What uploads a finished file as it is; None: its rows have to be read."""


class OpenObjects:
    """Opens an object when a stream gets a row, and closes it when it is time."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        states: StateTracker,
        uploads: Uploads,
        clock: SteadyClock,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._states = states
        self._uploads = uploads
        self._clock = clock
        # In the order they were opened, by name and folder.
        self._open: dict[tuple[str, str], OutputStream] = {}
        self._has_folders = bool(settings.partition_by)

    @property
    def disk_bytes(self) -> int:
        """Bytes of disk that open objects take."""
        return sum(
            output.open.disk_bytes for output in self._open.values() if output.open
        )

    def described(self, stream: str, routes: Sequence[Route]) -> None:  # noqa: ARG002 - outputs have names of their own
        """Take note of a SCHEMA: which columns become folders."""
        chosen = self._settings.partition_by
        for output, _ in routes if chosen else ():
            known = [column.name for column in output.columns]
            output.partition_by(partition_columns(chosen, output.name, known))

    def take_manifest(self, record: bytes) -> None:
        """Do nothing: objects are only ever added."""

    def confirm(self) -> None:
        """Do nothing: objects need no STATE."""

    def add(self, output: OutputStream, row: bytes) -> bool:
        """Add a row to the stream's object; say whether the disk use has grown."""
        if self._has_folders:
            output = output.part_of(row)
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
        return new_spool_file(self._settings.spool_dir)

    def send(self, stream: str, file: BinaryIO, rows: int, extension: str) -> None:
        """Upload a finished file as an object of the stream."""
        key = self._keys.next(stream, self._clock.now(), extension)
        self._upload(stream, key, file, rows, self._states.opened())

    def close(self, output: OutputStream) -> None:
        """Close the stream's objects, if there are any, and upload them."""
        for part in [*output.parts.values()] if not output.folder else ():
            self.close(part)
        found = output.open
        if found is None:
            return
        output.open = None
        del self._open[output.name, output.folder]
        output.parts.pop(output.folder, None)
        try:
            file = found.close()
        except AmazonError:
            found.discard()
            raise
        self._upload(output.name, found.key, file, found.rows, found.number)

    def close_all(self) -> None:
        """Close every object; one that cannot be closed does not keep the others."""
        failures: list[AmazonError] = []
        for output in [*self._open.values()]:
            try:
                self.close(output)
            except AmazonError as error:  # noqa: PERF203 - each fails for itself
                failures.append(error)
        if failures:
            raise failures[0]

    def finish(self, *, is_whole: bool) -> None:  # noqa: ARG002 - all rows are good
        """Close every object."""
        self.close_all()

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
        outputs = self._open.values()
        if outputs:
            self.close(max(outputs, key=lambda o: o.open.disk_bytes if o.open else 0))

    def _open_for(self, output: OutputStream) -> ObjectWriter:
        if len(self._open) >= MAX_OPEN:
            self.close(next(iter(self._open.values())))
        name = self._settings.format
        writer = output.open_writer(name, self.new_file)
        key = self._keys.next(output.name, self._clock.now(), name, output.folder)
        found = ObjectWriter(
            writer, key, self._states.opened(), self._clock.monotonic()
        )
        output.open = found
        self._open[output.name, output.folder] = output
        return found

    def _upload(
        self, stream: str, key: str, file: BinaryIO, rows: int, number: int
    ) -> None:
        size = file.seek(0, 2)
        file.seek(0)
        logger.debug("Storing %s: %s rows, %s bytes", key, rows, size)
        self._uploads.submit(Upload(stream, key, file, rows, size, number))
