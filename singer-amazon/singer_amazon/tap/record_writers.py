"""Three ways from rows to the target: ready-made lines, SDK records, files."""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import msgspec
from singer_sdk.helpers._batch import BatchConfig, SDKBatchMessage
from singer_sdk.mapper import SameRecordTransform

from singer_amazon.errors import ConfigError
from singer_amazon.http.deflate import Compressor, gzip_compressor
from singer_amazon.records.row_encoder import AddedFields, RowEncoder
from singer_amazon.tap.message_writer import MessageWriter

if TYPE_CHECKING:
    from singer_sdk import Stream

logger = logging.getLogger(__name__)

WriteRows = Callable[[list[Any]], None]

BATCH_ROWS = 100_000
"""Rows of a BATCH file, as of an object of target-s3."""


@contextlib.contextmanager
def lines(
    writer: MessageWriter,
    stream: str,
    encoder: RowEncoder,
    added_fields: AddedFields,
    extracted_at: datetime,
) -> Iterator[WriteRows]:
    """Write RECORD messages without building one object per record."""
    name = msgspec.json.encode(stream)
    before = b'{"type":"RECORD","stream":' + name + b',"record":'
    after = b',"time_extracted":' + msgspec.json.encode(extracted_at) + b"}"
    yield lambda rows: writer.write(encoder.lines(rows, added_fields, before, after))


@contextlib.contextmanager
def records(
    writer: MessageWriter,
    stream: Stream,
    encoder: RowEncoder,
    added_fields: AddedFields,
) -> Iterator[WriteRows]:
    """Write through the SDK, for stream maps and flattening."""

    def write(rows: list[Any]) -> None:
        out = bytearray()
        for record in encoder.records(rows, added_fields):
            for message in stream._generate_record_messages(record):  # noqa: SLF001 - the SDK's own hook
                out += writer.serialize_message(message)
        writer.write(out)

    yield write


def keeps_rows(stream: Stream) -> bool:
    """Whether each row goes out under its own names, whatever is done to its shape."""
    maps = stream.stream_maps
    return (
        len(maps) == 1
        and type(maps[0]) is SameRecordTransform
        and maps[0].stream_alias == stream.name
    )


def is_plain(stream: Stream) -> bool:
    """Whether rows go out as they are: no stream maps, no flattening."""
    return keeps_rows(stream) and not stream.stream_maps[0].flattening_enabled


class BatchFiles:
    """Writes rows into the files of BATCH messages.

    The SDK's own writer ignores the selection and writes gzip whatever the
    configured compression is; this one does neither.
    """

    def __init__(
        self,
        writer: MessageWriter,
        stream: str,
        config: BatchConfig,
        encoder: RowEncoder,
        added_fields: AddedFields,
    ) -> None:
        self._writer = writer
        self._stream = stream
        self._config = config
        self._encoder = encoder
        self._added_fields = added_fields
        self._prefix = f"{stream}-{uuid.uuid4().hex}"
        self._number = 0
        self._left = 0
        self._open = contextlib.ExitStack()
        self._file: IO[bytes] | None = None
        self._compressor: Compressor | None = None

    def write(self, rows: list[Any]) -> None:
        """Write rows, beginning a new file at the batch size."""
        while rows:
            if self._left == 0:
                self._next_file()
            now, rows = rows[: self._left], rows[self._left :]
            self._append(self._encoder.lines(now, self._added_fields, b"", b""))
            self._left -= len(now)

    def close(self) -> None:
        """Close the last file and announce it."""
        if self._file is None:
            return
        if self._compressor is not None:
            self._file.write(self._compressor.flush())
        self._open.close()
        self._file, self._left = None, 0
        message = SDKBatchMessage(
            stream=self._stream,
            encoding=self._config.encoding,
            manifest=[self._storage_url()],
        )
        self._writer.write_message(message)

    def abandon(self) -> None:
        """Close the last file without announcing it."""
        self._open.close()
        self._file = None

    def _append(self, data: bytearray) -> None:
        assert self._file is not None  # noqa: S101 - _next_file opened it
        packed = self._compressor.compress(data) if self._compressor else data
        self._file.write(packed)

    def _next_file(self) -> None:
        self.close()
        self._number += 1
        self._left = self._config.batch_size
        raw = self._open.enter_context(self._config.storage.open(self._name(), "wb"))
        self._file = raw
        if self._config.encoding.compression == "gzip":
            self._compressor = gzip_compressor()

    def _name(self) -> str:
        ending = ".json.gz" if self._config.encoding.compression == "gzip" else ".json"
        prefix = self._config.storage.prefix or ""
        return f"{prefix}{self._prefix}-{self._number}{ending}"

    def _storage_url(self) -> str:
        return self._config.storage.get_url(self._name())


@contextlib.contextmanager
def batch_files(files: BatchFiles) -> Iterator[WriteRows]:
    """Write files, and announce the last one once the document is read whole."""
    try:
        yield files.write
    except BaseException:
        files.abandon()
        raise
    files.close()


def batch_config(settings: Mapping[str, Any]) -> BatchConfig | None:
    """Return how BATCH files are written, None if records are.

    Files hold ten times as many rows as the SDK's if nothing is said: each costs the
    target a call, and becomes an object of its own in S3.
    """
    given = settings.get("batch_config")
    if not given:
        return None
    found = {name: value for name, value in given.items() if value is not None}
    return BatchConfig.from_dict({"batch_size": BATCH_ROWS, **found})


def check_batch_config(config: BatchConfig | None) -> None:
    """Refuse what cannot be written.

    Raises:
        ConfigError: another format or compression than ours.
    """
    if config is None:
        return
    encoding = config.encoding
    if encoding.format != "jsonl" or encoding.compression not in {"gzip", "none", None}:
        msg = (
            f"batch_config: {encoding.format} with compression "
            f"{encoding.compression} is not written by this tap: use format jsonl "
            "with compression gzip or none"
        )
        raise ConfigError(msg)
    try:
        with config.storage._fs():  # noqa: SLF001 - makes the folder, as open() does
            pass
    except (OSError, ImportError, ValueError) as error:
        msg = f"batch_config: {config.storage.root} cannot be written ({error})"
        raise ConfigError(msg) from None
