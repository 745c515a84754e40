"""The file of one object, gzipped while it is written or not."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from singer_amazon.http.deflate import gzip_compressor


class FormatWriter(abc.ABC):
    """Writes the rows of one object to a file and hands out the file."""

    def __init__(self, file: BinaryIO, *, is_gzipped: bool) -> None:
        self._file = file
        self._compressor = gzip_compressor() if is_gzipped else None

    @abc.abstractmethod
    def write(self, rows: Sequence[bytes]) -> None:
        """Write rows, each the JSON text of one object."""

    def _append(self, data: bytes) -> None:
        self._file.write(self._compressor.compress(data) if self._compressor else data)

    def close(self) -> BinaryIO:
        """Finish the object and return its file, at the beginning."""
        if self._compressor:
            self._file.write(self._compressor.flush())
        self._file.seek(0)
        return self._file

    def discard(self) -> None:
        """Drop what was written."""
        with suppress(OSError):  # a full disk, once more
            self._file.close()

    @property
    def size(self) -> int:
        """Bytes of disk taken so far."""
        return self._file.tell()
