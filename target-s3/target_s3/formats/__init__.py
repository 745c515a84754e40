"""How rows become the bytes of an object.

Each format takes rows as JSON text and writes one temporary file: ``jsonl``, ``csv``
and ``parquet``. Memory never grows with the number of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

from target_s3.formats.csv import CsvWriter
from target_s3.formats.gzip_file import ObjectFile
from target_s3.formats.jsonl import JsonLinesWriter
from target_s3.formats.parquet import ParquetWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_s3.formats.columns import Column

    Warn = Callable[[str], None]

__all__ = ["Format", "FormatWriter", "open_writer"]


class FormatWriter(Protocol):
    """Writes the rows of one object."""

    def write(self, rows: Sequence[bytes]) -> None:
        """Write rows, each the JSON text of one object."""

    def close(self) -> BinaryIO:
        """Finish the object and return its file, at the beginning."""

    def discard(self) -> None:
        """Drop what was written."""

    @property
    def size(self) -> int:
        """Bytes of disk taken so far."""


class Format(Protocol):
    """Opens writers of the configured format."""

    def __call__(
        self, columns: Sequence[Column], stream: str, warn: Warn
    ) -> FormatWriter:
        """Open a writer for one object of the stream."""


def open_writer(
    name: str,
    new_file: Callable[[], BinaryIO],
    columns: Sequence[Column],
    stream: str,
    warn: Warn,
) -> FormatWriter:
    """Open a writer of the format with that name for one object."""
    if name == "parquet":
        return ParquetWriter(new_file, columns, stream, warn)
    file = ObjectFile(new_file(), is_gzipped=name.endswith(".gz"))
    if name.startswith("csv"):
        return CsvWriter(file, columns, warn)
    return JsonLinesWriter(file)
