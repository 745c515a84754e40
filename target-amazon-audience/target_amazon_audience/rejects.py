"""The file of rejected records: who (hashed), where and why, never what they held."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from target_amazon_audience.errors import StateFileError

if TYPE_CHECKING:
    from typing import BinaryIO

_RIGHTS = 0o600
_encode = msgspec.json.Encoder().encode


class Rejects:
    """Adds JSON lines to a file, made when there is something to write."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def add(
        self, external_id: str | None, stream: str, field: str | None, reason: str
    ) -> None:
        """Note one record.

        Raises:
            StateFileError: the file cannot be written.
        """
        if self._path is None:
            return
        hidden = None
        if external_id is not None:
            hidden = sha256(external_id.encode()).hexdigest()
        line = {
            "external_id_sha256": hidden,
            "stream": stream,
            "field": field,
            "reason": reason,
        }
        try:
            if self._file is None:
                self._file = _open(self._path)
            self._file.write(_encode(line) + b"\n")
        except OSError as error:
            msg = f"The file {self._path} of rejects_path cannot be written ({error})."
            raise StateFileError(msg) from None

    def flush(self) -> None:
        """Hand everything to the file."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _open(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    number = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, _RIGHTS)
    return os.fdopen(number, "ab")
