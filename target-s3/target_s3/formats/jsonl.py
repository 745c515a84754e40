"""One JSON object a line, exactly as the tap wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_s3.formats.gzip_file import ObjectFile


class JsonLinesWriter:
    """Writes rows without looking into them."""

    def __init__(self, file: ObjectFile) -> None:
        self._file = file

    def write(self, rows: Sequence[bytes]) -> None:
        """Write rows, each the JSON text of one object."""
        self._file.write(b"\n".join((*rows, b"")))

    def close(self) -> BinaryIO:
        """Finish the object and return its file, at the beginning."""
        return self._file.close()

    def discard(self) -> None:
        """Drop what was written."""
        self._file.discard()

    @property
    def size(self) -> int:
        """Bytes of disk taken so far."""
        return self._file.size
