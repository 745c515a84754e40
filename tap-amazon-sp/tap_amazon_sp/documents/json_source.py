"""Reads one JSON document block by block, holding only the part being parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from singer_amazon.errors import DocumentError

BLOCK_BYTES = 512 * 1024
MAX_VALUE_BYTES = 64 * 1024 * 1024
"""The longest row, or value outside the wanted arrays, that is read."""

_BOM = b"\xef\xbb\xbf"
_NOT_SPACE = re.compile(rb"[^ \t\r\n]")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(rb"[^,\]}\s]+")
# a string, also one that goes on in the next block, or a bracket
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
UNPARSABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class JsonSource:
    """The part of a document that is not yet read."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.buffer = bytearray()
        self._blocks = iter(blocks)
        while len(self.buffer) < len(_BOM) and self.more():
            pass
        if self.buffer.startswith(_BOM):
            del self.buffer[: len(_BOM)]

    def more(self) -> bool:
        """Read one block on; say whether there was one."""
        block = next(self._blocks, None)
        if block is None:
            return False
        self.buffer += block
        return True

    def fill(self, size: int) -> bool:
        """Have so many bytes at hand; False when the document ends before."""
        while len(self.buffer) < size:
            if not self.more():
                return False
        return True

    def next_byte(self) -> bytes:
        """Return the next byte that is no space; nothing at the end."""
        while True:
            found = _NOT_SPACE.search(self.buffer)
            if found:
                byte = found[0]
                del self.buffer[: found.start()]
                return byte
            self.buffer.clear()
            if not self.more():
                return b""

    def take(self, expected: bytes) -> None:
        """Read a sign that must come next."""
        found = self.next_byte()
        if found != expected:
            raise unexpected(found, repr(expected.decode()))
        del self.buffer[:1]

    def value(self) -> Any:  # noqa: ANN401 - any JSON there may be
        """Read the value that comes next, whole."""
        kind = self.next_byte()
        if kind in b",:]}":  # nothing at all is in there too
            raise unexpected(kind, "a value")
        expected = BLOCK_BYTES
        while True:
            end = _value_end(kind, self.buffer)
            if end is not None:
                break
            if len(self.buffer) > MAX_VALUE_BYTES:
                msg = f"a value outside the rows is over {MAX_VALUE_BYTES} bytes long"
                raise DocumentError(msg)
            expected = max(expected, len(self.buffer) * 2)
            if not self.fill(expected):
                end = _value_end(kind, self.buffer) or len(self.buffer)
                break
        try:
            found = msgspec.json.decode(bytes(memoryview(self.buffer)[:end]))
        except UNPARSABLE as error:
            raise damaged(error, self.buffer[:end]) from None
        del self.buffer[:end]
        return found


def _value_end(kind: bytes, buffer: bytearray) -> int | None:
    """Return where the value ends that the buffer begins with, if it does."""
    if kind in {b"{", b"["}:
        return Scan(buffer).closed
    found = (_STRING if kind == b'"' else _SCALAR).match(buffer)
    is_whole = found and (kind == b'"' or found.end() < len(buffer))
    return found.end() if found and is_whole else None


class Scan:
    """What the brackets say, from the beginning of a buffer.

    `next_row` is where the last row begins (0: it is the first), `closed` where the
    array or the value itself has ended, if it has. With `depth` 1 the buffer is
    inside the array.
    """

    def __init__(self, buffer: bytearray, depth: int = 0) -> None:
        self.next_row = 0
        self.closed: int | None = None
        inside = depth
        for match in _TOKEN.finditer(buffer):
            sign = buffer[match.start()]
            if sign in b"{[":
                if depth == inside:
                    self.next_row = match.start()
                depth += 1
            elif sign in b"}]":
                depth -= 1
                if depth == 0:
                    self.closed = match.end()
                    return


def unexpected(found: bytes, expected: str) -> DocumentError:
    """Say what stands where something else must; nothing found is a cut document."""
    if not found:
        return DocumentError("the JSON document ends too early: it is cut")
    text = f"{found.decode(errors='replace')!r} stands where {expected} must"
    return DocumentError(f"the document is not whole JSON: {text}")


def damaged(error: Exception, text: bytes | bytearray) -> DocumentError:
    """Say what is wrong, with the text around it."""
    found = re.search(r"byte (\d+)", str(error))
    near = b""
    if found:
        at = int(found[1])
        near = bytes(text[max(at - 20, 0) : at + 20])
    where = f" near {near.decode(errors='replace')!r}" if near else ""
    return DocumentError(f"the document is not whole JSON ({error}){where}")
