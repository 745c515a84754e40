"""How rows become the bytes of an object.

Each format takes rows as JSON text and writes one temporary file: ``jsonl``, ``csv``
and ``parquet``. Memory never grows with the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

from target_s3.errors import FormatError
from target_s3.formats.columns import Column
from target_s3.formats.csv import CsvWriter
from target_s3.formats.gzip_file import FormatWriter
from target_s3.formats.jsonl import JsonLinesWriter
from target_s3.formats.parquet import ParquetWriter


def open_writer(
    name: str,
    new_file: Callable[[], BinaryIO],
    columns: Sequence[Column],
    stream: str,
    warn: Callable[[str], None],
) -> FormatWriter:
    """Open a writer of the format with that name for one object."""
    if not (columns or name.startswith("jsonl")):
        msg = (
            f"Stream {stream}: its SCHEMA names no columns, and {name} has no place "
            "for rows without; select columns in the tap's catalog, or use the format "
            "jsonl.gz."
        )
        raise FormatError(msg, stream=stream)
    if name == "parquet":
        return ParquetWriter(new_file, columns, stream, warn)
    is_gzipped = name.endswith(".gz")
    if name.startswith("csv"):
        return CsvWriter(new_file(), columns, stream, warn, is_gzipped=is_gzipped)
    return JsonLinesWriter(new_file(), is_gzipped=is_gzipped)
