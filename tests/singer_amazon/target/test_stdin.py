"""The input, block by block."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.target import stdin
from singer_amazon.target.errors import InputError
from singer_amazon.target.stdin import Block, LineReader

Ends = tuple[LineReader, int]


@pytest.fixture
def ends() -> Iterator[Ends]:
    number, end = os.pipe()
    with os.fdopen(number) as source:
        yield LineReader(source), end


def test_lines_come_whole_and_numbered(ends: Ends) -> None:
    found, end = ends
    assert found.get(0) is None  # nothing yet
    assert found.get(0.01) is None
    os.write(end, b"one\ntwo\nthr")
    assert found.get(5) == Block(b"one\ntwo\n", 1, 2)
    os.write(end, b"e")
    assert found.get(5) is None  # no line end yet
    os.write(end, b"e\n")
    assert found.get(5) == Block(b"three\n", 3, 1)
    os.write(end, b"cut o")
    os.close(end)
    assert found.get(5) is None
    assert found.get(5) == Block(b"cut o", 4, 1, is_cut=True)
    assert found.has_ended
    assert found.get(5) is None


def test_an_empty_input_ends(ends: Ends) -> None:
    found, end = ends
    os.close(end)
    assert found.get(5) is None
    assert found.has_ended


def test_an_input_without_descriptor() -> None:
    found = LineReader(io.StringIO("one\ntwo"))
    assert found.get(5) == Block(b"one\n", 1, 1)
    assert found.get(5) == Block(b"two", 2, 1, is_cut=True)


def test_an_endless_line(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdin, "MAX_LINE_BYTES", 10)
    found, end = ends
    os.write(end, b"one\n" + b"x" * 11)
    os.close(end)
    with pytest.raises(InputError, match="Line 2 of the input is longer than"):
        found.get(5)


class _Pieces(io.StringIO):
    """An input that comes in pieces and fails behind the last."""

    def __init__(self, pieces: list[str]) -> None:
        super().__init__()
        self._pieces = iter(pieces)

    def read(self, size: int | None = -1, /) -> str:  # noqa: ARG002 - the signature
        found = next(self._pieces, None)
        if found is None:
            msg = "the cable is out"
            raise OSError(msg)
        return found


@given(st.lists(st.text("ab\n", min_size=1, max_size=6), max_size=12))
def test_what_has_come_is_one_block_and_nothing_is_lost(pieces: list[str]) -> None:
    found: list[Block] = []
    with pytest.raises(InputError, match="the cable is out"):
        found.extend(_blocks(LineReader(_Pieces(pieces))))
    whole, end, _ = "".join(pieces).rpartition("\n")
    assert b"".join(block.data for block in found) == (whole + end).encode()
    line = 1
    for block in found:
        assert (block.first_line, block.data[-1:]) == (line, b"\n")
        line += block.lines


def _blocks(source: LineReader) -> Iterator[Block]:
    while True:
        block = source.get(5)
        if block is not None:
            yield block


class _Folder(io.StringIO):
    """An input whose descriptor is that of a folder."""

    def __init__(self) -> None:
        super().__init__()
        self.number = os.open(os.sep, os.O_RDONLY)

    def fileno(self) -> int:
        return self.number


def test_an_input_that_cannot_be_read() -> None:
    folder = _Folder()
    with pytest.raises(InputError, match=r"cannot be read: .*directory"):
        LineReader(folder).get(5)
    os.close(folder.number)
