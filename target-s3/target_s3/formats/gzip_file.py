"""A file that is gzipped while it is written, or not."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import BinaryIO, Protocol

# Measured on report rows, each at level 3: both pack to a fifth, isal 2.4 x as fast.
# Level 6 would save a sixth of the bytes and take three times as long.
_LEVEL = 3
_GZIP = 31


class Compressor(Protocol):
    """The compressing object of zlib and its like."""

    def compress(self, data: bytes, /) -> bytes:
        """Take bytes and return what is packed by now."""

    def flush(self) -> bytes:
        """Return the rest."""


def _new_compressor() -> Compressor:
    try:
        from isal import isal_zlib  # noqa: PLC0415 - not made for every machine
    except ImportError:
        return zlib.compressobj(_LEVEL, wbits=_GZIP)
    found: Compressor = isal_zlib.compressobj(_LEVEL, wbits=_GZIP)
    return found


class ObjectFile:
    """Takes bytes one after the other and hands out the finished file."""

    def __init__(self, file: BinaryIO, *, is_gzipped: bool) -> None:
        self._file = file
        self._compressor = _new_compressor() if is_gzipped else None

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(self._compressor.compress(data) if self._compressor else data)

    def close(self) -> BinaryIO:
        """Finish the file and return it, at the beginning."""
        if self._compressor:
            self._file.write(self._compressor.flush())
        self._file.seek(0)
        return self._file

    def discard(self) -> None:
        """Drop the file."""
        with suppress(OSError):  # a full disk, once more
            self._file.close()

    @property
    def size(self) -> int:
        """Bytes written to the file so far."""
        return self._file.tell()
