"""What columns may hold: nested sections, values that do not fit, unknown fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.records.columns import ColumnType, Nested, json_schema
from singer_amazon.records.row_encoder import AddedFields, TypedRowEncoder

AMOUNT = Nested({"amount": "number", "currencyCode": "string"})
COLUMNS: Mapping[str, ColumnType] = {
    "asin": "string",
    "revenue": AMOUNT,
    "coupons": Nested({"id": "string", "spent": AMOUNT}, is_list=True),
}
ADDED = AddedFields.constant({"account_name": "acme"})


def read(*rows: object, columns: Mapping[str, ColumnType] = COLUMNS) -> list[Any]:
    """Return rows as records, by both ways out."""
    encoder = TypedRowEncoder(columns, ["asin"], extra="_extra")
    parsed = encoder.parse(json.dumps(rows).encode())
    records = list(encoder.records(parsed, ADDED))
    lines = encoder.lines(parsed, ADDED, b"", b"").splitlines()
    assert [json.loads(line) for line in lines] == records
    return records


def test_a_section_keeps_its_shape() -> None:
    row = {"asin": "B0", "revenue": {"amount": 1.5, "currencyCode": "EUR"}}
    (record,) = read({**row, "coupons": [{"id": "c"}, None]})
    assert record == {
        **row,
        "coupons": [{"id": "c"}, None],  # no member is made up
        "account_name": "acme",
    }


def test_unknown_fields_are_kept_in_their_own_shape() -> None:
    revenue = {"amount": 1, "currencyCode": "EUR", "taxes": {"vat": 0.2}}
    coupons = [{"id": "a"}, {"id": "b", "colour": "red"}]
    (record,) = read({"asin": "B0", "new": [1], "revenue": revenue, "coupons": coupons})
    assert record["revenue"] == {"amount": 1, "currencyCode": "EUR"}
    assert record["coupons"] == [{"id": "a"}, {"id": "b"}]
    assert record["_extra"] == {
        "new": [1],
        "revenue": {"taxes": {"vat": 0.2}},
        "coupons": [None, {"colour": "red"}],
    }


def test_a_known_row_beside_an_unknown_field_has_no_extra() -> None:
    first, second = read({"asin": "B0"}, {"asin": "B1", "new": None})
    assert "_extra" not in first
    assert second["_extra"] == {"new": None}


@pytest.mark.parametrize("value", ["n/a", 3, [1, 2], True])
def test_a_section_that_is_none_is_passed_on(value: object) -> None:
    encoder = TypedRowEncoder(COLUMNS, ["asin"])
    rows = encoder.parse(json.dumps([{"asin": "B0", "revenue": value}]).encode())
    (record,) = encoder.records(rows, ADDED)
    assert record["revenue"] == value
    assert encoder.odd == {"revenue"}


def test_every_level_may_be_null() -> None:
    schema: Any = json_schema(COLUMNS["coupons"])
    assert schema["type"] == ["array", "null"]
    assert schema["items"]["type"] == ["object", "null"]
    spent = schema["items"]["properties"]["spent"]
    assert spent["properties"]["amount"] == {"type": ["number", "null"]}
    instant = json_schema("date-time")
    assert instant == {"type": ["string", "null"], "format": "date-time"}


OPEN: Mapping[str, ColumnType] = {
    "asin": "string",
    "reasons": "strings",
    "creative": "object",
    "bid": Nested({"bid": "number", "currencyCode": "string"}, bare="bid"),
}


def test_lists_of_texts_and_open_objects() -> None:
    creative = {"products": [{"id": 1.5}], "headline": None}
    (record,) = read(
        {"asin": "B0", "reasons": ["PAUSED", "ENDED"], "creative": creative},
        columns=OPEN,
    )
    assert record["reasons"] == ["PAUSED", "ENDED"]
    assert record["creative"] == creative
    assert "_extra" not in record
    assert json_schema("strings") == {
        "type": ["array", "null"],
        "items": {"type": "string"},
    }
    assert json_schema("object") == {"type": ["object", "null"]}


def test_what_is_no_list_of_texts_or_object_is_kept_beside() -> None:
    (record,) = read({"asin": "B0", "reasons": "PAUSED", "creative": [1]}, columns=OPEN)
    assert record["reasons"] is record["creative"] is None
    assert record["_extra"] == {"reasons": "PAUSED", "creative": [1]}


def test_a_bare_value_stands_for_its_field() -> None:
    first, second = read(
        {"asin": "B0", "bid": 0.25},
        {"asin": "B1", "bid": {"bid": 1, "currencyCode": "EUR"}},
        columns=OPEN,
    )
    assert first["bid"] == {"bid": 0.25}
    assert second["bid"] == {"bid": 1, "currencyCode": "EUR"}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.text("abcxyz", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["amount", "currencyCode", "id", "spent", "x"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["asin", "revenue", "coupons", "y"]), VALUES))
def test_whatever_comes_nothing_is_lost(row: dict[str, Any]) -> None:
    """Every text and number of a row is in its record, in the columns or beside."""
    (record,) = read(row)
    encoded = msgspec.json.encode(record).decode()
    assert all(leaf in encoded for leaf in _leaves(row))


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _leaves(member)
    elif value is not None:
        yield value if isinstance(value, str) else json.dumps(value)
