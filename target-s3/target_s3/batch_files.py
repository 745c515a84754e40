"""BATCH messages: files of records that the tap has written beside its output.

A gzipped file of JSON lines goes into the bucket as it is when the target writes
``jsonl.gz`` and no stream map wants to see records; so does a Parquet file when the
target writes Parquet. Otherwise its records are read and stored like any others, in
flat memory. Files are left where they are: as in the SDK, they belong to the tap.
"""

from __future__ import annotations

import gzip
import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

import msgspec
from msgspec import Raw

from singer_amazon.target.errors import InputError
from target_s3.bucket.s3 import ObjectStore
from target_s3.object_writer import OpenObjects, Route

AddRecord = Callable[[Route, str, bytes], None]

_GZIP_MAGIC = b"\x1f\x8b"
_STEP_BYTES = 1024**2

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
        format_name: str,
        objects: OpenObjects,
        store: ObjectStore,
        add_record: AddRecord,
        drain_results: Callable[[], None],
    ) -> None:
        self._format = format_name
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
        if file_format == "parquet":
            if not (is_untouched and self._format == "parquet"):
                msg = (
                    f"{file.where}, is Parquet, which is stored only as it is, with "
                    "format.format_type parquet and no stream map; set the tap's "
                    "batch_config.encoding.format to jsonl."
                )
                raise InputError(msg)
            rows = _parquet_rows(file)
        elif is_untouched and _is_packed(file) and self._format == "jsonl.gz":
            rows = sum(lines.count(b"\n") for lines in _steps(file))
        else:
            for lines in _steps(file):
                self._take_records(file, lines, routes)
            return False
        self._store_as_is(file, routes[0].output.name, rows)
        return True

    def _take_records(self, file: _File, lines: bytes, routes: Sequence[Route]) -> None:
        try:
            lines.decode()
            records = _raw_lines(lines)
        except (msgspec.DecodeError, UnicodeDecodeError):
            msg = f"{file.where}, holds a line that is not valid JSON."
            raise InputError(msg) from None
        for record in records:
            for route in routes:
                self._add_record(route, file.where, bytes(record))

    def _store_as_is(self, file: _File, stream: str, rows: int) -> None:
        if stream not in self._logged:
            self._logged.add(stream)
            logger.info(
                "Stream %s: BATCH files are stored as the tap wrote them, without "
                "columns of our own.",
                stream,
            )
        self._objects.send(stream, file.content, rows, self._format)

    def _open(self, uri: str, where: str) -> BinaryIO:
        address = urlsplit(uri)
        if address.scheme == "s3":
            file = self._objects.new_file()
            self._store.fetch(uri, file)
            return file
        if address.scheme not in {"", "file"}:
            msg = (
                f"{where}, has an address this target cannot read; set the tap's "
                "batch_config.storage.root to a file:// folder or s3:// prefix."
            )
            raise InputError(msg)
        path = Path(url2pathname(address.path) if address.scheme else uri)
        try:
            return path.open("rb")
        except OSError as error:
            msg = f"{where}, cannot be opened: {error.strerror}."
            raise InputError(msg) from None


def _is_packed(file: _File) -> bool:
    """The SDK writes gzip even where it is told not to: the bytes decide."""
    start = file.content.read(len(_GZIP_MAGIC))
    file.content.seek(0)
    return start == _GZIP_MAGIC


def _steps(file: _File) -> Iterator[bytes]:
    """The file's text in steps of whole lines, unpacked where it is packed."""
    content = file.content
    source = gzip.GzipFile(fileobj=content) if _is_packed(file) else content
    try:
        while lines := source.readlines(_STEP_BYTES):
            if not lines[-1].endswith(b"\n"):
                lines[-1] += b"\n"
            yield b"".join(lines)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        msg = f"{file.where}, is damaged or cut off."
        raise InputError(msg) from None


def _parquet_rows(file: _File) -> int:
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, loaded when asked for
    from pyarrow import ArrowException  # noqa: PLC0415

    try:
        return int(pq.ParquetFile(file.content).metadata.num_rows)
    except (ArrowException, OSError):
        msg = f"{file.where}, is not a Parquet file."
        raise InputError(msg) from None
