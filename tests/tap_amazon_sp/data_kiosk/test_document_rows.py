"""Rows of documents: lines in pieces, names of columns, and what is damaged."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.errors import DocumentError
from singer_amazon.records.columns import Nested
from singer_amazon.records.row_encoder import AddedFields
from tap_amazon_sp.data_kiosk.rows.json_lines import line_pieces
from tap_amazon_sp.data_kiosk.rows.kiosk_document import KioskDocument
from tap_amazon_sp.data_kiosk.rows.row_encoder import KioskRowEncoder

values = st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3)


@given(
    st.lists(values, max_size=30),
    st.integers(1, 40),
    st.integers(1, 200),
    st.sampled_from([b"\n", b"\r\n", b"\n\n"]),
)
def test_lines_come_whole_however_they_are_cut(
    rows: list[dict[str, str]], block: int, size: int, end: bytes
) -> None:
    text = end.join(map(msgspec.json.encode, rows)) + end
    blocks = [text[i : i + block] for i in range(0, len(text), block)]
    found = [
        row for part in line_pieces(blocks, msgspec.json.decode, size) for row in part
    ]
    assert found == rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a":1}\n{"a":', "last line is cut"),
        (b'{"a":1}\n{"a" 1}\n{"a":2}', "a line"),
        (b"\xff\n", "not whole JSON Lines"),
    ],
)
def test_damage_is_said(text: bytes, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        list(line_pieces([text], msgspec.json.decode))


def encoder(**more: Any) -> KioskRowEncoder:
    return KioskRowEncoder(
        {"day": "date", "asin": "string", "sales": Nested({"units": "integer"})},
        ["day", "asin"],
        {"asin": ("groupByKey", "asin"), "sales": ("metrics", "sold")},
        ignored=["endDate"],
        extra="_extra",
        **more,
    )


def records(one: KioskRowEncoder, text: bytes) -> list[dict[str, Any]]:
    one.line_values = {"day": "2026-11-01"}
    return list(one.records(one.parse(text), AddedFields.constant({"account": "x"})))


def test_columns_are_found_where_they_lie() -> None:
    row = b'[{"groupByKey":{"asin":"B1"},"metrics":{"sold":{"units":2}},"endDate":"x"}]'
    assert records(encoder(), row) == [
        {"day": "2026-11-01", "asin": "B1", "sales": {"units": 2}, "account": "x"}
    ]


@pytest.mark.parametrize("row", [b"{}", b'{"groupByKey":null,"metrics":{}}'])
def test_what_is_missing_is_null_and_keys_are_empty(row: bytes) -> None:
    assert records(encoder(), b"[" + row + b"]") == [
        {"day": "2026-11-01", "asin": "", "sales": None, "account": "x"}
    ]


def test_fields_nobody_knows_are_kept_aside() -> None:
    row = (
        b'[{"groupByKey":{"asin":"B1","new":1},"metrics":{"sold":{"units":"x"}},"b":2}]'
    )
    (found,) = records(encoder(), row)
    assert found["_extra"] == {
        "groupByKey": {"new": 1},
        "b": 2,
        "sales": {"units": "x"},
    }


@pytest.mark.parametrize("packed", [False, True])
def test_the_wrapped_form_of_amazons_samples_is_read(
    tmp_path: Path, *, packed: bool
) -> None:
    text = b'{"data": {"d": {"r": [{"a": 1}, {"a": 2}]}}}'
    path = tmp_path / "document"
    path.write_bytes(gzip.compress(text) if packed else text)
    document = KioskDocument(path, "d", "r")
    assert [r for part in document.rows(msgspec.json.decode) for r in part] == [
        {"a": 1},
        {"a": 2},
    ]
    assert document.notes
