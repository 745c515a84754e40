from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.errors import DocumentError
from tap_amazon_sp.documents import json_pieces, json_source
from tap_amazon_sp.documents.json_sections import (
    ErrorDetailsError,
    SectionReader,
    read_arrays,
)

parse = msgspec.json.Decoder(list[dict[str, Any]]).decode
SPECIFICATION = {"reportType": "GET_X", "marketplaceIds": ["ATVPDKIKX0DER"]}


def blocks(document: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(document), size):
        yield document[start : start + size]


def read(
    document: bytes | dict[str, Any], *arrays: str, size: int = 1 << 20
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Read all rows of some arrays; return them and the rest of the document."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    reader: SectionReader[list[Any]] = SectionReader(dict.fromkeys(arrays, parse))
    rows: dict[str, list[Any]] = {array: [] for array in arrays}
    for array, some in reader.read(blocks(data, size)):
        rows[array] += some
    return rows, reader.header


def complaint(document: bytes | dict[str, Any], *arrays: str) -> str:
    with pytest.raises(DocumentError) as raised:
        read(document, *arrays)
    return str(raised.value)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut after every few rows, as large documents are."""
    monkeypatch.setattr(json_pieces, "PIECE_BYTES", 64)
    monkeypatch.setattr(json_source, "BLOCK_BYTES", 64)


# ------------------------------------------------------------ one or several


@pytest.mark.parametrize("order", [("s", "a", "b"), ("a", "s", "b"), ("b", "a", "s")])
def test_the_specification_may_come_first_last_or_between(
    order: tuple[str, ...],
) -> None:
    members = {"s": SPECIFICATION, "a": [{"x": 1}, {"x": 2}], "b": [{"y": [{"z": 1}]}]}
    document = {name: members[name] for name in order}

    rows, header = read(document, "a", "b")

    assert rows == {"a": members["a"], "b": members["b"]}
    assert header == {"s": SPECIFICATION}


@pytest.mark.usefixtures("small_pieces")
def test_an_array_nobody_wants_is_passed_over() -> None:
    odd: list[Any] = [[{"k": 1}, {"k": 2}], None, [], "],", {}, 1]
    document = {"a": [{"x": n} for n in range(9)], "other": odd, "b": [{"y": 1}]}

    assert read(document, "b")[0] == {"b": [{"y": 1}]}
    assert read({"other": odd * 3, "b": []}, "b", size=1)[0] == {"b": []}


def test_an_empty_array_is_no_rows_and_no_error() -> None:
    assert read({"s": {}, "a": [], "b": []}, "a", "b") == (
        {"a": [], "b": []},
        {"s": {}},
    )


def test_new_members_that_nobody_knows_do_no_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = {"new": None, "a": [{"x": 1}], "more": "text ]}", "n": -1.5, "t": True}

    rows, header = read(document, "a")

    assert rows == {"a": [{"x": 1}]}
    assert header == {"new": None, "more": "text ]}", "n": -1.5, "t": True}
    monkeypatch.setattr(json_source, "BLOCK_BYTES", 1)
    for size in range(1, 90):
        assert read(document, "a", size=size) == (rows, header), "cut anywhere"


def test_an_array_may_lie_deeper() -> None:
    document = {"page": {"n": 1, "data": {"rows": [{"x": 1}]}}, "z": 0}

    rows, header = read(document, "page.data.rows")

    assert rows == {"page.data.rows": [{"x": 1}]}
    assert header == {"page.n": 1, "z": 0}


def test_a_byte_order_mark_and_spaces_are_no_part_of_it() -> None:
    document = b'\xef\xbb\xbf \r\n{ "a" : [ { "x" : 1 } , { "x" : 2 } ] } \n'

    assert read(document, "a", size=1)[0] == {"a": [{"x": 1}, {"x": 2}]}


# ------------------------------------------------------- documents with no data


def test_error_details_alone_are_amazons_reason() -> None:
    with pytest.raises(ErrorDetailsError) as raised:
        read({"errorDetails": "The data is not yet available"}, "a")

    assert raised.value.message == "The data is not yet available"


def test_error_details_count_also_beside_a_specification() -> None:
    with pytest.raises(ErrorDetailsError):
        read({"reportSpecification": SPECIFICATION, "errorDetails": "x"}, "a")


def test_error_details_beside_rows_are_one_more_member() -> None:
    rows, header = read({"errorDetails": "x", "a": [{"x": 1}]}, "a")

    assert (rows, header) == ({"a": [{"x": 1}]}, {"errorDetails": "x"})


def test_a_document_without_its_array_is_an_error_that_says_what_it_has() -> None:
    assert complaint({"s": {}, "c": []}, "a") == (
        "the document has no array 'a'; it has: s, c"
    )
    assert "has no array 'a' (a is an object)" in complaint({"a": {}}, "a")
    assert "has no array 'a' (a is a value)" in complaint({"a": None}, "a")
    assert complaint({}, "a").endswith("it has: nothing")


def test_a_missing_array_is_an_error_also_where_another_has_rows() -> None:
    assert "no array 'b'" in complaint({"a": [{"x": 1}]}, "a", "b")


def test_the_header_is_read_without_any_rows() -> None:
    document = json.dumps({"a": [{"x": 1}], "s": SPECIFICATION}).encode()

    assert read_arrays([document]) == ({"s": SPECIFICATION}, ["a"])


# ---------------------------------------------------------- damaged documents


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"[]", "is a JSON array"),
        (b"<xml/>", "is not JSON"),
        (b'{"a":[{"x":1}]', "cut"),
        (b'{"a":[{"x":1}', "cut"),
        (b'{"a":[{"x":1', "cut"),
        (b'{"a":[', "cut"),
        (b'{"a"', "cut"),
        (b'{"a', "not whole JSON"),
        (b'{"a":[{"x":1}]}}', "more follows"),
        (b'{"a":[{"x":1}},"b":1}', "stands where ']' must"),
        (b'{"a":[{"x":1} {"x":2}]}', "not whole JSON"),
        (b'{"a":[{"x":1},]}', "not whole JSON"),
        (b'{"a":[{"x":1},3]}', "not whole JSON"),
        (b'{"a":[1,2]}', "not whole JSON"),
        (b'{"a":[{"x":01}]}', "not whole JSON"),
        (b'{"a":[{"x":1}],}', "stands where a name must"),
        (b'{"b":,"a":[]}', "stands where a value must"),
        (b'{"a" [{"x":1}]}', "stands where ':' must"),
        (b'{1:[{"x":1}]}', "stands where a name must"),
        (b'{"a":[{"x":1}] "b":2}', "stands where ',' must"),
        (b'{"b":nul,"a":[]}', "not whole JSON"),
        (b'{"b":{"c":[}},"a":[]}', "not whole JSON"),
    ],
)
@pytest.mark.parametrize("cut", [1, 1 << 20])
def test_damage_is_an_error_never_taken_for_data(
    document: bytes, words: str, cut: int
) -> None:
    with pytest.raises(DocumentError) as raised:
        read(document, "a", size=cut)

    assert words in str(raised.value)


def test_a_row_without_end_is_not_read_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_pieces, "MAX_VALUE_BYTES", 4096)
    monkeypatch.setattr(json_source, "MAX_VALUE_BYTES", 4096)

    def endless(begin: bytes) -> Iterator[bytes]:
        yield begin
        while True:
            yield b"x" * 1000

    reader: SectionReader[list[Any]] = SectionReader({"a": parse})
    for begin in (b'{"a":[{"x":"', b'{"s":"'):
        with pytest.raises(DocumentError, match="4096 bytes"):
            list(reader.read(endless(begin)))


# -------------------------------------------------- any document, cut anywhere

texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(['},{"k":', "}]", '],"b":[{"k":', '\\"},{', "é\u2028", '"}],"a"']),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.just(0.25), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(
            st.dictionaries(st.sampled_from("kmn"), inner, max_size=2), max_size=3
        ),
        st.dictionaries(st.sampled_from("kmn"), inner, max_size=3),
    ),
    max_leaves=6,
)
rows_like_amazons = st.lists(
    st.fixed_dictionaries({"k": values, "m": values, "n": values}), max_size=12
)
any_rows = st.lists(st.dictionaries(st.sampled_from("kmn"), values), max_size=12)
documents = st.permutations(["a", "b", "spec", "other"]).flatmap(
    lambda order: st.fixed_dictionaries(
        {
            name: {
                "a": st.one_of(rows_like_amazons, any_rows),
                "b": rows_like_amazons,
                "spec": st.dictionaries(texts, values, max_size=3),
                "other": values,
            }[name]
            for name in order
        }
    )
)
writers = st.sampled_from(
    [
        json.dumps,
        lambda d: json.dumps(d, separators=(",", ":"), ensure_ascii=False),
        lambda d: json.dumps(d, indent=1),
    ]
)


@pytest.mark.usefixtures("small_pieces")
def test_whatever_the_document_all_rows_come_out_as_they_are() -> None:
    @given(documents, writers, st.integers(1, 200))
    def check(document: dict[str, Any], write: Callable[[Any], str], size: int) -> None:
        rows, header = read(write(document).encode(), "a", "b", size=size)

        assert rows == {"a": document["a"], "b": document["b"]}
        rest = {k: document[k] for k in ("spec", "other")}
        if isinstance(rest["other"], list):  # an array that nobody wants
            del rest["other"]
        assert header == rest

    check()


@pytest.mark.usefixtures("small_pieces")
def test_whatever_is_cut_off_it_is_noticed() -> None:
    @given(documents, writers, st.data())
    def check(
        document: dict[str, Any], write: Callable[[Any], str], data: st.DataObject
    ) -> None:
        whole = write(document).encode()
        length = data.draw(st.integers(0, len(whole) - 1))

        with pytest.raises(DocumentError):
            read(whole[:length], "a", "b", size=50)

    check()


ALWAYS_FOOLING = [
    {"asin": str(n), "related": [{"asin": "x"}, {"asin": '},{"asin":'}], "n": n}
    for n in range(2000)
]
SELDOM_FOOLING = [
    {"k": "plain", "r": [{"k": 1}, {"k": 2}] if n % 9 == 0 else [], "n": n}
    for n in range(4000)
]


@pytest.mark.parametrize("rows", [ALWAYS_FOOLING, SELDOM_FOOLING])
def test_data_that_looks_like_ends_of_rows_fools_nobody_and_costs_little(
    rows: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_pieces, "PIECE_BYTES", 500)
    parsed, scanned = [0], [0]

    def counting(array: bytes) -> list[Any]:
        parsed[0] += len(array)
        return parse(array)

    class CountingScan(json_source.Scan):
        def __init__(self, buffer: bytearray, depth: int = 0) -> None:
            scanned[0] += len(buffer)
            super().__init__(buffer, depth)

    monkeypatch.setattr(json_pieces, "Scan", CountingScan)
    data = json.dumps({"a": rows}, separators=(",", ":")).encode()
    reader: SectionReader[list[Any]] = SectionReader({"a": counting})

    found = [row for _, some in reader.read(blocks(data, 100)) for row in some]

    assert found == rows
    assert parsed[0] < 1.2 * len(data), "wrong guesses are given up"
    if rows is SELDOM_FOOLING:
        assert scanned[0] < 0.5 * len(data), "after one wrong guess the next is tried"


def test_memory_stays_flat_whatever_the_number_of_rows() -> None:
    row = b'{"departmentName":"Amazon.com","searchTerm":"some words","clickShare":0.25}'

    def document(count: int) -> Iterator[bytes]:
        yield b'{"reportSpecification":{"reportType":"X"},"unwanted":['
        yield b",".join([row] * 1000)
        for _ in range(count // 1000 - 1):
            yield b"," + b",".join([row] * 1000)
        yield b'],"a":['
        yield b",".join([row] * 1000)
        for _ in range(count // 1000 - 1):
            yield b"," + b",".join([row] * 1000)
        yield b"]}"

    peaks = []
    for count in (50_000, 200_000):
        reader: SectionReader[list[Any]] = SectionReader({"a": parse})
        tracemalloc.start()
        found = sum(len(rows) for _, rows in reader.read(document(count)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found == count

    assert peaks[1] < peaks[0] * 1.2
    assert peaks[1] < 20_000_000
