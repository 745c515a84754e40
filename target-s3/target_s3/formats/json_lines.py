"""One JSON object a line, exactly as the tap wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_s3.formats.packing import Packer


class JsonLinesWriter:
    """Writes rows without looking into them."""

    def __init__(self, packer: Packer) -> None:
        self._packer = packer

    def write(self, rows: Sequence[bytes]) -> None:
        """Write rows, each the JSON text of one object."""
        self._packer.write(b"\n".join((*rows, b"")))

    def close(self) -> BinaryIO:
        """Finish the object and return its file, at the beginning."""
        return self._packer.close()

    def discard(self) -> None:
        """Drop what was written."""
        self._packer.discard()

    @property
    def size(self) -> int:
        """Bytes of disk taken so far."""
        return self._packer.size
