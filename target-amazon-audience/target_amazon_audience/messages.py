"""Singer lines, read into messages; a line that is none is told by its number only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from target_amazon_audience.pipe import Block

NOTHING = Raw(b"")

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the parser raises; its own words may repeat the line and are never shown."""


class Message(msgspec.Struct, gc=False):
    """One line; what the line does not have is ``NOTHING`` or None."""

    type: str
    stream: str | None = None
    record: dict[str, Any] | None = None
    schema: Raw = NOTHING
    key_properties: list[str] | None = None
    value: Raw = NOTHING


_decoder = msgspec.json.Decoder(Message)


def parse(block: Block) -> list[Message] | None:
    """Return the messages of a block, one a line; None where a line is none."""
    try:
        found = _decoder.decode_lines(block.data)
    except _UNREADABLE:
        return None
    # fewer or more: blank lines, or a message over several lines
    return found if len(found) == block.lines else None


def records_only(messages: Sequence[Message]) -> list[dict[str, Any]] | None:
    """Return the records of messages that all are records of the same stream."""
    if not messages:
        return None
    stream = messages[0].stream
    found = [
        message.record
        for message in messages
        if message.record is not None
        and message.type == "RECORD"
        and message.stream == stream
    ]
    return found if len(found) == len(messages) else None


def numbered(
    block: Block, messages: Sequence[Message] | None
) -> Iterable[tuple[int, Message | None]]:
    """Return messages with their line numbers, None for a line that is none."""
    if messages is None:
        return _one_by_one(block)
    return enumerate(messages, block.first_line)


def _one_by_one(block: Block) -> Iterator[tuple[int, Message | None]]:
    for number, line in enumerate(block.data.split(b"\n"), block.first_line):
        if not line.strip():
            continue
        try:
            yield number, _decoder.decode(line)
        except _UNREADABLE:
            yield number, None
