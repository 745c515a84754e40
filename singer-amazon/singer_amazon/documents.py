"""Reads report documents in flat memory, whatever their size.

Gzip is told by its first bytes, not by headers. A JSON array is cut into
pieces of whole rows: at a `},{` where the left part parses. A cut inside a
string or a nested object never parses, so no data can fool it.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from singer_amazon.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

READ_BYTES = 256 * 1024
PIECE_BYTES = 512 * 1024
LONGEST_ROW_BYTES = 64 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_BOUNDARY = re.compile(rb"\}(\s*),\s*\{")
_CUTS_TO_TRY = 4
_SPACE = b" \t\r\n"


def unpacked(path: Path) -> Iterator[bytes]:
    """Yield the content of a file, inflated if it is gzip.

    Raises:
        DocumentError: the gzip stream is damaged or ends too early.
    """
    with path.open("rb") as file:
        block = file.read(READ_BYTES)
        if not block.startswith(_GZIP):
            while block:
                yield block
                block = file.read(READ_BYTES)
            return
        inflate = zlib.decompressobj(wbits=31)
        try:
            while block:
                while block:
                    # max_length keeps a highly compressible document flat
                    data = inflate.decompress(block, READ_BYTES * 4)
                    if data:
                        yield data
                    block = inflate.unconsumed_tail
                    if inflate.eof:
                        block = inflate.unused_data.lstrip(b"\0")
                        if block:
                            inflate = zlib.decompressobj(wbits=31)
                block = file.read(READ_BYTES)
        except zlib.error as error:
            msg = f"the gzip data is damaged ({error})"
            raise DocumentError(msg) from None
        if not inflate.eof:
            raise DocumentError("the gzip data ends too early: the file is cut")


def pieces(
    blocks: Iterable[bytes], parse: Callable[[bytes], T], size: int = PIECE_BYTES
) -> Iterator[T]:
    """Parse a JSON array of objects piece by piece.

    `parse` gets a complete JSON array with some of the rows and raises
    msgspec.DecodeError when it is not one.

    Raises:
        DocumentError: the document is not a JSON array, or it ends too early.
    """
    buffer = bytearray()
    started = False
    wanted = size
    for block in blocks:
        buffer += block
        if not started:
            started = _open_array(buffer)
        if started and len(buffer) >= wanted:
            found = _cut(buffer, parse)
            if found is None:
                wanted = len(buffer) * 2
                if len(buffer) > LONGEST_ROW_BYTES:
                    msg = f"no end of a row within {LONGEST_ROW_BYTES} bytes"
                    raise DocumentError(msg)
            else:
                yield found
                wanted = size
    if not started:
        raise DocumentError("the document is empty: no JSON array in it")
    yield _last(buffer, parse)


def _open_array(buffer: bytearray) -> bool:
    """Take the opening bracket off; say whether it was there yet."""
    text = bytes(buffer).removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)
    if not text:
        return False
    if not text.startswith(b"["):
        kind = "a JSON object" if text.startswith(b"{") else "not JSON"
        msg = f"the document is {kind}, not a JSON array of rows"
        raise DocumentError(msg)
    buffer[:] = text[1:]
    return True


def _cut(buffer: bytearray, parse: Callable[[bytes], T]) -> T | None:
    """Parse the rows up to the last boundary that works, and drop them."""
    reach = 64 * 1024
    while True:
        start = max(len(buffer) - reach, 0)
        found = list(_BOUNDARY.finditer(buffer, start))[-_CUTS_TO_TRY:]
        if found or start == 0:
            break
        reach *= 4
    spots = [(match.start() + 1, match.end() - 1) for match in found]
    del found  # a live match keeps the buffer from shrinking
    for end, next_start in reversed(spots):
        try:
            parsed = parse(b"[" + bytes(memoryview(buffer)[:end]) + b"]")
        except msgspec.DecodeError:
            continue
        del buffer[:next_start]
        return parsed
    return None


def _last(buffer: bytearray, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(b"[" + bytes(buffer))
    except msgspec.DecodeError as error:
        text = bytes(buffer).rstrip(_SPACE)
        cut = "" if text.endswith(b"]") else "it ends too early; "
        words = str(error)
        msg = f"the document is not a whole JSON array of rows ({cut}{words})"
        raise DocumentError(msg) from None
