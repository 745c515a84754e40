"""Reads report documents in flat memory, whatever their size.

Gzip is told by its first bytes, not by headers. A JSON array is cut into
pieces of whole rows: at the last `},{` so far, if what is left of it parses. A
cut inside a string or a nested object never parses; the rows are then told
apart by their brackets, for the rest of the document. So no data can fool it.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Generic, TypeVar

import msgspec

from singer_amazon.errors import DocumentError
from singer_amazon.http.inflating import CutError, DamagedError, inflated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

READ_BYTES = 256 * 1024
PIECE_BYTES = 512 * 1024
MAX_ROW_BYTES = 64 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_CLOSING = ord("]")
_BOM = b"\xef\xbb\xbf"
_BOUNDARY = re.compile(rb"\}([ \t\r\n]*),[ \t\r\n]*\{")
# a string, also one that goes on in the next block, or a bracket
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
_SPACE = b" \t\r\n"
_UNPARSABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_Cut = tuple[int, int]
"""Where a row ends and where the next one begins."""


def unpacked(path: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the content of a file, or of a part of it, inflated if it is gzip.

    Raises:
        DocumentError: the gzip stream is damaged or ends too early.
    """
    with path.open("rb") as file:
        file.seek(start)
        left = None if end is None else end - start
        first = _read(file, len(_GZIP), left)
        left = None if left is None else left - len(first)
        blocks = itertools.chain([first], _blocks(file, left))
        if first != _GZIP:
            yield from blocks
            return
        try:
            yield from inflated(blocks)
        except CutError:
            msg = "the gzip data ends too early: the file is cut"
            raise DocumentError(msg) from None
        except DamagedError as error:
            msg = f"the gzip data is damaged ({error})"
            raise DocumentError(msg) from None


def _read(file: IO[bytes], size: int, left: int | None) -> bytes:
    return file.read(size if left is None else min(size, left))


def _blocks(file: IO[bytes], left: int | None) -> Iterator[bytes]:
    while block := _read(file, READ_BYTES, left):
        left = None if left is None else left - len(block)
        yield block


def pieces(
    blocks: Iterable[bytes], parse: Callable[[bytes], T], size: int = PIECE_BYTES
) -> Iterator[T]:
    """Parse a JSON array of objects piece by piece.

    `parse` gets a complete JSON array with some of the rows and raises
    msgspec.DecodeError when it is not one.

    Raises:
        DocumentError: the document is not a JSON array, or it ends too early.
    """
    splitter = _ArraySplitter(parse)
    buffer = splitter.buffer
    wanted = size
    for block in blocks:
        buffer += block
        if splitter.is_open() and len(buffer) >= wanted:
            found = splitter.cut()
            if found is not None:
                yield found
            elif len(buffer) > MAX_ROW_BYTES:
                msg = f"no end of a row within {MAX_ROW_BYTES} bytes"
                raise DocumentError(msg)
            # a row longer than that is looked at again when twice as much is there
            longer = min(len(buffer) * 2, MAX_ROW_BYTES + 1)
            wanted = size if found is not None else longer
    yield splitter.rest()


class _ArraySplitter(Generic[T]):
    """The part of an array that is not yet parsed, behind a bracket that opens it."""

    def __init__(self, parse: Callable[[bytes], T]) -> None:
        self.buffer = bytearray()
        self._parse = parse
        self._is_open = False
        self._is_exact = False

    def is_open(self) -> bool:
        """Say whether the opening bracket is there, and drop what is before it."""
        if self._is_open:
            return True
        text = bytes(self.buffer)
        if _BOM.startswith(text):
            return False
        text = text.removeprefix(_BOM).lstrip(_SPACE)
        if not text:  # blanks are not kept: a document of nothing else costs nothing
            self.buffer[:] = b" "
        if text and not text.startswith(b"["):
            kind = "a JSON object" if text.startswith(b"{") else "not JSON"
            msg = f"the document is {kind}, not a JSON array of rows"
            raise DocumentError(msg)
        self._is_open = bool(text)
        self.buffer[:] = text
        return self._is_open

    def cut(self) -> T | None:
        """Parse the whole rows there are and drop them; None if there is none."""
        if not self._is_exact:
            boundary = _last_boundary(self.buffer)
            if boundary is None:
                return None
            try:
                return self._take(boundary)
            except _UNPARSABLE:
                self._is_exact = True
        boundary = _last_row_end(self.buffer)
        if boundary is None:
            return None
        try:
            return self._take(boundary)
        except _UNPARSABLE as error:
            msg = f"the document is no JSON array of rows ({error})"
            raise DocumentError(msg) from None

    def rest(self) -> T:
        """Parse what is left, the closing bracket included."""
        if not self._is_open:
            raise DocumentError("the document is empty: no JSON array in it")
        try:
            return self._parse(bytes(self.buffer))
        except _UNPARSABLE as error:
            words = str(error)
            if not bytes(self.buffer[-64:]).rstrip(_SPACE).endswith(b"]"):
                words = f"it ends too early, or something follows it; {words}"
            msg = f"the document is not a whole JSON array of rows ({words})"
            raise DocumentError(msg) from None

    def _take(self, boundary: _Cut) -> T:
        """Parse the rows before a boundary, which a bracket closes in its place."""
        end, next_start = boundary
        separator = self.buffer[end]
        self.buffer[end] = _CLOSING
        array = bytes(memoryview(self.buffer)[: end + 1])
        self.buffer[end] = separator
        parsed = self._parse(array)
        self.buffer[:next_start] = b"["
        return parsed


def _last_boundary(buffer: bytearray) -> _Cut | None:
    """Return the last place that looks like the end of a row."""
    reach = 64 * 1024
    while True:
        start = max(len(buffer) - reach, 0)
        boundaries = [
            (match.start() + 1, match.end() - 1)
            for match in _BOUNDARY.finditer(buffer, start)
        ]
        if boundaries or start == 0:
            return boundaries[-1] if boundaries else None
        reach *= 4


def _last_row_end(buffer: bytearray) -> _Cut | None:
    """Return the last end of a row by its brackets; a row follows the first one.

    Raises:
        DocumentError: rows without a comma between them, or more after the array.
    """
    depth = end = 0
    found: _Cut | None = None
    for match in _TOKEN.finditer(buffer, 1):
        token = buffer[match.start()]
        if token in b"{[":
            if depth == 0 and end:
                found = (end, match.start())
            depth += 1
        elif token in b"}]":
            depth -= 1
            end = match.end() if depth == 0 else end
            if depth < 0:
                if buffer[match.end() :].strip(_SPACE):
                    raise DocumentError("more follows the end of the JSON array")
                break
    if found and buffer[slice(*found)].strip(_SPACE) != b",":
        raise DocumentError("the rows of the JSON array are not told apart by commas")
    return found
