"""Reads JSON Lines in pieces of whole lines, in flat memory.

A line is one row, whatever is in it: no line break can stand inside JSON text. Many
lines are parsed at once, as one array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from singer_amazon.errors import DocumentError

T = TypeVar("T")

PIECE_BYTES = 512 * 1024
MAX_LINE_BYTES = 64 * 1024 * 1024
"""The longest line that is parsed at once; longer ones are read member by member."""
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_UNPARSABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def line_pieces(
    blocks: Iterable[bytes], parse: Callable[[bytes], T], size: int = PIECE_BYTES
) -> Iterator[T]:
    """Parse the lines piece by piece; `parse` gets a JSON array of some of them.

    Raises:
        DocumentError: a line is damaged, or the last one is cut.
    """
    buffer = bytearray()
    searched, is_first = 0, True
    for block in blocks:
        buffer += block
        if is_first and len(buffer) >= len(_BOM):
            is_first = False
            if buffer.startswith(_BOM):
                del buffer[: len(_BOM)]
        if len(buffer) < size:
            continue
        end = buffer.rfind(b"\n", searched)
        if end < 0:
            searched = len(buffer)
            if searched > MAX_LINE_BYTES:
                msg = f"no end of a line within {MAX_LINE_BYTES} bytes"
                raise DocumentError(msg)
            continue
        yield _parsed(bytes(memoryview(buffer)[:end]), parse)
        del buffer[: end + 1]
        searched = 0
    rest = bytes(buffer).removeprefix(_BOM).strip(_SPACE)
    if rest:
        yield _parsed(rest, parse)


def _parsed(lines: bytes, parse: Callable[[bytes], T]) -> T:
    lines = lines.strip(_SPACE)
    text = b"[" + lines.replace(b"\n", b",") + b"]"
    try:
        return parse(text)
    except _UNPARSABLE:
        pass
    # an empty line among them, or damage: then it is said which line
    found = [line for line in lines.split(b"\n") if line.strip(_SPACE)]
    try:
        return parse(b"[" + b",".join(found) + b"]")
    except _UNPARSABLE as error:
        raise DocumentError(_complaint(found, error)) from None


def _complaint(lines: list[bytes], error: Exception) -> str:
    where = "its last line is cut" if lines and not _is_whole(lines[-1]) else "a line"
    return f"the document is not whole JSON Lines: {where} ({error})"


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except _UNPARSABLE:
        return False
    return True
