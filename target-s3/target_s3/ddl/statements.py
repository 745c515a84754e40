"""External tables over what the target stores, and a view of the newest rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from target_s3.ddl.types import quoted, sql_type, text
from target_s3.formats.columns import Column
from target_s3.record_metadata import EXTRACTED_AT

DIALECTS = ("duckdb", "athena", "spark")


class Table(NamedTuple):
    """One stream as it stands in the bucket; ``location`` ends with a slash.

    ``is_current``: rows that came again have replaced the older ones already.
    """

    name: str
    location: str
    format: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    partitions: tuple[str, ...] = ()
    is_current: bool = False


def statements(table: Table, dialect: str) -> Iterator[str]:
    """Yield the statements that make a table and its view ``<name>_latest``."""
    yield from {"duckdb": _duckdb, "athena": _athena, "spark": _spark}[dialect](table)
    yield _latest(table, dialect)


def _types(columns: Sequence[Column], table: Table, dialect: str) -> list[str]:
    mark = "`" if dialect == "athena" else ""
    return [
        f"{mark}{c.name}{mark} {sql_type(c, dialect, table.format)}"
        if mark
        else f"{quoted(c.name, dialect)} {sql_type(c, dialect, table.format)}"
        for c in columns
    ]


def _in_files(table: Table) -> list[Column]:
    return [c for c in table.columns if c.name not in table.partitions]


def _in_folders(table: Table) -> list[Column]:
    known = {column.name: column for column in table.columns}
    return [known[name] for name in table.partitions]


# --- DuckDB: views over its readers -----------------------------------------


def _duckdb(table: Table) -> Iterator[str]:
    name = quoted(table.name, "duckdb")
    yield f"CREATE OR REPLACE VIEW {name} AS\nSELECT * FROM {_duckdb_source(table)};"


def _duckdb_source(table: Table) -> str:
    if table.format == "delta":
        return f"delta_scan({text(table.location.rstrip('/'))})"
    options = [text(f"{table.location}**/*.{table.format}")]
    if table.format.startswith("jsonl"):
        listed = ", ".join(
            f"{text(c.name)}: {text(sql_type(c, 'duckdb', table.format))}"
            for c in table.columns
        )
        options += ["format = 'newline_delimited'", f"columns = {{{listed}}}"]
    elif table.format.startswith("csv"):
        listed = ", ".join(
            f"{text(c.name)}: {text(sql_type(c, 'duckdb', table.format))}"
            for c in _in_files(table)
        )
        options += ["header = true", f"types = {{{listed}}}", "union_by_name = true"]
    else:
        options += ["union_by_name = true"]
    options += ["filename = true"]
    if folders := _in_folders(table):
        kinds = ", ".join(
            f"{text(c.name)}: {sql_type(c, 'duckdb', table.format)}" for c in folders
        )
        options += ["hive_partitioning = true", f"hive_types = {{{kinds}}}"]
    reader = {"j": "read_json", "c": "read_csv", "p": "read_parquet"}
    listed = ",\n    ".join(options)
    return f"{reader[table.format[0]]}(\n    {listed}\n)"


# --- Athena: external tables in Hive's language -----------------------------

_SERDES = {
    "j": "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'",
    "c": "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'",
    "p": "STORED AS PARQUET",
}


def _athena(table: Table) -> Iterator[str]:
    begin = f"CREATE EXTERNAL TABLE IF NOT EXISTS `{table.name}`"
    location = f"LOCATION {text(table.location)}"
    if table.format == "delta":
        yield f"{begin}\n{location}\nTBLPROPERTIES ('table_type' = 'DELTA');"
        return
    columns = ",\n  ".join(_types(_in_files(table), table, "athena"))
    lines = [f"{begin} (\n  {columns}\n)"]
    if folders := _in_folders(table):
        listed = ", ".join(_types(folders, table, "athena"))
        lines.append(f"PARTITIONED BY ({listed})")
    lines += [_SERDES[table.format[0]], location]
    if table.format.startswith("csv"):
        lines.append("TBLPROPERTIES ('skip.header.line.count' = '1')")
    yield "\n".join(lines) + ";"
    if folders:
        yield f"MSCK REPAIR TABLE `{table.name}`;"


# --- Spark -------------------------------------------------------------------


def _spark(table: Table) -> Iterator[str]:
    name = quoted(table.name, "spark")
    location = f"LOCATION {text(table.location.replace('s3://', 's3a://', 1))}"
    if table.format == "delta":
        yield f"CREATE TABLE IF NOT EXISTS {name}\nUSING DELTA\n{location};"
        return
    source = {"j": "JSON", "c": "CSV", "p": "PARQUET"}[table.format[0]]
    columns = ",\n  ".join(_types(table.columns, table, "spark"))
    options = [] if table.partitions else ["'recursiveFileLookup' = 'true'"]
    if source == "CSV":
        options += ["'header' = 'true'", "'multiLine' = 'true'", "'escape' = '\"'"]
    lines = [f"CREATE TABLE IF NOT EXISTS {name} (\n  {columns}\n)", f"USING {source}"]
    if options:
        lines.append(f"OPTIONS ({', '.join(options)})")
    if table.partitions:
        listed = ", ".join(quoted(p, "spark") for p in table.partitions)
        lines.append(f"PARTITIONED BY ({listed})")
    yield "\n".join([*lines, location]) + ";"
    if table.partitions:
        yield f"MSCK REPAIR TABLE {name};"


# --- the newest row of each key -----------------------------------------------

_FILE = {"duckdb": "filename", "athena": '"$path"', "spark": "_metadata.file_path"}


def _latest(table: Table, dialect: str) -> str:
    view = quoted(f"{table.name}_latest", dialect)
    source = quoted(table.name, dialect)
    columns = ",\n    ".join(quoted(c.name, dialect) for c in table.columns)
    begin = f"CREATE OR REPLACE VIEW {view} AS\nSELECT\n    {columns}\nFROM "
    if table.is_current or not table.keys:
        return f"{begin}{source};"
    keys = ", ".join(quoted(key, dialect) for key in table.keys)
    age = quoted("_age", dialect)
    return (
        f"{begin}(\n"  # noqa: S608 - names are quoted
        f"    SELECT *, row_number() OVER (\n"
        f"        PARTITION BY {keys}\n"
        f"        ORDER BY {_order(table, dialect)}\n"
        f"    ) AS {age}\n"
        f"    FROM {source}\n"
        f") AS numbered\n"
        f"WHERE {age} = 1;"
    )


def _order(table: Table, dialect: str) -> str:
    found = []
    if any(column.name == EXTRACTED_AT for column in table.columns):
        found.append(f"{quoted(EXTRACTED_AT, dialect)} DESC NULLS LAST")
    if table.format != "delta":
        found.append(f"{_FILE[dialect]} DESC")
    return ", ".join(found) or "1"
