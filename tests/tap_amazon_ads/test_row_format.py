"""The rows layer by itself: three ways out give the same rows, whatever comes in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singer_amazon.documents.json_array import pieces
from singer_amazon.errors import DocumentError
from singer_amazon.records.columns import ColumnType
from singer_amazon.records.row_encoder import (
    KEYS_CHECKED,
    AddedFields,
    TypedRowEncoder,
    encoded_members,
)
from singer_amazon.tap.message_writer import MessageWriter
from singer_amazon.tap.record_writers import lines, records
from support.ads.runs import ORDERS
from support.core.capture import kept_signals
from tap_amazon_ads.tap import TapAmazonAds

COLUMNS: Mapping[str, ColumnType] = {
    "date": "date",
    "advertiserId": "id",
    "orderId": "id",
    "entityId": "id",
    "orderName": "string",
    "impressions": "integer",
    "totalCost": "number",
    "isVideo": "boolean",
}
KEY = ("date", "orderId", "advertiserId")
ADDED = AddedFields(
    {
        "7": encoded_members({"profile_id": "5", "currency_code": "EUR"}),
        "": encoded_members({"profile_id": "5", "currency_code": None}),
    }
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
big = st.integers(-(2**70), 2**70)
money = st.floats(allow_nan=False, allow_infinity=False)
fitting: Mapping[str, st.SearchStrategy[object]] = {
    "date": st.sampled_from(["2026-11-18", "2026-11-19", None]),
    "advertiserId": st.sampled_from(["7", 7, "8", 8, None]),
    "orderId": st.one_of(big, texts, st.none()),
    "entityId": st.one_of(big, texts, st.none()),
    "orderName": st.one_of(texts, st.none()),
    "impressions": st.one_of(big, st.none()),
    "totalCost": st.one_of(big, money, st.none()),
    "isVideo": st.one_of(st.booleans(), st.none()),
}
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), big, money, texts),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=6,
)
good_rows = st.lists(st.fixed_dictionaries({}, optional=dict(fitting)), max_size=6)
odd_rows = st.lists(
    st.dictionaries(st.sampled_from([*COLUMNS, "surprise"]), anything), max_size=6
)


def row_encoder(**more: Any) -> TypedRowEncoder:
    return TypedRowEncoder(COLUMNS, KEY, member_column="advertiserId", **more)


def packed(rows: Sequence[Mapping[str, object]]) -> bytes:
    return json.dumps(rows, ensure_ascii=False).encode()


def by_lines(encoder: TypedRowEncoder, document: bytes) -> list[dict[str, Any]]:
    """Return the records of the fast path."""
    out = encoder.lines(encoder.parse(document), ADDED, b"", b"")
    return [json.loads(line) for line in out.split(b"\n") if line]


def by_records(encoder: TypedRowEncoder, document: bytes) -> list[dict[str, Any]]:
    """Return the records of the path that looks inside, as they would be written."""
    found = encoder.records(encoder.parse(document), ADDED)
    return [json.loads(msgspec.json.encode(record)) for record in found]


def by_hand(row: Mapping[str, object]) -> dict[str, object]:
    """Return what the docs promise for a row of fitting values."""
    made: dict[str, object] = {}
    for name, kind in COLUMNS.items():
        value = row.get(name)
        made[name] = str(value) if kind == "id" and isinstance(value, int) else value
        if name in KEY and value is None:
            made[name] = ""
    currency = "EUR" if made["advertiserId"] == "7" else None
    return made | {"profile_id": "5", "currency_code": currency}


@given(good_rows)
def test_fitting_rows_come_out_as_promised(rows: list[dict[str, object]]) -> None:
    encoder = row_encoder()
    assert by_lines(encoder, packed(rows)) == [by_hand(row) for row in rows]
    assert not encoder.unknown
    assert not encoder.odd


@given(st.one_of(good_rows, odd_rows))
def test_lines_and_records_are_the_same_whatever_the_rows(
    rows: list[dict[str, object]],
) -> None:
    document = packed(rows)
    assert by_lines(row_encoder(), document) == by_records(row_encoder(), document)


@given(good_rows)
def test_the_patient_way_changes_nothing_in_rows_that_fit(
    rows: list[dict[str, object]],
) -> None:
    """One unknown column sends the whole document that way."""
    document = packed([*rows, {"surprise": 1}])
    encoder = row_encoder()
    assert by_lines(encoder, document)[:-1] == [by_hand(row) for row in rows]
    assert encoder.unknown == {"surprise"}


@given(odd_rows)
def test_no_value_stops_a_row_and_no_key_is_null(rows: list[dict[str, object]]) -> None:
    made = by_lines(row_encoder(), packed(rows))
    assert len(made) == len(rows)
    for record in made:
        assert list(record) == [*COLUMNS, "profile_id", "currency_code"]
        assert all(isinstance(record[name], str) for name in KEY)
        assert all(
            type(record[n]) in (str, type(None)) for n in ("entityId", "orderName")
        )


@given(st.one_of(good_rows, odd_rows), st.integers(1, 200))
@settings(max_examples=60)
def test_a_document_read_in_pieces_gives_the_same_rows(
    rows: list[dict[str, object]], size: int
) -> None:
    document = packed(rows)
    encoder, blocks = (
        row_encoder(),
        [document[n : n + 7] for n in range(0, len(document), 7)],
    )
    found = [
        json.loads(line)
        for parsed in pieces(blocks, encoder.parse, size)
        for line in encoder.lines(parsed, ADDED, b"", b"").split(b"\n")
        if line
    ]
    assert found == by_lines(row_encoder(), document)


# --- against the SDK --------------------------------------------------------


class Kept(MessageWriter):
    def __init__(self) -> None:
        super().__init__()
        self.kept = bytearray()

    def write(self, lines: bytes | bytearray) -> None:
        self.kept += lines

    def messages(self) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.kept.split(b"\n") if line]
        for message in found:
            assert message.pop("time_extracted")
            message.pop("version", None)  # null in the SDK's messages
        return found


@pytest.fixture(scope="module")
def tap() -> TapAmazonAds:
    """A tap that never speaks to anyone."""
    secrets = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "x")
    with kept_signals():
        return TapAmazonAds(config=secrets)


@given(rows=good_rows)
@settings(max_examples=40)
def test_ready_made_lines_are_the_messages_the_sdk_would_write(
    tap: TapAmazonAds, rows: list[dict[str, object]]
) -> None:
    stream = tap.streams[ORDERS]
    columns: dict[str, ColumnType] = {
        "date": "date",
        "orderId": "id",
        "orderName": "string",
        "impressions": "integer",
        "totalCost": "number",
        "advertiserId": "id",
    }
    document = packed([{n: row.get(n) for n in columns} for row in rows])
    ours, theirs = Kept(), Kept()
    now = datetime(2026, 11, 20, tzinfo=timezone.utc)
    for writer, way in ((ours, "lines"), (theirs, "records")):
        encoder = TypedRowEncoder(columns, KEY, member_column="advertiserId")
        parsed = encoder.parse(document)
        out = (
            lines(writer, ORDERS, encoder, ADDED, now)
            if way == "lines"
            else records(writer, stream, encoder, ADDED)
        )
        with out as write:
            write(parsed)
    assert ours.messages() == theirs.messages()
    assert len(ours.messages()) == len(rows)


# --- keys, added fields, stand-ins ------------------------------------------------


def test_repeats_are_counted_per_document_and_shown_by_example() -> None:
    encoder = row_encoder()
    row: dict[str, object] = {"date": "2026-11-18", "orderId": 1, "advertiserId": "7"}
    encoder.parse(packed([row, {**row, "orderId": 2}]))
    encoder.parse(packed([row]))  # the second piece of the same document
    assert encoder.repeats == 1
    assert encoder.repeated_key == {
        "date": "2026-11-18",
        "orderId": "1",
        "advertiserId": "7",
    }
    encoder.begin_document()
    encoder.parse(packed([row]))
    assert encoder.repeats == 0
    assert encoder.repeated_key is None


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=5))
def test_repeats_are_those_of_a_plain_loop_wherever_a_document_is_cut(
    ids_by_piece: list[list[int]],
) -> None:
    encoder = row_encoder()
    for ids in ids_by_piece:
        encoder.parse(packed([{"orderId": number} for number in ids]))
    seen: list[int] = []
    repeated: list[int] = []
    for number in (number for ids in ids_by_piece for number in ids):
        (repeated if number in seen else seen).append(number)
    assert encoder.repeats == len(repeated)
    shown = encoder.repeated_key
    assert (shown and shown["orderId"]) == (str(repeated[0]) if repeated else None)


def test_many_rows_are_checked_for_repeats_and_the_rest_is_counted() -> None:
    encoder = row_encoder()
    rows: list[dict[str, object]] = [{"orderId": n} for n in range(KEYS_CHECKED - 1)]
    encoder.parse(packed(rows))
    encoder.parse(packed([{"orderId": 0}, {"orderId": 1}, {"orderId": 2}]))
    assert encoder.repeats == 1  # the last row that is looked at
    assert encoder.rows_unchecked == 2
    assert encoder.repeated_key == {"date": "", "orderId": "0", "advertiserId": ""}


def test_rows_without_a_key_are_not_taken_for_repeats() -> None:
    encoder = TypedRowEncoder({"impressions": "integer"}, ())
    encoder.parse(b'[{"impressions":1},{"impressions":1}]')
    assert encoder.repeats == 0


def test_each_row_carries_the_stamp_of_its_advertiser() -> None:
    rows: list[dict[str, object]] = [{"advertiserId": 7}, {"advertiserId": "8"}, {}]
    made = by_lines(row_encoder(), packed(rows))
    assert [record["currency_code"] for record in made] == ["EUR", None, None]


def test_an_empty_stamp_adds_nothing() -> None:
    encoder = TypedRowEncoder({"clicks": "integer"}, ())
    rows = encoder.parse(b'[{"clicks":1}]')
    assert (
        encoder.lines(rows, AddedFields.constant({}), b"<", b">") == b'<{"clicks":1}>\n'
    )
    assert list(encoder.records(rows, AddedFields.constant({}))) == [{"clicks": 1}]


def test_a_stand_in_fills_the_key_and_stays_hidden_where_nobody_chose_it() -> None:
    columns = cast("dict[str, ColumnType]", {"dmaCode": "string", "dmaName": "string"})
    encoder = TypedRowEncoder(
        columns, ["dmaCode"], filled={"dmaCode": "dmaName"}, hidden=["dmaName"]
    )
    rows = encoder.parse('[{"dmaName":"Zürich"},{"dmaName":null}]'.encode())
    added = AddedFields.constant({})
    assert encoder.lines(rows, added, b"", b"").decode().splitlines() == [
        '{"dmaCode":"Zürich"}',
        '{"dmaCode":""}',
    ]
    assert list(encoder.records(rows, added)) == [
        {"dmaCode": "Zürich"},
        {"dmaCode": ""},
    ]


# --- what is no document ----------------------------------------------------


@pytest.mark.parametrize("row", ["1", '"a"', "[]", "null"])
def test_a_row_that_is_no_object_is_said_to_be_one(row: str) -> None:
    with pytest.raises(DocumentError, match="not an object"):
        row_encoder().parse(f'[{{"orderId":1}},{row}]'.encode())


def test_bytes_that_are_no_utf_8_are_no_crash() -> None:
    with pytest.raises(DocumentError, match="UTF-8"):
        row_encoder().parse(b'[{"orderName":"caf\xe9"}]')


@pytest.mark.parametrize("text", [b"[{]", b'[{"orderId":1}', b"[NaN]", b""])
def test_what_is_no_json_is_left_to_the_reader_of_pieces(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        row_encoder().parse(text)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", '"1,234.5"', None),
        ("number", '"NaN"', None),
        ("number", '"1_000"', None),
        ("number", '"12.5%"', None),
        ("integer", '" n/a "', None),
        ("integer", "1e999999", None),
        ("integer", '"1e9999999999999999999999999999999999999999"', None),
        ("integer", "1e9999999999999999999999999999999999999999", None),
        ("number", "[1]", None),
        ("id", "1e999999", "1E+999999"),
        ("number", '" 2.5 "', 2.5),
        ("integer", '"2.0"', 2),
        ("integer", "2.5", None),
        ("integer", "true", None),
        ("number", "1e400", None),
        ("boolean", '"true"', True),
        ("boolean", '"--"', None),
        ("id", "1.5", "1.5"),
        ("id", "1e20", "100000000000000000000"),
        ("string", "1.50", "1.50"),
        ("string", "false", "false"),
        ("string", '{"a":[1.10]}', '{"a":[1.10]}'),
        ("date", "20261118", "20261118"),
    ],
)
def test_odd_values(kind: ColumnType, text: str, value: object) -> None:
    encoder = TypedRowEncoder({"x": kind}, ())
    rows = encoder.parse(f'[{{"x":{text}}}]'.encode())
    (line,) = encoder.lines(rows, AddedFields.constant({}), b"", b"").splitlines()
    assert json.loads(line) == {"x": value}
