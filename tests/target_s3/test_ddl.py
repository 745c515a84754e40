"""`target-s3 ddl`: tables that DuckDB makes, and that Athena and Spark can read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from singer_amazon.errors import ConfigError
from support.s3.loader import FakeClock, Run
from target_s3.ddl.cli import ddl, tables_of
from target_s3.ddl.statements import statements
from target_s3.settings import Settings

FILES = ("jsonl.gz", "jsonl", "csv", "csv.gz", "parquet")
DAY = {"type": "string", "format": "date"}
SCHEMA = {
    "type": "object",
    "properties": {
        "profile_id": {"type": "string"},
        "date": DAY,
        "campaignId": {"type": "string"},
        "clicks": {"type": ["integer", "null"]},
        "it's": {"type": ["number", "null"]},
        "more": {
            "type": ["object", "null"],
            "properties": {"a": {"type": "integer"}, "at": DAY},
        },
        "tags": {"type": ["array", "null"], "items": {"type": "string"}},
    },
}
KEYS = ["profile_id", "date", "campaignId"]


def entry(name: str, *, selected: bool = True) -> dict[str, Any]:
    chosen = [{"breadcrumb": [], "metadata": {"selected": selected}}]
    return {
        "tap_stream_id": name,
        "stream": name,
        "key_properties": KEYS,
        "schema": SCHEMA,
        "metadata": chosen,
    }


CATALOG = {"streams": [entry("campaigns"), entry("ignored", selected=False)]}


def row(clicks: int) -> dict[str, Any]:
    values = {"profile_id": "1", "date": "2026-11-01", "campaignId": "007"}
    more = {"clicks": clicks, "it's": 1.5, "more": {"a": 1}, "tags": ["x"]}
    return {"type": "RECORD", "stream": "campaigns", "record": values | more}


@pytest.mark.parametrize("by", [{}, {"*": ("profile_id", "date")}])
@pytest.mark.parametrize("name", FILES)
def test_duckdb_makes_them_and_shows_the_newest_rows(
    name: str, by: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    chosen = Settings(bucket="bucket", format=name, partition_by=by, prefix="raw")
    for day in range(2):
        run = Run(chosen, clock=FakeClock(86_400 * day))
        run.keys.run_id = f"run-{day}"
        run.feed(
            [
                {
                    "type": "SCHEMA",
                    "stream": "campaigns",
                    "key_properties": KEYS,
                    "schema": SCHEMA,
                },
                row(10 + day),
            ]
        )
        for key, content in run.store.objects.items():
            path = tmp_path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    connection = duckdb.connect()
    [table] = tables_of(CATALOG, chosen)
    here = table._replace(location=f"{tmp_path}/raw/campaigns/")
    for statement in statements(here, "duckdb"):
        connection.execute(statement)
    assert connection.sql("select count(*) from campaigns").fetchall() == [(2,)]
    found = connection.sql(
        """select clicks, typeof(clicks), profile_id, "campaignId", typeof(date),
        typeof(_sdc_extracted_at) from campaigns_latest"""
    ).fetchall()
    kinds = ("DATE", "TIMESTAMP WITH TIME ZONE")
    assert found == [(11, "BIGINT", "1", "007", *kinds)]


@pytest.mark.parametrize("dialect", ["athena", "spark"])
@pytest.mark.parametrize("name", [*FILES, "delta"])
@pytest.mark.parametrize("by", [{}, {"*": ("profile_id", "date")}])
def test_other_dialects_parse(
    name: str, dialect: str, by: dict[str, tuple[str, ...]]
) -> None:
    sqlglot = pytest.importorskip(
        "sqlglot", reason="sqlglot is not installed: uv run --group delta pytest"
    )
    chosen = Settings(bucket="bucket", format=name, partition_by=by)
    [table] = tables_of(CATALOG, chosen)
    for statement in statements(table, dialect):
        for parsed in sqlglot.parse(statement, read=dialect):
            is_repair = statement.startswith("MSCK")
            assert parsed is not None
            assert is_repair or parsed.key == "create", statement


def test_athena_names_its_readers_and_spark_its_own() -> None:
    chosen = Settings(bucket="bucket", format="jsonl.gz", prefix="raw")
    [table] = tables_of(CATALOG, chosen)
    athena = " ".join(statements(table, "athena"))
    assert "LOCATION 's3://bucket/raw/campaigns/'" in athena
    assert "JsonSerDe" in athena
    assert '"$path" DESC' in athena
    assert "more` struct<a:bigint,at:date>" in athena
    spark = " ".join(statements(table, "spark"))
    assert "s3a://bucket/raw/campaigns/" in spark
    assert "'recursiveFileLookup' = 'true'" in spark


def test_a_table_that_is_replaced_is_its_own_newest() -> None:
    chosen = Settings(bucket="bucket", format="delta")
    for mode, is_numbered in (("append", True), ("replace", False)):
        [table] = tables_of(CATALOG, replace(chosen, write_mode=mode))
        text = " ".join(statements(table, "duckdb"))
        assert "delta_scan('s3://bucket/campaigns')" in text
        assert ("row_number" in text) == is_numbered


def test_the_command_prints_them(tmp_path: Path) -> None:
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    aws = {"aws_bucket": "my-bucket", "aws_secret_access_key": "hidden"}
    aws["aws_access_key_id"] = "hidden"
    config.write_text(json.dumps({"cloud_provider": {"aws": aws}}))
    catalog.write_text(json.dumps(CATALOG))
    words = ["--config", str(config), "--catalog", str(catalog)]
    done = CliRunner().invoke(ddl, words)
    assert done.exit_code == 0, done.output
    assert 'CREATE OR REPLACE VIEW "campaigns_latest"' in done.output
    assert "ignored" not in done.output
    assert "hidden" not in done.output
    catalog.write_text(json.dumps({"streams": []}))
    with pytest.raises(ConfigError, match="selects no stream"):
        CliRunner().invoke(ddl, words, catch_exceptions=False)
    catalog.write_text(json.dumps({"streams": 5}))
    with pytest.raises(ConfigError, match="--discover"):
        CliRunner().invoke(ddl, words, catch_exceptions=False)
