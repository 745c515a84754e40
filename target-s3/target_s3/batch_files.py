"""BATCH messages: files of records that the tap has written beside its output.

A gzipped file of JSON lines goes into the bucket as it is when the target writes
``jsonl.gz`` and no stream map wants to see records; so does a Parquet file when the
target writes Parquet. Otherwise its records are read and stored like any others, in
flat memory. Files are left where they are: as in the SDK, they belong to the tap. What
is read is bounded: whole lines of a size, files of a size, from where it is allowed.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import msgspec
from msgspec import Raw

from singer_amazon.http.inflating import DamagedError, inflated
from singer_amazon.target.errors import InputError
from singer_amazon.target.messages import LineMender, readable_bytes
from singer_amazon.target.stdin import MAX_LINE_BYTES
from singer_amazon.target.unreadable_lines import UnreadableLines
from target_s3.batch_roots import is_allowed_key, is_allowed_path, local_path
from target_s3.bucket.s3 import ObjectStore
from target_s3.object_writer import Route, RowStore
from target_s3.settings import Settings

AddRecord = Callable[[Route, str, bytes], None]

_GZIP_MAGIC = b"\x1f\x8b"
_STEP_BYTES = 1024**2

_NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_raw = msgspec.json.Decoder(Raw).decode
_raw_lines = msgspec.json.Decoder(Raw).decode_lines

logger = logging.getLogger(__name__)


class _Encoding(msgspec.Struct):
    format: str
    compression: str | None = None


class _File(NamedTuple):
    where: str
    content: BinaryIO


class BatchFileLoader:
    """Stores the files that a BATCH message names.

    ``add_record`` takes one record of such a file as if it had come through stdin; its
    text says where the record is, should it fail.
    """

    def __init__(
        self,
        settings: Settings,
        objects: RowStore,
        store: ObjectStore,
        add_record: AddRecord,
        drain_results: Callable[[], None],
        mender: LineMender,
        unreadable: UnreadableLines,
    ) -> None:
        self._format = settings.format
        self._roots = settings.batch_roots
        self._max_bytes = settings.batch_max_bytes
        self._mender = mender
        self._unreadable = unreadable
        self._objects = objects
        self._store = store
        self._add_record = add_record
        self._drain_results = drain_results
        self._logged: set[str] = set()

    def take(
        self, line: int, encoding: Raw, manifest: Sequence[str], routes: Sequence[Route]
    ) -> None:
        """Store every file of the manifest."""
        file_format = self._format_of(line, encoding)
        for uri in manifest:
            where = f"BATCH file {uri}, named by line {line} of the input"
            with ExitStack() as stack:
                content = stack.enter_context(self._open(uri, where))
                if self._take_file(_File(where, content), file_format, routes):
                    stack.pop_all()  # its upload closes it
            self._drain_results()

    @staticmethod
    def _format_of(line: int, raw: Raw) -> str:
        try:
            encoding = msgspec.json.decode(raw, type=_Encoding)
        except msgspec.DecodeError:
            msg = f"Line {line} of the input is a BATCH without an encoding."
            raise InputError(msg) from None
        if encoding.format not in {"jsonl", "parquet"}:
            msg = (
                f"Line {line} of the input is a BATCH of format {encoding.format!r}; "
                "set the tap's batch_config.encoding.format to jsonl, or leave "
                "batch_config out."
            )
            raise InputError(msg)
        return encoding.format

    def _take_file(
        self, file: _File, file_format: str, routes: Sequence[Route]
    ) -> bool:
        """Store the file; say whether its content was handed over to an upload."""
        is_untouched = len(routes) == 1 and routes[0].transform is None
        send = self._objects.send if is_untouched else None
        if file_format == "parquet":
            if send is None or self._format != "parquet":
                msg = (
                    f"{file.where}, is Parquet, which is stored only as it is, with "
                    "format.format_type parquet and no stream map; set the tap's "
                    "batch_config.encoding.format to jsonl."
                )
                raise InputError(msg)
            rows = _parquet_rows(file)
        elif send is not None and _is_packed(file) and self._format == "jsonl.gz":
            steps = _steps(file, self._max_bytes)
            rows = sum(lines.count(b"\n") for lines in steps)
        else:
            first = 1
            for lines in _steps(file, self._max_bytes):
                self._take_records(file, first, lines, routes)
                first += lines.count(b"\n")
            return False
        stream = routes[0].output.name
        self._log_as_is(stream)
        send(stream, file.content, rows, self._format)
        return True

    def _take_records(
        self, file: _File, first: int, lines: bytes, routes: Sequence[Route]
    ) -> None:
        records: Iterable[bytes]
        try:
            lines.decode()
            records = map(bytes, _raw_lines(lines))
        except _NOT_JSON:
            records = self._readable(file, first, lines, routes)
        for record in records:
            for route in routes:
                self._add_record(route, file.where, record)

    def _readable(
        self, file: _File, first: int, lines: bytes, routes: Sequence[Route]
    ) -> Iterator[bytes]:
        """Yield the records of lines of which some are not strict JSON."""
        stream = routes[0].output.name if routes else None
        for number, line in enumerate(lines.split(b"\n"), first):
            if not line.strip():
                continue
            where = f"Line {number} of {file.where}"
            found = self._mender.mended(line, _raw)
            if found is None:
                self._unreadable.note(InputError(f"{where}, is not valid JSON."))
            else:
                self._mender.warn(where, stream, found.repairs)
                yield bytes(found.message)

    def _log_as_is(self, stream: str) -> None:
        if stream not in self._logged:
            self._logged.add(stream)
            logger.info(
                "Stream %s: BATCH files are stored as the tap wrote them, without "
                "columns of our own.",
                stream,
            )

    def _open(self, uri: str, where: str) -> BinaryIO:
        if uri.startswith("s3://"):
            self._require(is_allowed_key(uri, self._roots), where)
            file = self._objects.new_file()
            bounded = cast("BinaryIO", _Bounded(file, where, self._max_bytes))
            with ExitStack() as stack:
                stack.enter_context(file)
                self._store.fetch(uri, bounded)
                stack.pop_all()
            file.seek(0)
            return file
        try:
            path = local_path(uri)
            if path is not None:
                resolved = path.resolve()
                self._require(is_allowed_path(resolved, self._roots), where)
                return _open_file(resolved, where)
        except (OSError, RuntimeError) as error:  # a circle of links
            why = getattr(error, "strerror", None) or "its path is a circle"
            msg = f"{where}, cannot be opened: {why}."
            raise InputError(msg) from None
        msg = (
            f"{where}, has an address this target cannot read; set the tap's "
            "batch_config.storage.root to a file:// folder or s3:// prefix."
        )
        raise InputError(msg)

    @staticmethod
    def _require(is_allowed: bool, where: str) -> None:  # noqa: FBT001 - a condition
        if not is_allowed:
            msg = f"{where}, lies outside of what batch_allowed_roots allows."
            raise InputError(msg)


class _Bounded:
    """Takes what comes from S3, up to the bytes that a file may have."""

    def __init__(self, file: BinaryIO, where: str, max_bytes: int) -> None:
        self._file = file
        self._where = where
        self._left = self._max_bytes = max_bytes
        self.seek = file.seek

    def write(self, data: bytes) -> int:
        """Write a piece.

        Raises:
            InputError: there is more than there may be.
        """
        self._left -= len(data)
        if self._left < 0:
            raise _too_large(self._where, self._max_bytes)
        return self._file.write(data)


def _open_file(path: Path, where: str) -> BinaryIO:
    """Open a plain file: devices never end, and pipes wait for their writer."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    file = open(os.open(path, flags), "rb")  # noqa: PTH123, SIM115 - by descriptor
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        msg = f"{where}, is no plain file."
        raise InputError(msg)
    return file


def _too_large(where: str, max_bytes: int) -> InputError:
    msg = (
        f"{where}, holds more than {readable_bytes(max_bytes)}, the limit of "
        "batch_max_bytes; lower the tap's batch_size, or raise the limit."
    )
    return InputError(msg)


def _is_packed(file: _File) -> bool:
    """The SDK writes gzip even where it is told not to: the bytes decide."""
    start = file.content.read(len(_GZIP_MAGIC))
    file.content.seek(0)
    return start == _GZIP_MAGIC


def _steps(file: _File, max_bytes: int) -> Iterator[bytes]:
    """The file's text in steps of whole lines, unpacked where it is packed."""
    tail: list[bytes] = []
    tail_bytes = total = 0
    for data in _pieces(file):
        total += len(data)
        if total > max_bytes:
            raise _too_large(file.where, max_bytes)
        end = data.rfind(b"\n") + 1
        if end:
            yield b"".join((*tail, data[:end]))
            tail, tail_bytes = [], 0
        tail.append(data[end:])
        tail_bytes += len(data) - end
        if tail_bytes > MAX_LINE_BYTES:
            limit = readable_bytes(MAX_LINE_BYTES)
            msg = f"{file.where}, holds a line longer than {limit}: this is no record."
            raise InputError(msg)
    if tail_bytes:
        yield b"".join((*tail, b"\n"))


def _pieces(file: _File) -> Iterator[bytes]:
    """The file's bytes in pieces, unpacked where it is packed."""
    blocks = iter(lambda: file.content.read(_STEP_BYTES), b"")
    try:
        yield from inflated(blocks) if _is_packed(file) else blocks
    except DamagedError:
        msg = f"{file.where}, is damaged or cut off."
        raise InputError(msg) from None
    except OSError as error:
        msg = f"{file.where}, cannot be read: {error.strerror}."
        raise InputError(msg) from None


def _parquet_rows(file: _File) -> int:
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, loaded when asked for
    from pyarrow import ArrowException  # noqa: PLC0415

    try:
        return int(pq.ParquetFile(file.content).metadata.num_rows)
    except (ArrowException, OSError):
        msg = f"{file.where}, is not a Parquet file."
        raise InputError(msg) from None
