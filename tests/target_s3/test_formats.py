"""What is inside the objects, format by format."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.s3.loader import Run, record, schema
from target_s3.formats import parquet, row_groups
from target_s3.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = Settings(bucket="bucket", add_record_metadata=False)
WIDE = {
    "id": "string",
    "date": "string",
    "clicks": "integer",
    "cost": "number",
    "on": "boolean",
    "tags": "array",
    "more": "object",
}


def stored(format_name: str, *items: object, **settings: Any) -> list[bytes]:
    run = Run(replace(SETTINGS, format=format_name, **settings))
    run.feed(items)
    return [content for _, content in sorted(run.store.objects.items())]


def test_csv_has_a_header_and_keeps_what_the_tap_wrote() -> None:
    line = (
        '{"type":"RECORD","stream":"campaigns","record":{"more":{"b":1.10},'
        '"tags":["x, y","é"],"on":true,"cost":1.10,"clicks":9007199254740993123456,'
        '"date":"2026-11-01","id":"say \\"hi\\",\\nthere"}}'
    )
    [content] = stored(
        "csv", schema(columns=WIDE), line.encode(), record(id="2", on=False, cost=0)
    )
    assert content.decode() == (
        "id,date,clicks,cost,on,tags,more\n"
        '"say ""hi"",\nthere",2026-11-01,9007199254740993123456,1.10,true,'
        '"[""x, y"",""é""]","{""b"":1.10}"\n'
        "2,,,0,false,,\n"
    )


def test_csv_gz_is_the_same_packed() -> None:
    items = (schema(), record(id="1"))
    [packed] = stored("csv.gz", *items)
    assert [gzip.decompress(packed)] == stored("csv", *items)


def test_csv_gets_our_column_at_the_end() -> None:
    [content] = stored(
        "csv",
        schema(),
        {**record(id="1"), "time_extracted": "2026-11-21T01:00:00Z"},
        add_record_metadata=True,
    )
    assert content == b"id,_sdc_extracted_at\n1,2026-11-21T01:00:00Z\n"


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_new_column_in_the_schema_starts_a_new_object(name: str) -> None:
    items = [schema(), record(id="1"), schema(id="string", x="integer")]
    objects = stored(name, *items, schema(id="string", x="integer"), record(id="2"))
    assert len(objects) == 2


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_column_without_schema_is_left_out_with_one_warning(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    stored(name, schema(), *(record(id=str(n), extra=n) for n in range(3)))
    [warning] = [r.getMessage() for r in caplog.records]
    assert "Stream campaigns: column extra is not in its SCHEMA" in warning


def test_parquet_types_follow_the_schema() -> None:
    either = schema(columns=WIDE)
    properties = either["schema"]["properties"]
    properties["any"] = {}
    properties["one_of"] = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    row = record(
        id="9007199254740993",
        date="2026-11-01",
        clicks=9007199254740993,
        cost=1,
        on=True,
        tags=["é"],
        more={"a": 1},
        any=5,
        one_of=2.0,
    )
    [content] = stored("parquet", either, row, record(id="2"))
    table = pq.read_table(io.BytesIO(content))
    assert {field.name: str(field.type) for field in table.schema} == {
        "id": "string",
        "date": "string",
        "clicks": "int64",
        "cost": "double",
        "on": "bool",
        "tags": "string",
        "more": "string",
        "any": "string",
        "one_of": "int64",
    }
    first, second = table.to_pylist()
    assert first == {
        "id": "9007199254740993",
        "date": "2026-11-01",
        "clicks": 9007199254740993,
        "cost": 1.0,
        "on": True,
        "tags": '["é"]',
        "more": '{"a":1}',
        "any": "5",
        "one_of": 2,
    }
    assert second == dict.fromkeys(first) | {"id": "2"}


def test_parquet_holds_all_rows_in_few_groups() -> None:
    text = "x" * 1000
    rows = (record(id=str(n), name=text) for n in range(10_000))
    [content] = stored("parquet", schema(id="string", name="string"), *rows)
    file = pq.ParquetFile(io.BytesIO(content))
    assert file.metadata.num_rows == 10_000
    assert file.metadata.num_row_groups == 1
    assert file.read(["id"])["id"].to_pylist() == [str(n) for n in range(10_000)]


def test_parquet_goes_to_disk_in_groups_when_rows_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet, "_STEP_BYTES", 1000)
    monkeypatch.setattr(row_groups, "_GROUP_BYTES", 10_000)
    rows = (record(id=str(n)) for n in range(5000))
    [content] = stored("parquet", schema(), *rows)
    file = pq.ParquetFile(io.BytesIO(content))
    assert file.metadata.num_row_groups > 2
    assert file.read()["id"].to_pylist() == [str(n) for n in range(5000)]


@pytest.mark.parametrize("name", ["jsonl", "jsonl.gz", "csv", "csv.gz", "parquet"])
def test_another_program_reads_every_format(name: str, tmp_path: Path) -> None:
    rows = [
        record(id=str(2**53 + n), date="2026-11-01", cost=n / 4, name="Größe 広告")
        for n in range(1000)
    ]
    columns = {"id": "string", "date": "string", "cost": "number", "name": "string"}
    [content] = stored(name, schema(columns=columns), *rows)
    path = tmp_path / f"rows.{name}"
    path.write_bytes(content)
    found = (
        duckdb.connect()
        .execute(
            f"select count(*), count(distinct id), sum(cost), min(name) from '{path}'"  # noqa: S608 - our own path
        )
        .fetchall()
    )
    assert found == [(1000, 1000, sum(n / 4 for n in range(1000)), "Größe 広告")]


def test_arrow_reads_the_schema_of_an_empty_column_list() -> None:
    [content] = stored("parquet", schema(keys=(), only="null"), record())
    assert pq.read_table(io.BytesIO(content)).schema.field("only").type == pa.string()
