"""One output stream: its columns, its keys and the object that is open for it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from target_s3.columns import columns_of
from target_s3.errors import SpoolError
from target_s3.formats import open_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_s3.columns import Column
    from target_s3.formats import FormatWriter
    from target_s3.mapping import MappedStream, Transform

FLUSH_BYTES = 128 * 1024

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG)


class OpenObject:
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
        with _spool_errors():
            return self._writer.close()

    def discard(self) -> None:
        """Drop the object."""
        self._writer.discard()

    def _flush(self) -> None:
        with _spool_errors():
            self._writer.write(self._waiting)
        self._waiting = []
        self._waiting_bytes = 0


class _spool_errors:  # noqa: N801 - reads as a verb where it is used
    """Turns a full disk into a sentence."""

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            msg = (
                f"The temporary folder cannot take more ({error.strerror}); free some "
                "space, lower spool_max_bytes, or name another folder by spool_dir."
            )
            raise SpoolError(msg) from None


class OutputStream:
    """Everything the loader knows of one stream of rows."""

    def __init__(self, mapped: MappedStream, added: Sequence[str]) -> None:
        self.name = mapped.name
        self.columns: tuple[Column, ...] = columns_of(mapped.schema, added)
        self.keys = tuple(
            (name, msgspec.json.encode(name)) for name in mapped.key_properties
        )
        self.open: OpenObject | None = None
        self._warned: set[str] = set()

    def describe(self, mapped: MappedStream, added: Sequence[str]) -> bool:
        """Take a new SCHEMA; say whether the columns have changed by it."""
        fresh = OutputStream(mapped, added)
        is_changed = fresh.columns != self.columns
        self.columns, self.keys = fresh.columns, fresh.keys
        return is_changed

    def open_writer(
        self,
        format_name: str,
        new_file: Callable[[], BinaryIO],
        warn: Callable[[str], None],
    ) -> FormatWriter:
        """Open a writer for this stream's next object."""

        def warn_once(column: str) -> None:
            if column not in self._warned:
                self._warned.add(column)
                warn(column)

        return open_writer(format_name, new_file, self.columns, self.name, warn_once)


class Route(NamedTuple):
    """One way from an input stream to an output stream."""

    output: OutputStream
    transform: Transform | None
