"""Report documents of any shape and size, read row by row."""

from __future__ import annotations

import gzip
import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.documents import json_array
from singer_amazon.documents.json_array import pieces, unpacked
from singer_amazon.errors import DocumentError

Row = dict[str, Any]
parse = msgspec.json.Decoder(list[Row]).decode

PIECES_OF_TEXT = (
    *("},{", "}, {", '"', "\\", '"},{"', "[", "]", "{", "}", ",", ":", "]]"),
    *("\n", "\t", "\x00", "\x7f", "\\u007d", "a", "é", "日本", "\U0001f600", "\u2028"),
)
NASTY = st.lists(st.sampled_from(PIECES_OF_TEXT), max_size=6).map("".join)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NASTY
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NASTY, inner, max_size=3)
    ),
    max_leaves=12,
)
FLAT = st.lists(st.dictionaries(NASTY, SCALARS, max_size=4), max_size=12)
NESTED = st.lists(st.dictionaries(NASTY, VALUES, max_size=3), max_size=8)
STYLES: list[Callable[[object], str]] = [
    lambda rows: json.dumps(rows, separators=(",", ":")),
    lambda rows: json.dumps(rows, ensure_ascii=False),
    lambda rows: json.dumps(rows, indent=2),
    lambda rows: json.dumps(rows, indent="\t", ensure_ascii=False).replace(
        "\n", "\r\n"
    ),
    lambda rows: " \n" + json.dumps(rows) + "\n ",
    lambda rows: "\ufeff" + json.dumps(rows, ensure_ascii=False),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


def blocks_of(data: bytes, size: int) -> Iterator[bytes]:
    for index in range(0, len(data), size):
        yield data[index : index + size]


def rows_of(blocks: Iterator[bytes], size: int = 64) -> list[Row]:
    return list(itertools.chain.from_iterable(pieces(blocks, parse, size)))


def read(path: Path, size: int = json_array.PIECE_BYTES) -> list[Row]:
    return rows_of(unpacked(path), size)


# --- any rows --------------------------------------------------------------


@given(
    rows=FLAT | NESTED,
    style=st.sampled_from(STYLES),
    block=st.integers(1, 80),
    size=st.integers(1, 120),
)
def test_any_rows_come_back_as_they_were(
    rows: list[Row], style: Callable[[object], str], block: int, size: int
) -> None:
    assert rows_of(blocks_of(style(rows).encode(), block), size) == rows


@given(
    rows=FLAT | NESTED,
    cuts=st.lists(st.floats(0, 1), max_size=3),
    level=st.sampled_from([0, 1, 9]),
    padding=st.sampled_from([b"", b"\0" * 40]),
    block=st.integers(2, 60),
)
def test_gzip_of_one_or_more_members_is_told_by_its_bytes(
    folder: Path,
    rows: list[Row],
    cuts: list[float],
    level: int,
    padding: bytes,
    block: int,
) -> None:
    data = json.dumps(rows).encode()
    positions = [0, *sorted(round(cut * len(data)) for cut in cuts), len(data)]
    path = folder / "document"
    path.write_bytes(
        b"".join(
            gzip.compress(data[start:end], level, mtime=0)
            for start, end in itertools.pairwise(positions)
        )
        + padding
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "READ_BYTES", block)
        assert read(path, size=50) == rows


def test_rows_with_many_nested_objects_are_read_in_small_pieces() -> None:
    """At the last `},{` so far lies hardly ever the end of a row."""
    row = {"offers": [{"n": n, "text": "},{"} for n in range(300)]}
    data = json.dumps([row] * 400, separators=(",", ":")).encode()
    longest = 0

    def parse_and_measure(array: bytes) -> list[Row]:
        nonlocal longest
        longest = max(longest, len(array))
        return parse(array)

    found = [
        row
        for rows in pieces(blocks_of(data, 16_384), parse_and_measure, 32_768)
        for row in rows
    ]
    assert found == [row] * 400
    assert longest < 32_768 + 16_384 + 20_000


def test_a_row_longer_than_a_piece_is_read() -> None:
    rows = [{"text": "x" * 500_000}, {"text": "y"}, {"text": '"},{"' * 50_000}]
    data = json.dumps(rows).encode()
    assert rows_of(blocks_of(data, 10_000), 1_000) == rows


@pytest.mark.parametrize("rows", [[], [{}], [{}] * 1000])
def test_empty_arrays_and_empty_rows_are_fine(rows: list[Row]) -> None:
    assert rows_of(blocks_of(json.dumps(rows).encode(), 7)) == rows


def test_a_large_document_is_read_in_flat_memory(folder: Path) -> None:
    def write(path: Path, count: int) -> None:
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(b"[")
            line = json.dumps({"name": "x" * 400, "n": [{"a": 1}, {"a": 2}]}).encode()
            block = b",".join([line] * 1000)
            for index in range(count):
                file.write(b"," * (index > 0) + block)
            file.write(b"]")

    def peak(path: Path) -> int:
        tracemalloc.start()
        try:
            count = sum(len(rows) for rows in pieces(unpacked(path), parse))
            assert count % 1000 == 0
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = folder / "small", folder / "large"
    write(small, 5)
    write(large, 60)  # 27 MB in 130 KB
    assert peak(large) < 1.2 * peak(small)


# --- damage ----------------------------------------------------------------


@given(rows=NESTED.filter(bool), cut=st.floats(0, 1, exclude_max=True))
def test_a_document_cut_anywhere_is_refused(rows: list[Row], cut: float) -> None:
    data = json.dumps(rows).encode()
    kept = data[: int(cut * len(data))]
    with pytest.raises(DocumentError):
        rows_of(blocks_of(kept, 20))


@given(rows=NESTED, cut=st.floats(0, 1, exclude_max=True), block=st.integers(1, 60))
def test_gzip_cut_anywhere_is_refused(
    folder: Path, rows: list[Row], cut: float, block: int
) -> None:
    data = gzip.compress(json.dumps(rows).encode())
    path = folder / "document"
    path.write_bytes(data[: int(cut * len(data))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "READ_BYTES", block)
        with pytest.raises(DocumentError):
            read(path)


@given(data=st.binary(max_size=60), before=st.sampled_from([b"", b"[", b'[{"a":"']))
def test_no_bytes_at_all_bring_another_error(data: bytes, before: bytes) -> None:
    try:
        rows = rows_of(blocks_of(before + data, 7), 5)
    except DocumentError:
        return
    assert rows == parse(before + data)


@given(
    rows=NESTED.filter(bool),
    position=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
)
def test_a_wrong_byte_is_refused_or_is_still_json(
    rows: list[Row], position: float, byte: int
) -> None:
    data = bytearray(json.dumps(rows, ensure_ascii=False).encode())
    data[int(position * len(data))] = byte
    try:
        found = rows_of(blocks_of(bytes(data), 9), 30)
    except DocumentError:
        return
    assert found == parse(bytes(data))


MANY = b",".join([b'{"a":1}'] * 100)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b'{"rows": []}', "is a JSON object, not a JSON array"),
        (b"<html>no</html>", "is not JSON, not a JSON array"),
        (b"\xff\xfe[", "is not JSON"),
        (b"[" + MANY, "ends too early"),
        (b"[" + MANY + b',{"a":', "ends too early"),
        (b"[" + MANY + b',{"a":1', "ends too early"),
        (b"[" + MANY + b"]]", "trailing characters"),
        (b"[" + MANY + b"] and more", "something follows it"),
        (b"[" + MANY + b"][" + MANY + b"," + MANY + b"]", "more follows the end"),
        (b"[" + MANY + b"]," + MANY + b"," + MANY + b"]", "more follows the end"),
        (b"[" + MANY + b" " + MANY + b"," + MANY + b"]", "commas|no JSON array"),
        (b"[" + MANY + b',{"a":tru},' + MANY + b"]", "no JSON array of rows"),
        (b"[" + MANY + b',{"a":"\xff"},' + MANY + b"]", "utf-8"),
        (b"[" + MANY + b",7," + MANY + b"]", "Expected `object`, got `int`"),
        (b"[1,2,3]", "Expected `object`, got `int`"),
        (b'[{"a":' + b"[" * 5000, "recursion"),
    ],
)
@pytest.mark.parametrize("block", [1, 64, 10_000])
def test_a_malformed_document_says_what_is_wrong(
    data: bytes, words: str, block: int
) -> None:
    with pytest.raises(DocumentError, match=words) as caught:
        rows_of(blocks_of(data, block), 100)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(b"[]", mtime=0)[:-1], "ends too early"),
        (gzip.compress(b"[]", mtime=0)[:9], "ends too early"),
        (gzip.compress(b"[]", mtime=0) + b"more", "is damaged"),
        (
            gzip.compress(b"[]", mtime=0) + gzip.compress(b" ", mtime=0)[:-3],
            "ends too early",
        ),
        (gzip.compress(b"[]", mtime=0)[:-8] + b"\0" * 8, "is damaged"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"\x1f\x8b" + b"\0" * 50, "is damaged"),
    ],
)
def test_damaged_gzip_says_so(folder: Path, data: bytes, words: str) -> None:
    path = folder / "document"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=words):
        read(path)


def test_what_never_ends_a_row_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "MAX_ROW_BYTES", 10_000)
    endless = itertools.chain([b'[{"a":"'], itertools.repeat(b"x" * 100))
    with pytest.raises(DocumentError, match="no end of a row within 10000 bytes"):
        rows_of(endless)
