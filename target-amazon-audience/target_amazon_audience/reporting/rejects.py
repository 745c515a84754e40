"""The file of rejected records: who (hashed), where and why, never what they held."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from singer_amazon.private_files import open_private
from target_amazon_audience.errors import StateFileError

if TYPE_CHECKING:
    from typing import BinaryIO

_encode = msgspec.json.Encoder().encode


class Rejects:
    """Adds JSON lines to a file, made when there is something to write."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def add(
        self,
        external_id: str | None,
        stream: str,
        field: str | None,
        reason: str,
        **where: int,
    ) -> None:
        """Note one record; ``where`` are the numbers by which it is found.

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
            "stream": stream or None,
            "field": field,
            "reason": reason,
            **where,
        }
        try:
            if self._file is None:
                self._file = os.fdopen(open_private(self._path, os.O_APPEND), "ab")
            self._file.write(_encode(line) + b"\n")
        except (OSError, ValueError) as error:
            raise self._failure(error) from None

    def close(self) -> None:
        """Close the file.

        Raises:
            StateFileError: what was noted last cannot be written.
        """
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> StateFileError:
        msg = f"The file {self._path} of rejects_path cannot be written ({error})."
        return StateFileError(msg)
