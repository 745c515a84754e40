"""Tables that change their columns, are partitioned, or cannot be written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from singer_amazon.errors import AmazonError
from support.s3.delta import (
    COLUMNS,
    MANIFEST_SCHEMA,
    DeltaRun,
    manifest,
    row,
    schema,
    state,
)
from target_s3.errors import FormatError, StoreError


def load(
    folder: Path,
    columns: Mapping[str, Any],
    *records: Mapping[str, Any],
    **settings: Any,
) -> DeltaRun:
    messages = [
        {"type": "RECORD", "stream": "campaigns", "record": {"profile_id": "1", **r}}
        for r in records
    ]
    described = schema(
        columns={"profile_id": {"type": "string"}, **columns},
        replace_by=("profile_id",),
    )
    run = DeltaRun(folder, **{"write_mode": "append", **settings})
    return run.finish(described, *messages, state(1))


def values(run: DeltaRun, column: str) -> list[Any]:
    return [found.get(column) for found in run.rows()]


def test_types_of_a_table(tmp_path: Path) -> None:
    columns = {
        "at": {"type": "string", "format": "date-time"},
        "cost": {"type": "string", "format": "singer.decimal", "scale": 2},
        "more": {"type": "object", "properties": {"a": {"type": "integer"}}},
    }
    at = "2026-11-01T10:00:00Z"
    run = load(tmp_path, columns, {"at": at, "cost": "1.10", "more": {"a": 5}})
    assert run.rows() == [
        {
            "profile_id": "1",
            "at": datetime(2026, 11, 1, 10, tzinfo=timezone.utc),
            "cost": Decimal("1.10"),
            "more": {"a": 5},
        }
    ]


@pytest.mark.parametrize("mode", ["append", "replace"])
def test_a_new_column_and_a_new_field_are_added(tmp_path: Path, mode: str) -> None:
    inner = {"a": {"type": "integer"}}
    load(tmp_path, {"o": {"type": "object", "properties": inner}}, {"o": {"a": 1}})
    wider = {"type": "object", "properties": inner | {"b": {"type": "string"}}}
    columns = {"o": wider, "new": {"type": "string"}}
    run = load(tmp_path, columns, {"o": {"b": "x"}, "new": "y"}, write_mode=mode)
    assert {"profile_id": "1", "o": {"a": None, "b": "x"}, "new": "y"} in run.rows()
    assert len(run.rows()) == (2 if mode == "append" else 1)


def test_a_column_that_is_not_selected_any_more_stays(tmp_path: Path) -> None:
    load(tmp_path, {"n": {"type": "integer"}}, {"n": 1})
    run = load(tmp_path, {}, {})
    assert sorted(map(str, values(run, "n"))) == ["1", "None"]


def test_integers_widen_to_numbers_and_stay_so(tmp_path: Path) -> None:
    load(tmp_path, {"n": {"type": "integer"}}, {"n": 1})
    load(tmp_path, {"n": {"type": "number"}}, {"n": 2.5})
    run = load(tmp_path, {"n": {"type": "integer"}}, {"n": 3})
    assert sorted(values(run, "n")) == [1.0, 2.5, 3.0]


def test_decimals_widen(tmp_path: Path) -> None:
    def cost(precision: int, scale: int) -> dict[str, Any]:
        return {"type": "string", "format": "singer.decimal"} | {
            "precision": precision,
            "scale": scale,
        }

    load(tmp_path, {"c": cost(5, 2)}, {"c": "123.45"})
    run = load(tmp_path, {"c": cost(6, 4)}, {"c": "1.2345"})
    assert sorted(values(run, "c")) == [Decimal("1.2345"), Decimal("123.4500")]


def test_a_number_too_long_to_widen_leaves_the_table(tmp_path: Path) -> None:
    load(tmp_path, {"n": {"type": "integer"}}, {"n": 2**53 + 1})
    with pytest.raises(FormatError, match="cannot hold exactly"):
        load(tmp_path, {"n": {"type": "number"}}, {"n": 2.5})
    assert values(load(tmp_path, {"n": {"type": "integer"}}), "n") == [2**53 + 1]


def test_a_type_that_cannot_widen_is_a_sentence(tmp_path: Path) -> None:
    load(tmp_path, {"n": {"type": "integer"}}, {"n": 1})
    with pytest.raises(FormatError) as caught:
        load(tmp_path, {"n": {"type": "string"}}, {"n": "private"})
    sentence = str(caught.value)
    assert "column n is integer in the table and text in the SCHEMA" in sentence
    assert "another prefix" in sentence


def test_a_value_that_does_not_fit_is_a_sentence_and_holds_the_state(
    tmp_path: Path,
) -> None:
    run = DeltaRun(tmp_path, write_mode="append").take(schema(), row(1, "a"))
    record = {**row(2, "b")["record"], "clicks": "private"}
    run.take({"type": "RECORD", "stream": "campaigns", "record": record}, state(1))
    with pytest.raises(FormatError, match="declared integer by its SCHEMA") as caught:
        run.finish()
    assert "private" not in str(caught.value)
    assert run.states == []
    assert run.rows() == []


def test_folders_of_a_partitioned_table(tmp_path: Path) -> None:
    chosen = {"*": ("profile_id", "date", "not there")}
    items = (row(1, "a"), row(2, "b", profile="x/y"), state(1))
    for _ in range(2):
        run = DeltaRun(tmp_path, partition_by=chosen)
        run.finish(schema(), *items)
    table = DeltaTable(str(tmp_path / "campaigns"))
    assert table.metadata().partition_columns == ["profile_id", "date"]
    assert (tmp_path / "campaigns" / "profile_id=1" / "date=2026-11-01").is_dir()
    assert [r["id"] for r in run.rows()] == ["a", "b"]


def test_a_partition_column_that_a_stream_lacks_is_a_sentence(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path, partition_by={"campaigns": ("moon",)})
    with pytest.raises(FormatError, match="no column 'moon' to be partitioned by"):
        run.finish(schema(), row(1, "a"), state(1))


def test_a_column_replaced_by_that_a_stream_lacks_is_a_sentence(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path, replace_by={"campaigns": ("moon",)})
    with pytest.raises(AmazonError, match="no column 'moon', which replace_by names"):
        run.finish(schema(), row(1, "a"), state(1))


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "campaigns").write_text("a file")
    run = DeltaRun(tmp_path).take(schema(), row(1, "a"), state(1))
    with pytest.raises(StoreError, match=r"Stream campaigns: the table .* not written"):
        run.finish()
    assert run.states == []


def test_old_rows_are_committed_when_their_time_has_come(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path).take(schema(), row(1, "a"), state(1))
    run.streams.close_aged(run.settings.max_age_seconds - 1)
    assert run.rows() == []
    run.streams.close_aged(run.settings.max_age_seconds)
    assert len(run.rows()) == 1
    run.streams.discard_all()


def test_many_rows_are_committed_at_the_next_state(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path, max_rows=3)
    rows = [row(1, str(n)) for n in range(5)]
    run.take(MANIFEST_SCHEMA, schema(), *rows, manifest(1, 5))
    assert run.rows() == []
    run.take(state(1))
    assert len(run.rows()) == 5
    run.streams.discard_all()


def test_a_full_spool_is_a_sentence_where_nothing_may_be_written(
    tmp_path: Path,
) -> None:
    run = DeltaRun(tmp_path, spool_max_bytes=1000)
    run.take(schema(), *(row(1, "x" * 1000) for _ in range(300)))
    assert run.streams.disk_bytes > 1000
    with pytest.raises(AmazonError, match="raise spool_max_bytes"):
        run.streams.close_largest()
    run.streams.discard_all()
    assert run.rows() == []


def test_columns_have_no_say_in_their_order(tmp_path: Path) -> None:
    reverse = dict(sorted(COLUMNS.items(), reverse=True))
    DeltaRun(tmp_path).finish(schema(), row(1, "a"), state(1))
    run = DeltaRun(tmp_path).finish(schema(columns=reverse), row(2, "b"), state(1))
    assert [r["id"] for r in run.rows()] == ["a", "b"]
