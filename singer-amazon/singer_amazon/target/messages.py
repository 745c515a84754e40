"""Singer lines, read into messages just as far as a target asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw

from singer_amazon.target.errors import InputError
from singer_amazon.target.stdin import Block

NOTHING = Raw(b"")


class Message(msgspec.Struct, gc=False):
    """One line; what the line does not have is ``NOTHING`` or None.

    A target adds ``record``: ``Raw`` leaves it the bytes it was, ``dict`` reads it.
    """

    type: str
    stream: str | None = None
    schema: Raw = NOTHING
    key_properties: list[str] | None = None
    value: Raw = NOTHING


M = TypeVar("M", bound=Message)


class MessageDecoder(Generic[M]):
    """Reads blocks of lines into messages of one kind."""

    def __init__(self, kind: type[M]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def decode(self, block: Block) -> list[M] | None:
        """Return the block's messages, one a line; None where a line is none."""
        if not block.data.isascii() and not _is_utf8(block.data):
            return None
        try:
            found = self._decoder.decode_lines(block.data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        # fewer or more: blank lines, or a message over several lines
        return found if len(found) == block.lines else None

    def one_by_one(self, block: Block) -> Iterator[tuple[int, M | InputError]]:
        """Yield line numbers with their messages, or what is wrong with the line."""
        for number, line in enumerate(block.data.split(b"\n"), block.first_line):
            if not line.strip():
                continue
            try:
                yield number, self._decode_line(line, number, is_cut=block.is_cut)
            except InputError as error:
                yield number, error

    def numbered(self, block: Block) -> Iterable[tuple[int, M]]:
        """Return the block's messages with their line numbers.

        A line that cannot be read raises an ``InputError`` when its turn comes, so
        that the lines before it are still taken.
        """
        found = self.decode(block)
        if found is None:
            return self._strictly(block)
        return enumerate(found, block.first_line)

    def _strictly(self, block: Block) -> Iterator[tuple[int, M]]:
        for number, found in self.one_by_one(block):
            if isinstance(found, InputError):
                raise found
            yield number, found

    def _decode_line(self, line: bytes, number: int, *, is_cut: bool) -> M:
        msg = f"Line {number} of the input is not"
        if not _is_utf8(line):
            msg = f"{msg} UTF-8 text; the tap must write UTF-8."
            raise InputError(msg)
        try:
            return self._decoder.decode(line)
        except msgspec.ValidationError as error:
            msg = f"{msg} a Singer message: {error}."
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            msg = f"{msg} valid JSON: {error}."
            if is_cut:
                msg = (
                    f"The input ends in the middle of line {number}: the tap was cut "
                    "off."
                )
        raise InputError(msg)


def _is_utf8(data: bytes) -> bool:
    """The parser skips over ``Raw`` parts and would let broken text pass."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
