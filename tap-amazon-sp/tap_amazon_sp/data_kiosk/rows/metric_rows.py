"""Lines of any length that hold a list of rows each, in flat memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from tap_amazon_sp.documents.json_sections import SectionReader

T = TypeVar("T")

_SPACE = b" \t\r\n"
Begin = Callable[[Mapping[str, Any]], None]
"""Hears what stands once on a line, before the rows of it."""


class LateHeaderError(Exception):
    """What stands once on a line comes behind its rows."""


class _LineReader(SectionReader[T]):
    def _check(self) -> None:
        """Let a line have no rows at all: its list may be null, or left out."""


def nested_rows(
    blocks: Iterable[bytes],
    rows: str,
    names: Iterable[str],
    begin: Begin,
    parse: Callable[[bytes], T],
) -> Iterator[T]:
    """Yield the rows of all lines in pieces.

    Raises:
        LateHeaderError: one of `names` is not there before the rows.
        DocumentError: a line is damaged, or the last one is cut.
    """
    needed = set(names)
    reader: _LineReader[T]

    def parsed(array: bytes) -> T:
        if not needed <= set(reader.header):
            raise LateHeaderError
        begin(reader.header)
        return parse(array)

    for line in _lines(blocks):
        reader = _LineReader({rows: parsed})
        for _, piece in reader.read(line):
            yield piece


def headers(blocks: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """Yield what stands once on each line, reading past the rows."""
    for line in _lines(blocks):
        reader: _LineReader[Any] = _LineReader({})
        for _ in reader.read(line):
            pass
        yield reader.header


def rows_under(
    blocks: Iterable[bytes],
    found: Iterable[Mapping[str, Any]],
    rows: str,
    begin: Begin,
    parse: Callable[[bytes], T],
) -> Iterator[T]:
    """Yield the rows of all lines whose `headers` were read before."""
    for line, header in zip(_lines(blocks), found, strict=True):
        begin(header)
        reader: _LineReader[T] = _LineReader({rows: parse})
        for _, piece in reader.read(line):
            yield piece


def _lines(blocks: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
    """Yield the blocks of each line that is not empty; each is read to its end."""
    source = _Source(iter(blocks))
    while source.skip_space():
        line = source.line()
        yield line
        for _ in line:
            pass


class _Source:
    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def skip_space(self) -> bool:
        """Go to the next sign; say whether there is one."""
        while not (rest := self._rest.lstrip(_SPACE)):
            block = next(self._blocks, None)
            if block is None:
                return False
            self._rest = block
        self._rest = rest
        return True

    def line(self) -> Iterator[bytes]:
        """Yield the blocks up to the end of a line."""
        while True:
            block, end, rest = self._rest.partition(b"\n")
            self._rest = rest
            if block:
                yield block
            if end:
                return
            following = next(self._blocks, None)
            if following is None:
                return
            self._rest = following
