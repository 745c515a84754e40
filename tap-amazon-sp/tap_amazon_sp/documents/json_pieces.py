"""Cuts a JSON array of rows into pieces of whole rows, fast and in flat memory.

The array is cut at the last row so far that begins with the key the first one begins
with. Text cannot look like that, for its quotes are escaped. Objects in a nested list
can, and so can the rows of the next array; but what lies before such a cut never
parses, and the rows are then told apart by their brackets. So no data can fool it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from singer_amazon.errors import DocumentError
from tap_amazon_sp.documents.json_source import (
    MAX_VALUE_BYTES,
    UNPARSABLE,
    JsonSource,
    Scan,
    damaged,
    unexpected,
)

T = TypeVar("T")

PIECE_BYTES = 512 * 1024
_MISSES = 3  # after so many bad guesses running, brackets are counted instead
_REACH = 64 * 1024
_SPACE = b" \t\r\n"
_FIRST_KEY = re.compile(rb'\{[ \t\r\n]*("[^"\\]*(?:\\.[^"\\]*)*")', re.DOTALL)


def pieces(source: JsonSource, parse: Callable[[bytes], T]) -> Iterator[T]:
    """Parse the array that comes next, piece by piece, and read past its end.

    `parse` gets a complete JSON array with some of the rows and raises
    msgspec.DecodeError when it is not one.

    Raises:
        DocumentError: the array is damaged, or the document ends within it.
    """
    source.take(b"[")
    if source.next_byte() == b"]":
        source.take(b"]")
        return
    rows = _Rows(source, parse)
    while not rows.is_closed:
        found = rows.guessed()
        yield rows.counted() if found is None else found


class _Rows(Generic[T]):
    """The rest of an array whose opening bracket has been read."""

    def __init__(self, source: JsonSource, parse: Callable[[bytes], T]) -> None:
        self.is_closed = False
        self._source = source
        self._buffer = source.buffer
        self._parse = parse
        self._misses = 0
        source.fill(PIECE_BYTES)
        key = _FIRST_KEY.match(self._buffer)
        self._boundary = re.compile(
            rb"\}([ \t\r\n]*),[ \t\r\n]*\{[ \t\r\n]*"
            + (re.escape(key[1]) if key else b"")
            + rb"[ \t\r\n]*:"
        )

    def guessed(self) -> T | None:
        """Parse up to what looks like the last row; None if that was wrong."""
        self._source.fill(PIECE_BYTES)
        bounds = self._last_row() if self._misses < _MISSES else None
        if bounds is None:
            return None
        end, following = bounds
        try:
            rows = self._parse(b"[" + bytes(memoryview(self._buffer)[:end]) + b"]")
        except UNPARSABLE:
            self._misses += 1
            return None
        self._misses = 0
        del self._buffer[:following]
        return rows

    def counted(self) -> T:
        """Parse up to the end of the last row, or of the array, by the brackets."""
        scan = self._scan()
        following = scan.next_row if scan.closed is None else scan.closed
        read = bytes(memoryview(self._buffer)[:following]).rstrip(_SPACE)
        expected = b"," if scan.closed is None else b"]"
        if read[-1:] != expected:
            raise unexpected(read[-1:], repr(expected.decode()))
        text = b"[" + read[:-1] + b"]"
        try:
            rows = self._parse(text)
        except UNPARSABLE as error:
            raise damaged(error, text) from None
        self.is_closed = scan.closed is not None
        del self._buffer[:following]
        return rows

    def _last_row(self) -> tuple[int, int] | None:
        """Return where the last whole row ends and the next one begins."""
        reach = _REACH
        while True:
            start = max(len(self._buffer) - reach, 0)
            last = deque(self._boundary.finditer(self._buffer, start), maxlen=1)
            if last:
                begin = last[0].start()
                return begin + 1, begin + last[0][0].index(b"{")
            if start == 0:
                return None
            reach *= 4

    def _scan(self) -> Scan:
        """Count brackets until a row or the array has ended."""
        expected = PIECE_BYTES
        while True:
            is_whole = not self._source.fill(expected)
            scan = Scan(self._buffer, depth=1)
            if scan.closed is not None or scan.next_row:
                return scan
            if is_whole:
                raise unexpected(b"", "the end of the rows")
            if len(self._buffer) > MAX_VALUE_BYTES:
                msg = f"no end of a row within {MAX_VALUE_BYTES} bytes"
                raise DocumentError(msg)
            # a long row is looked at again when twice as much is there
            expected = max(expected, len(self._buffer) * 2)
