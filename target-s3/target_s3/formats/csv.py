"""CSV with a header, columns in the order of the SCHEMA.

Numbers keep their digits, booleans are ``true`` and ``false``, objects and arrays are
JSON text, null is an empty field. Quoting follows RFC 4180, lines end with LF; what
some reader takes for the end of a line, a comment or another delimiter is quoted too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import msgspec

from target_s3.formats.columns import Column
from target_s3.formats.gzip_file import FormatWriter
from target_s3.record_metadata import unreadable_rows

# Python's writer leaves these unquoted (a lone CR before Python 3.13).
_CONTROLS = bytes((*range(10), *range(11, 32), 127))
_SEQUENCES = (b",'", b"\n'", *(c.encode() for c in "\x85\u2028\u2029\ufeff"))
# It quotes a field that holds a character of its line end. With this one for a line end
# it quotes them all, and the true one is put in its place, line by line.
_ALWAYS_QUOTED = "".join((*map(chr, range(32)), ";|#'\x7f\x85\u2028\u2029\ufeff"))

# Numbers stay the text they are.
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=msgspec.Raw).decode
_encode = msgspec.json.Encoder().encode


class CsvWriter(FormatWriter):
    """Writes the columns of the SCHEMA; a column it lacks is warned of and left out."""

    def __init__(
        self,
        file: BinaryIO,
        columns: Sequence[Column],
        stream: str,
        warn: Callable[[str], None],
        *,
        is_gzipped: bool,
    ) -> None:
        super().__init__(file, is_gzipped=is_gzipped)
        self._stream = stream
        self._warn = warn
        self._names = [column.name for column in columns]
        self._known = frozenset(self._names)
        self._append(_csv([self._names]))

    def write(self, rows: Sequence[bytes]) -> None:
        """Write rows, each the JSON text of one object."""
        with unreadable_rows(self._stream, "CSV"):
            table = [self._fields(_decode(row)) for row in rows]
        self._append(_csv(table))

    def _fields(self, record: dict[str, Any]) -> list[object]:
        if not self._known.issuperset(record):
            for name in record.keys() - self._known:
                self._warn(name)
        get = record.get
        return [
            value if type(value) in _PLAIN else _text(value)
            for value in map(get, self._names)
        ]


class _Lines:
    """Takes one line after the other, as Python's writer hands them out."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.write = self.lines.append


def _csv(table: Sequence[Sequence[object]]) -> bytes:
    """Return the lines of the table; few need a second, slower look."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(table)
    found = buffer.getvalue().encode()
    if not (
        len(found.translate(None, _CONTROLS)) < len(found)
        or found.startswith(b"'")
        or any(part in found for part in _SEQUENCES)
    ):
        return found
    careful = _Lines()
    csv.writer(careful, lineterminator=_ALWAYS_QUOTED).writerows(table)
    lines = [line[: -len(_ALWAYS_QUOTED)] for line in careful.lines]
    return "\n".join([*lines, ""]).encode()


_PLAIN = frozenset({str, int, type(None)})


def _text(value: object) -> str:
    if isinstance(value, msgspec.Raw):
        return str(value, "ascii")
    return _encode(value).decode()
