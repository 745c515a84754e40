"""Dates, times, decimals and nested fields as Parquet has them, exact or refused."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.s3.loader import Run, record
from target_s3.errors import FormatError
from target_s3.settings import Settings

SETTINGS = Settings(bucket="bucket", format="parquet", add_record_metadata=False)
DAY = {"type": ["string", "null"], "format": "date"}
TIME = {"type": ["string", "null"], "format": "date-time"}
MONEY = {
    "type": ["string", "number", "null"],
    "format": "singer.decimal",
    "precision": 10,
    "scale": 2,
}
TEXT_MONEY = MONEY | {"type": ["string", "null"]}


def table(definition: object, *values: object, **settings: Any) -> Any:
    properties = {"x": definition}
    message = {
        "type": "SCHEMA",
        "stream": "campaigns",
        "key_properties": [],
        "schema": {"type": "object", "properties": properties},
    }
    run = Run(replace(SETTINGS, **settings))
    run.feed([message, *(record(x=value) for value in values)])
    [content] = run.store.objects.values()
    return pq.read_table(io.BytesIO(content))


def column(definition: object, *values: object) -> tuple[Any, list[Any]]:
    found = table(definition, *values)
    return found.schema.field("x").type, found["x"].to_pylist()


@given(st.lists(st.dates() | st.none(), min_size=1))
def test_dates(days: list[date | None]) -> None:
    texts = [None if day is None else day.isoformat() for day in days]
    assert column(DAY, *texts) == (pa.date32(), days)


@given(st.datetimes(timezones=st.just(timezone.utc)), st.integers(-12, 14))
def test_times_are_kept_to_the_microsecond_in_utc(moment: datetime, hours: int) -> None:
    there = timezone(timedelta(hours=hours))
    if not 1 < moment.year < 9999:
        return
    kind, found = column(TIME, moment.astimezone(there).isoformat())
    assert kind == pa.timestamp("us", tz="UTC")
    assert found == [moment]


def test_times_without_a_zone_are_utc() -> None:
    texts = ("2026-11-01T10:00:00", "2026-11-01 10:00:00.5000000000Z", None)
    _, found = column(TIME, *texts)
    ten = datetime(2026, 11, 1, 10, tzinfo=timezone.utc)
    assert found == [ten, ten.replace(microsecond=500_000), None]


@pytest.mark.parametrize(
    ("definition", "value", "what"),
    [
        (DAY, "2026-02-30", "text that is no date"),
        (DAY, "2026-11-01T00:00:00Z", "text that is no date"),
        (DAY, 20261101, "a whole number"),
        (TIME, "yesterday", "text that is no time"),
        (TIME, "2026-11-01T00:00:00.123456789Z", "text that is no time"),
        (TEXT_MONEY, "1.005", "more digits than the decimal has"),
        (TEXT_MONEY, "123456789.00", "more digits than the decimal has"),
        (TEXT_MONEY, "a lot", "text that is no number"),
        (TEXT_MONEY, True, "a boolean"),
        ({"type": "object", "properties": {"a": DAY}}, {"a": "no"}, "no date"),
        ({"type": "array", "items": {"type": "integer"}}, [1.5], "with a fraction"),
        ({"type": "array", "items": {"type": "integer"}}, {"a": 1}, "an object"),
    ],
)
def test_what_does_not_fit_is_refused(
    definition: object, value: object, what: str
) -> None:
    with pytest.raises(FormatError, match=what) as caught:
        table(definition, value)
    assert caught.value.stream == "campaigns"
    assert "private" not in str(caught.value)


def test_decimals_are_exact() -> None:
    kind, found = column(TEXT_MONEY, "12345678.90", 1.1, 5, None, "-0.01")
    assert kind == pa.decimal128(10, 2)
    assert found == [
        *map(Decimal, ("12345678.90", "1.10", "5.00")),
        None,
        Decimal("-0.01"),
    ]


def test_nested_fields_are_structs_and_open_objects_stay_text() -> None:
    definition = {
        "type": ["object", "null"],
        "properties": {
            "money": {
                "type": "object",
                "properties": {"amount": {"type": "number"}, "at": TIME},
            },
            "tags": {"type": "array", "items": {"type": "string"}},
            "open": {"type": "object"},
        },
    }
    value = {
        "money": {"amount": 1.5, "at": "2026-11-01T00:00:00Z"},
        "tags": ["a", None],
    }
    kind, [found, none] = column(definition, value | {"open": {"b": 1.10}}, None)
    assert pa.types.is_struct(kind)
    assert none is None
    midnight = datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert found["money"] == {"amount": 1.5, "at": midnight}
    assert found["tags"] == ["a", None]
    assert json.loads(found["open"]) == {"b": 1.1}


def test_dates_of_mixed_formats_stay_text() -> None:
    either = {"anyOf": [DAY, {"type": "string"}]}
    assert column(either, "soon") == (pa.string(), ["soon"])
    assert column({"anyOf": [DAY, {"type": "null"}]}, "2026-11-01")[0] == pa.date32()


def test_the_columns_added_here_are_times() -> None:
    found = table(DAY, "2026-11-01", add_record_metadata=True)
    assert found.schema.field("_sdc_extracted_at").type == pa.timestamp("us", tz="UTC")


def test_a_field_of_an_object_that_the_schema_lacks_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    definition = {"type": "object", "properties": {"a": DAY}}
    _, found = column(definition, {"a": "2026-11-01", "b": "private"})
    assert found == [{"a": date(2026, 11, 1)}]
    assert "column x.b is not in its SCHEMA" in caplog.text
    assert "private" not in caplog.text
