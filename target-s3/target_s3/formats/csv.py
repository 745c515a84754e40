"""CSV with a header, columns in the order of the SCHEMA.

Numbers keep their digits, booleans are ``true`` and ``false``, objects and arrays are
JSON text, null is an empty field. Quoting follows RFC 4180, lines end with LF.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, BinaryIO

from target_s3.formats.columns import Column
from target_s3.formats.gzip_file import FormatWriter
from target_s3.record_metadata import decode_exactly, encode_exactly


class CsvWriter(FormatWriter):
    """Writes the columns of the SCHEMA; a column it lacks is warned of and left out."""

    def __init__(
        self,
        file: BinaryIO,
        columns: Sequence[Column],
        warn: Callable[[str], None],
        *,
        is_gzipped: bool,
    ) -> None:
        super().__init__(file, is_gzipped=is_gzipped)
        self._warn = warn
        self._names = [column.name for column in columns]
        self._known = frozenset(self._names)
        self._buffer = io.StringIO()
        self._csv = csv.writer(self._buffer, lineterminator="\n")
        self._csv.writerow(self._names)
        self._flush()

    def write(self, rows: Sequence[bytes]) -> None:
        """Write rows, each the JSON text of one object."""
        self._csv.writerows(self._fields(decode_exactly(row)) for row in rows)
        self._flush()

    def _fields(self, record: dict[str, Any]) -> list[object]:
        if not self._known.issuperset(record):
            for name in record.keys() - self._known:
                self._warn(name)
        get = record.get
        return [
            value if type(value) in _PLAIN else _text(value)
            for value in map(get, self._names)
        ]

    def _flush(self) -> None:
        self._append(self._buffer.getvalue().encode())
        self._buffer.seek(0)
        self._buffer.truncate()


_PLAIN = frozenset({str, int, type(None)})


def _text(value: object) -> str:
    # Decimal's own text may be 1E+5: as much a number as JSON's 1e5.
    return str(value) if isinstance(value, Decimal) else encode_exactly(value).decode()
