"""What is read back from CSV and Parquet is what was sent, or the run has stopped."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.s3.loader import Run, record, schema
from target_s3.errors import FormatError
from target_s3.settings import Settings

SETTINGS = Settings(bucket="bucket", add_record_metadata=False)
KINDS = ["integer", "number", "boolean", "string", "any", "object"]


def stored(format_name: str, *items: object) -> bytes:
    run = Run(replace(SETTINGS, format=format_name))
    run.feed(items)
    [content] = run.store.objects.values()
    return content


def line(value: str, name: str = "x") -> bytes:
    return b'{"type":"RECORD","stream":"campaigns","record":{%b:%b}}' % (
        json.dumps(name).encode(),
        value.encode(),
    )


def parquet_value(kind: str, value: str) -> Any:
    """What the column holds after a record with this JSON text."""
    content = stored("parquet", schema(keys=(), columns={"x": kind}), line(value))
    [row] = pq.read_table(io.BytesIO(content)).to_pylist()
    return row["x"]


MISFITS = [
    ("integer", "12.5", "a number with a fraction"),
    ("integer", "1e-1", "a number with a fraction"),
    ("integer", "12.00000000000000000001", "a number with a fraction"),
    ("integer", "9223372036854775808", "a whole number beyond 64 bits"),
    ("integer", "-9223372036854775809", "a whole number beyond 64 bits"),
    ("integer", "1e19", "a whole number beyond 64 bits"),
    ("integer", "1e999999999", "a whole number beyond 64 bits"),
    ("integer", "1e" + "9" * 40, "a number"),
    ("integer", "true", "a boolean"),
    ("integer", '"12"', "text"),
    ("integer", "[12]", "a list"),
    ("integer", '{"a":12}', "an object"),
    ("number", "true", "a boolean"),
    ("number", '"1.5"', "text"),
    ("number", "[]", "a list"),
    ("number", "12345678901234567.891", "more digits than a double keeps"),
    ("number", "0.12345678901234567890", "more digits than a double keeps"),
    ("number", "9007199254740993", "more digits than a double keeps"),
    ("number", "1e400", "more digits than a double keeps"),
    ("number", "-1e-400", "more digits than a double keeps"),
    ("number", "1e" + "9" * 40, "more digits than a double keeps"),
    ("number", "9" * 400, "more digits than a double keeps"),
    ("boolean", "1", "a whole number"),
    ("boolean", "0.0", "a number with a fraction"),
    ("boolean", '"true"', "text"),
    ("boolean", "{}", "an object"),
    ("number", "9" * 5000, "a number of over 4,300 digits"),
]


@pytest.mark.parametrize(("kind", "value", "what"), MISFITS)
def test_parquet_never_changes_a_value(kind: str, value: str, what: str) -> None:
    with pytest.raises(FormatError, match="Stream campaigns: ") as caught:
        parquet_value(kind, value)
    sentence = str(caught.value)
    assert what in sentence
    assert "jsonl.gz" in sentence
    assert value not in sentence
    if "4,300" not in what:
        assert f"column x is declared {kind} by its SCHEMA" in sentence


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("integer", "2.0", 2),
        ("integer", "12e3", 12000),
        ("integer", "9223372036854775807", 2**63 - 1),
        ("integer", "-9223372036854775808.0", -(2**63)),
        ("number", "9007199254740992", 2.0**53),
        ("number", "0.30000000000000004", 0.1 + 0.2),
        ("number", "1.10", 1.1),
        ("number", "1e-7", 1e-7),
        ("number", "1.7976931348623157e308", 1.7976931348623157e308),
        ("string", "12", "12"),
        ("string", "12345678901234567890.10", "12345678901234567890.10"),
        ("string", "true", "true"),
        ("any", "[1.10,12345678901234567.891]", "[1.10,12345678901234567.891]"),
        ("any", "1e" + "9" * 40, "1e" + "9" * 40),
        ("boolean", "null", None),
    ],
)
def test_parquet_widens_where_nothing_is_lost(
    kind: str, value: str, kept: object
) -> None:
    assert parquet_value(kind, value) == kept


NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
).map(lambda found: str(found).replace("E", "e"))
VALUES = st.one_of(
    NUMBERS,
    st.sampled_from(["true", "false", "null", "[1.5]", '{"a":true}']),
    st.text().map(json.dumps),
)


def exactly(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@given(st.sampled_from(KINDS), st.lists(VALUES, min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_what_parquet_gives_back_is_what_was_sent(kind: str, values: list[str]) -> None:
    items = [schema(keys=(), columns={"x": kind}), *map(line, values)]
    try:
        content = stored("parquet", *items)
    except FormatError:
        return
    found = pq.read_table(io.BytesIO(content))["x"].to_pylist()
    for value, sent in zip(found, map(exactly, values), strict=True):
        if isinstance(value, str) and not isinstance(sent, str):
            assert exactly(value) == sent
        elif isinstance(value, float):
            assert Decimal(repr(value)) == sent
        else:
            assert value == sent
            assert isinstance(value, bool) == isinstance(sent, bool)


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_schema_without_columns_is_a_sentence(name: str) -> None:
    with pytest.raises(FormatError, match="campaigns: its SCHEMA names no columns"):
        stored(name, schema(keys=()) | {"schema": {"properties": {}}}, line("1"))


@pytest.mark.parametrize(
    "definition",
    [None, 5, "string", [], {"type": 5}, {"type": [5, ["x"]]}, {"type": {"a": 1}},
     {"anyOf": "x"}, {"anyOf": [None, 5]}, {"oneOf": {}}, {"type": None}],
)  # fmt: skip
@pytest.mark.parametrize("name", ["csv", "parquet", "jsonl"])
def test_a_column_of_an_odd_type_is_text(name: str, definition: object) -> None:
    odd = schema(keys=()) | {"schema": {"properties": {"x": definition}}}
    assert b"kept" in stored(name, odd, line('"kept"'))


def test_csv_keeps_numbers_of_any_size_as_they_are() -> None:
    number = "1.10e" + "9" * 40
    columns = schema(keys=(), columns={"x": "number", "y": "any"})
    sent = b'{"type":"RECORD","stream":"campaigns","record":{"x":%b,"y":[%b]}}' % (
        number.encode(),
        number.encode(),
    )
    assert stored("csv", columns, sent).decode() == f"x,y\n{number},[{number}]\n"


RISKY = ["\r", "a\rb", "\r\n", "a\n", '"', ",", ";", "a;b", "\t", "|", "#a", "'a'", ""]
RISKY += ["\ufeffa", "\x85", "\u2028", "\0", " a ", "\\", 'a\\"', "\x0b", "\x1c", "-"]


def rows_of(content: bytes) -> dict[str, list[list[str]]]:
    """The rows as other programs read them."""
    text = content.decode()
    options = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(["\rx", "y"], pa.string()), strings_can_be_null=False
    )
    table = arrow_csv.read_csv(
        io.BytesIO(content),
        arrow_csv.ReadOptions(use_threads=False),
        arrow_csv.ParseOptions(newlines_in_values=True),
        options,
    )
    return {
        "python": [*csv.reader(io.StringIO(text, newline=""))],
        "python's lines": [*csv.reader(text.splitlines(keepends=True))],
        "arrow": [
            table.column_names,
            *(list(row.values()) for row in table.to_pylist()),
        ],
    }


@given(st.lists(st.tuples(*[st.text() | st.sampled_from(RISKY)] * 2), min_size=1))
@settings(max_examples=150, deadline=None)
def test_csv_is_read_back_as_it_was_sent(rows: list[tuple[str, str]]) -> None:
    columns = schema(keys=(), columns={"\rx": "string", "y": "string"})
    sent = (record(**{"\rx": x, "y": y}) for x, y in rows)
    content = stored("csv", columns, *sent)
    expected = [["\rx", "y"], *map(list, rows)]
    for reader, found in rows_of(content).items():
        assert found == expected, reader


@pytest.mark.parametrize("value", RISKY)
def test_duckdb_reads_csv_as_it_was_sent(value: str, tmp_path: Any) -> None:
    columns = schema(keys=(), columns={"x": "string", "y": "string"})
    path = tmp_path / "rows.csv"
    path.write_bytes(stored("csv", columns, *[record(x=value, y="z")] * 3))
    found = duckdb.read_csv(str(path), all_varchar=True, header=True).fetchall()
    assert found == [(value or None, "z")] * 3
