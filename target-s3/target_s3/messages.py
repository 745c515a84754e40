"""Singer lines, read just far enough: records stay the bytes they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw

from target_s3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_s3.pipe import Block

NOTHING = Raw(b"")
NULL = b"null"


class Message(msgspec.Struct, gc=False):
    """One line; what the line does not have is ``NOTHING`` or None."""

    type: str
    stream: str | None = None
    record: Raw = NOTHING
    time_extracted: Raw = NOTHING
    schema: Raw = NOTHING
    key_properties: list[str] | None = None
    value: Raw = NOTHING
    encoding: Raw = NOTHING
    manifest: list[str] | None = None


_decoder = msgspec.json.Decoder(Message)


def parse(block: Block) -> Iterable[tuple[int, Message]]:
    """Return the block's messages with their line numbers.

    A line that cannot be read raises an ``InputError`` when its turn comes, so that
    the lines before it are still taken.
    """
    if not block.data.isascii() and not _is_utf8(block.data):
        return _one_by_one(block)
    try:
        found = _decoder.decode_lines(block.data)
    except msgspec.DecodeError:
        return _one_by_one(block)
    if len(found) != block.lines:  # blank lines, or a message over several lines
        return _one_by_one(block)
    return enumerate(found, block.first_line)


def _one_by_one(block: Block) -> Iterator[tuple[int, Message]]:
    lines = block.data.split(b"\n")
    for number, line in enumerate(lines, block.first_line):
        if not line.strip():
            continue
        yield number, _parse_line(line, number, is_cut=block.is_cut)


def _parse_line(line: bytes, number: int, *, is_cut: bool) -> Message:
    if not _is_utf8(line):
        msg = f"Line {number} of the input is not UTF-8 text; the tap must write UTF-8."
        raise InputError(msg)
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError as error:
        msg = f"Line {number} of the input is not a Singer message: {error}."
        raise InputError(msg) from None
    except msgspec.DecodeError as error:
        if is_cut:
            msg = f"The input ends in the middle of line {number}: the tap was cut off."
            raise InputError(msg) from None
        msg = f"Line {number} of the input is not valid JSON: {error}."
        raise InputError(msg) from None


def _is_utf8(data: bytes) -> bool:
    """The parser skips over records and would let broken text pass."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
