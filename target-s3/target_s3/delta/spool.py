"""Rows of one stream on disk, as JSON lines, until they are committed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import BinaryIO

from target_s3.delta.documents import Document
from target_s3.object_writer import FLUSH_BYTES, spool_errors

_STEP_BYTES = 256 * 1024


class RowSpool:
    """One file without a name; documents are ranges of it."""

    def __init__(self, new_file: Callable[[], BinaryIO]) -> None:
        self._new_file = new_file
        self._file: BinaryIO | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self.end = 0
        """Bytes that are in the file."""

    def add(self, row: bytes) -> bool:
        """Add a row; say whether it is time to flush."""
        self._waiting.append(row)
        self._waiting_bytes += len(row)
        return self._waiting_bytes >= FLUSH_BYTES

    def flush(self) -> int:
        """Write what waits; return how many rows that were."""
        waiting = self._waiting
        if waiting:
            if self._file is None:
                self._file = self._new_file()
            data = b"\n".join((*waiting, b""))
            with spool_errors():
                self._file.seek(self.end)
                self._file.write(data)
                self._file.flush()
            self.end += len(data)
            self._waiting, self._waiting_bytes = [], 0
        return len(waiting)

    def read(self, document: Document) -> Iterator[bytes]:
        """Yield the document's rows as JSON lines, some at a time."""
        position = document.start
        while self._file is not None and position < document.end:
            self._file.seek(position)
            # It stops when the lines are longer than the hint, not as long.
            hint = min(_STEP_BYTES, document.end - position) - 1
            lines = self._file.readlines(hint)
            data = b"".join(lines)
            position += len(data)
            yield data

    def drop(self, end: int) -> None:
        """Forget what stands before ``end``; what follows begins at 0."""
        old, rest = self._file, self.end - end
        self._file, self.end = None, rest
        if old is None:
            return
        with old, spool_errors():
            if rest:
                old.seek(end)
                self._file = self._new_file()
                shutil.copyfileobj(old, self._file)

    def discard(self) -> None:
        """Forget everything."""
        self._waiting, self._waiting_bytes = [], 0
        self.drop(self.end)
