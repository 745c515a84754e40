"""Hive folders: where rows go, what stays in the files, how many are open."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from support.s3.bucket import read_rows
from support.s3.loader import Run, record, schema, state
from target_s3.errors import FormatError
from target_s3.object_writer import MAX_OPEN, OpenObjects
from target_s3.settings import Settings

SETTINGS = Settings(bucket="bucket", add_record_metadata=False)
BEGIN = schema(id="string", profile_id="string", date="string")
BY = {"*": ("profile_id", "date")}


def load(name: str, *items: Any, **settings: Any) -> Run:
    chosen = {"format": name, "partition_by": BY} | settings
    return Run(replace(SETTINGS, **chosen)).feed([BEGIN, *items])


def row(id_: str, profile: str | None, day: int = 1) -> dict[str, Any]:
    return record(id=id_, profile_id=profile, date=f"2026-11-{day:02}")


def folders(run: Run) -> set[str]:
    return {key.rpartition("/")[0] for key in run.store.objects}


@pytest.mark.parametrize("name", ["jsonl", "jsonl.gz", "csv", "csv.gz", "parquet"])
def test_each_value_has_a_folder_and_duckdb_reads_them(
    name: str, tmp_path: Path
) -> None:
    run = load(name, row("a", "1"), row("b", "2"), row("c", "1", 2), row("d", "1"))
    assert folders(run) == {
        "campaigns/profile_id=1/date=2026-11-01",
        "campaigns/profile_id=2/date=2026-11-01",
        "campaigns/profile_id=1/date=2026-11-02",
    }
    for key, content in run.store.objects.items():
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        columns = read_rows(key, content)[0].keys()
        assert ("date" in columns) == name.startswith("jsonl")
    reader = {"j": "read_json", "c": "read_csv", "p": "read_parquet"}[name[0]]
    found = duckdb.execute(
        f"select id, profile_id::varchar, date::varchar from {reader}("  # noqa: S608
        f"'{tmp_path}/**/*.{name}', hive_partitioning = true) order by id"
    ).fetchall()
    assert found == [
        ("a", "1", "2026-11-01"),
        ("b", "2", "2026-11-01"),
        ("c", "1", "2026-11-02"),
        ("d", "1", "2026-11-01"),
    ]


def test_values_that_no_folder_can_have_are_quoted() -> None:
    run = load("jsonl", row("a", "x/y=../z é"), row("b", None), row("c", ""))
    assert {f.split("/")[1] for f in folders(run)} == {
        "profile_id=x%2Fy%3D..%2Fz%20%C3%A9",
        "profile_id=__HIVE_DEFAULT_PARTITION__",
    }
    with pytest.raises(FormatError, match="too long for the name of a folder") as error:
        load("jsonl", row("a", "private" * 100))
    assert "private" not in str(error.value)


def test_few_objects_are_open_at_once_and_nothing_is_lost() -> None:
    run = Run(replace(SETTINGS, format="jsonl", partition_by=BY))
    objects, most = run.objects, 0
    assert isinstance(objects, OpenObjects)
    new_file = objects.new_file

    def watch() -> Any:
        nonlocal most
        most = max(most, len(objects._open) + 1)
        return new_file()

    objects.new_file = watch  # type: ignore[method-assign] # a spy
    profiles = [str(n) for n in range(MAX_OPEN + 50)]
    rows = [row(f"{n}-{profile}", profile) for n in range(2) for profile in profiles]
    run.feed([BEGIN, *rows, state(1)])
    assert most == MAX_OPEN
    found = [json.loads(x) for o in run.store.objects.values() for x in o.splitlines()]
    assert sorted(r["id"] for r in found) == sorted(r["record"]["id"] for r in rows)
    assert [s for _, s in run.states] == [{"bookmarks": 1}]
    [output] = run.router_outputs()
    assert not output.parts


def test_a_new_schema_ends_the_objects_of_all_folders() -> None:
    wider = schema(id="string", profile_id="string", date="string", more="string")
    new = record(id="c", profile_id="1", date="2026-11-01", more="x")
    run = load("csv", row("a", "1"), row("b", "2"), wider, new)
    assert len(run.store.objects) == 3
    assert b"id,more\nc,x\n" in run.store.objects.values()


def test_a_column_named_for_a_stream_that_lacks_it_is_a_sentence() -> None:
    with pytest.raises(FormatError, match="Stream campaigns has no column 'moon'"):
        load("jsonl", partition_by={"campaigns": ("moon",)})
    run = load("jsonl", row("a", "1"), partition_by={"*": ("moon", "profile_id")})
    assert folders(run) == {"campaigns/profile_id=1"}
