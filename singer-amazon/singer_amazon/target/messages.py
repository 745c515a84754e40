"""Singer lines, read into messages just as far as a target asks for."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from singer_amazon.target.errors import InputError
from singer_amazon.target.json_repair import Repair, UnclearError, repair
from singer_amazon.target.stdin import Block
from singer_amazon.target.unreadable_lines import UnreadableLines

NOTHING = Raw(b"")

_FAILURES = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_BLANK = b" \t\r\xef\xbb\xbf"
_MAX_COLUMNS = 100
_MAX_WARNINGS = 5
_MAX_NAME = 100
_MANY_DIGITS = re.compile(r"\d{5}")

logger = logging.getLogger(__name__)


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


T = TypeVar("T")


class Mended(NamedTuple, Generic[T]):
    """What was read of a line, and what is not in it."""

    message: T
    repairs: list[Repair]


class LineMender:
    """Reads single lines that are not strict JSON, and says what it costs.

    Only the value that cannot be read is dropped, with a warning that says where. With
    ``keep_text`` a text keeps its good characters instead. One serves one run: it
    counts ``replaced_values``.
    """

    def __init__(self, *, keep_text: bool = False) -> None:
        self.replaced_values = 0
        self._keep_text = keep_text
        self._warned: Counter[tuple[str | None, str]] = Counter()

    def mended(self, line: bytes, decode: Callable[[bytes], T]) -> Mended[T] | None:
        """Return what ``decode`` makes of the mended line, None if it cannot."""
        for finite in (False, True):
            try:
                text, repairs = repair(
                    line, keep_text=self._keep_text, finite_numbers=finite
                )
                return Mended(decode(text), repairs)
            except (*_FAILURES, UnclearError):  # noqa: PERF203 - two tries
                continue
        return None

    def warn(self, where: str, stream: str | None, repairs: Iterable[Repair]) -> None:
        """Say which values were dropped, a few times for each column."""
        for found in repairs:
            self.replaced_values += 1
            column = printable(found.column)
            is_new = len(self._warned) < _MAX_COLUMNS or self._warned[stream, column]
            self._warned[stream, column] += 1
            if is_new and self._warned[stream, column] <= _MAX_WARNINGS:
                logger.warning(
                    "%s: column %s of stream %s holds %s; only this value is %s.",
                    where,
                    column,
                    stream,
                    found.reason,
                    "replaced" if self._keep_text else "left out",
                )


class MessageDecoder(Generic[M]):
    """Reads blocks of lines into messages of one kind.

    A line that is not strict JSON is read leniently, by ``mender``. One decoder serves
    one run.
    """

    def __init__(self, kind: type[M], *, keep_text: bool = False) -> None:
        self.mender = LineMender(keep_text=keep_text)
        self._decoder = msgspec.json.Decoder(kind)

    @property
    def replaced_values(self) -> int:
        """Values that were dropped or replaced so far."""
        return self.mender.replaced_values

    def decode(self, block: Block) -> list[M] | None:
        """Return the block's messages, one a line; None where a line is none."""
        if not block.data.isascii() and not _is_utf8(block.data):
            return None
        try:
            found = self._decoder.decode_lines(block.data)
        except _FAILURES:
            return None
        # fewer or more: blank lines, or a message over several lines
        return found if len(found) == block.lines else None

    def one_by_one(self, block: Block) -> Iterator[tuple[int, M | InputError]]:
        """Yield line numbers with their messages, or what is wrong with the line."""
        for number, line in enumerate(block.data.split(b"\n"), block.first_line):
            if not line.strip(_BLANK):
                continue
            try:
                yield number, self._decode_line(line, number, is_cut=block.is_cut)
            except InputError as error:
                yield number, error

    def numbered(
        self, block: Block, unreadable: UnreadableLines | None = None
    ) -> Iterable[tuple[int, M]]:
        """Return the block's messages with their line numbers.

        A line that cannot be read goes to ``unreadable``; without that it raises an
        ``InputError`` when its turn comes, so that the lines before it are still taken.
        """
        found = self.decode(block)
        if found is None:
            return self._readable(block, unreadable)
        return enumerate(found, block.first_line)

    def _readable(
        self, block: Block, unreadable: UnreadableLines | None
    ) -> Iterator[tuple[int, M]]:
        for number, found in self.one_by_one(block):
            if not isinstance(found, InputError):
                yield number, found
            elif unreadable:
                unreadable.note(found)
            else:
                raise found

    def _decode_line(self, line: bytes, number: int, *, is_cut: bool) -> M:
        try:
            return self._strictly(line)
        except _FAILURES as error:
            where = f"Line {number} of the input"
            found = self.mender.mended(line, self._strictly)
            if found is not None:
                self.mender.warn(where, found.message.stream, found.repairs)
                return found.message
            raise InputError(_complaint(error, number, is_cut=is_cut)) from None

    def _strictly(self, line: bytes) -> M:
        line.decode()  # The parser skips over ``Raw`` parts and would let it pass.
        return self._decoder.decode(line)


def printable(name: str) -> str:
    """Return the name of a column fit for a log: not longer than a name, one line.

    A record may have a person's e-mail or number where others have names: not shown.
    """
    if "@" in name or _MANY_DIGITS.search(name):
        return f"(a name of {len(name)} characters)"
    short = name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME]}..."
    return short if short.isprintable() else ascii(short)


def readable_bytes(number: int) -> str:
    """Return a limit as people write it, in binary units: 128 MB."""
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if number >= size:
            return f"{number / size:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{number:,} bytes"


def _complaint(error: Exception, number: int, *, is_cut: bool) -> str:
    msg = f"Line {number} of the input is not"
    if isinstance(error, msgspec.ValidationError):
        return f"{msg} a Singer message: {error}."
    if is_cut:
        return f"The input ends in the middle of line {number}: the tap was cut off."
    if isinstance(error, UnicodeDecodeError):
        return f"{msg} UTF-8 text; the tap must write UTF-8."
    return f"{msg} valid JSON: {error}."


def _is_utf8(data: bytes) -> bool:
    """The parser skips over ``Raw`` parts and would let broken text pass."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
