"""Rows of several documents joined by their keys, on disk: memory stays flat."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, zip_longest
from operator import itemgetter
from pathlib import Path as FilePath
from typing import Any, TypeVar

import msgspec

from singer_amazon.errors import DocumentError
from tap_amazon_sp.data_kiosk.schema import Path

T = TypeVar("T")
Row = dict[str, msgspec.Raw]

MAX_ROWS = 500
"""Rows that are joined and parsed at a time."""
_CACHE_KIB = 16_000
_MAKE = """
CREATE TABLE header (number INTEGER PRIMARY KEY, content BLOB UNIQUE);
CREATE TABLE part (header INTEGER, key BLOB, document INTEGER, content BLOB);
CREATE INDEX by_key ON part (header, key);
"""


class RowJoin:
    """The rows of one window: each document has some of their fields.

    `key` are the paths whose values say which rows belong together; what stands once on
    a line belongs to the key, too.
    """

    def __init__(self, path: FilePath, key: Sequence[Path]) -> None:
        self.path = path
        self._key = tuple(key)
        self._rows = msgspec.json.Decoder(list[msgspec.Raw])
        self._row = msgspec.json.Decoder(Row)
        self._database = sqlite3.connect(path, isolation_level=None)
        # a killed run begins anew: nothing in it has to outlive this process
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; "
            f"PRAGMA cache_size=-{_CACHE_KIB}; {_MAKE}"
        )
        self._database.execute("BEGIN")  # one transaction, which nobody ends

    def begin(self, document: int) -> None:
        """Begin with a document; what was taken of it before is thrown away."""
        self._database.execute("DELETE FROM part WHERE document = ?", (document,))

    def take(self, document: int, header: Mapping[str, Any], array: bytes) -> None:
        """Take in some rows of a document, as a JSON array.

        Raises:
            DocumentError: one of them is not an object.
        """
        rows = [bytes(row) for row in self._rows.decode(array)]
        if not rows:
            return
        number = self._header(header)
        self._database.executemany(
            "INSERT INTO part VALUES (?, ?, ?, ?)",
            ((number, self._key_of(row), document, row) for row in rows),
        )

    def joined(
        self, begin: Callable[[Mapping[str, Any]], None], parse: Callable[[bytes], T]
    ) -> Iterator[T]:
        """Yield the rows in pieces; `begin` hears what stood on their line."""
        headers = self._database.execute(
            "SELECT number, content FROM header"
        ).fetchall()
        for number, content in headers:
            begin(msgspec.json.decode(content))
            rows: list[Row] = []
            for row in self._of_line(number):
                rows.append(row)
                if len(rows) >= MAX_ROWS:
                    yield parse(msgspec.json.encode(rows))
                    rows.clear()
            if rows:
                yield parse(msgspec.json.encode(rows))

    def close(self) -> None:
        """Remove everything."""
        self._database.close()
        self.path.unlink(missing_ok=True)

    # --- inside ------------------------------------------------------------

    def _header(self, header: Mapping[str, Any]) -> int:
        content = msgspec.json.encode(dict(sorted(header.items())))
        self._database.execute(
            "INSERT OR IGNORE INTO header (content) VALUES (?)", (content,)
        )
        found = self._database.execute(
            "SELECT number FROM header WHERE content = ?", (content,)
        )
        number: int = found.fetchone()[0]
        return number

    def _key_of(self, row: bytes) -> bytes:
        """Return the values that identify a row, written the same in all documents."""
        try:
            fields = self._row.decode(row)
        except msgspec.ValidationError as error:
            msg = f"a row of the document is not an object ({error})"
            raise DocumentError(msg) from None
        values = []
        for first, *inner in self._key:
            value: Any = msgspec.json.decode(fields[first]) if first in fields else None
            for name in inner:
                value = value.get(name) if isinstance(value, dict) else None
            values.append(value)
        return msgspec.json.encode(values)

    def _of_line(self, header: int) -> Iterator[Row]:
        found = self._database.execute(
            "SELECT key, document, content FROM part WHERE header = ? ORDER BY key",
            (header,),
        )
        for _, group in groupby(found, key=itemgetter(0)):
            by_document: dict[int, list[bytes]] = {}
            for _, document, content in group:
                by_document.setdefault(document, []).append(content)
            # a key that one document repeats stays repeated: the encoder counts it
            for contents in zip_longest(*by_document.values()):
                yield merged([self._row.decode(c) for c in contents if c is not None])


def merged(rows: Sequence[Row]) -> Row:
    """Return one row of the fields of several; objects in them are put together."""
    found = dict(rows[0])
    for row in rows[1:]:
        for name, value in row.items():
            before = found.get(name)
            found[name] = value if before is None else _both(before, value)
    return found


def _both(one: msgspec.Raw, other: msgspec.Raw) -> msgspec.Raw:
    if bytes(one) == b"null":
        return other
    if not (_is_object(one) and _is_object(other)):
        return one
    inner = msgspec.json.decode(one, type=Row)
    for name, value in msgspec.json.decode(other, type=Row).items():
        if name not in inner or bytes(inner[name]) == b"null":
            inner[name] = value
    return msgspec.Raw(msgspec.json.encode(inner))


def _is_object(value: msgspec.Raw) -> bool:
    return bytes(memoryview(value)[:1]) == b"{"
