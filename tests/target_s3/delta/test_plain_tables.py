"""Plain appends: files and log of our own, as deltalake and its rules see them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, QueryBuilder, Schema, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from support.s3.delta import DeltaRun, FolderStore, row, rows_of, schema, state
from target_s3.delta import appends
from target_s3.delta.appends import AppendingTables
from target_s3.delta.log.data_files import data_files
from target_s3.delta.log.schema import columns_in, schema_text
from target_s3.delta.log.statistics import stats_of
from target_s3.delta.log.table_log import TableLog
from target_s3.delta.tables import DeltaTables
from target_s3.delta.transactions import Commit
from target_s3.errors import StoreError
from target_s3.formats.arrow import arrow_schema
from target_s3.formats.columns import Column, ColumnKind

NUMBER = Column("n", ColumnKind.INTEGER)
TEXT = Column("s", ColumnKind.TEXT)
UTC = timezone.utc


def tables(
    store: FolderStore | None = None, others: Callable[[], Any] | None = None
) -> AppendingTables:
    def nobody() -> Any:
        pytest.fail("deltalake was asked")

    return AppendingTables(
        store or FolderStore(),
        "",
        others or nobody,
        tempfile.TemporaryFile,
        sleep=lambda _: None,
    )


def commit(folder: Path, numbers: Sequence[int], *more: Column) -> Commit:
    def batches(columns: tuple[Column, ...]) -> Iterator[Any]:
        rows = [{"n": number} for number in numbers]
        yield pa.RecordBatch.from_pylist(rows, schema=arrow_schema(columns))

    return Commit("numbers", str(folder / "t"), (NUMBER, *more), batches)


def numbers(folder: Path) -> list[int]:
    return sorted(found["n"] for found in rows_of(str(folder / "t")))


def append_run(folder: Path, *items: Any, **more: Any) -> DeltaRun:
    run = DeltaRun(folder, write_mode="append", **more)
    return run.finish(schema(), *items, state(1))


# --- who does it ---------------------------------------------------------------


def test_rows_that_are_only_added_do_not_need_deltalake(tmp_path: Path) -> None:
    for id_ in "ab":
        assert append_run(tmp_path, row(1, id_)).deltalake_calls == 0
    assert [found["id"] for found in rows_of(str(tmp_path / "campaigns"))] == ["a", "b"]


@pytest.mark.parametrize(
    "made",
    [
        {"configuration": {"delta.appendOnly": "true"}},
        {"partition_by": ["date"]},
        {"schema": pa.schema([pa.field("id", pa.string(), nullable=False)])},
        {"schema": pa.schema([pa.field("id", pa.large_string(), metadata={"a": "b"})])},
        {"schema": pa.schema([("id", pa.string()), ("few", pa.int32())])},
    ],
)
def test_tables_with_rules_of_their_own_are_left_to_deltalake(
    made: dict[str, Any], tmp_path: Path
) -> None:
    kinds = pa.schema([("id", pa.string()), ("date", pa.date32())])
    DeltaTable.create(str(tmp_path / "campaigns"), **{"schema": kinds, **made})
    run = append_run(tmp_path, row(1, "a"))
    assert run.deltalake_calls == 1
    assert [found["id"] for found in run.rows()] == ["a"]


def test_replacements_of_deltalake_and_appends_follow_each_other(
    tmp_path: Path,
) -> None:
    append_run(tmp_path, row(1, "a"), row(2, "b"))
    DeltaRun(tmp_path).finish(schema(), row(1, "c"), state(1))
    run = append_run(tmp_path, row(3, "d"))
    assert sorted(found["id"] for found in run.rows()) == ["b", "c", "d"]
    table = DeltaTable(str(tmp_path / "campaigns"))
    assert table.version() == 3
    assert [entry["operation"] for entry in table.history()] == [
        *("WRITE", "WRITE", "WRITE", "CREATE TABLE")
    ]
    table.load_as_version(1)
    old = table.to_pyarrow_table().to_pylist()
    assert sorted(found["id"] for found in old) == ["a", "b"]


# --- several programs ------------------------------------------------------------


def test_two_programs_lose_nothing(tmp_path: Path) -> None:
    one, other = tables(), tables()
    for program, number in ((one, 1), (other, 2), (one, 3), (one, 4), (other, 5)):
        program.commit(commit(tmp_path, [number]))
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]


def test_a_column_that_another_program_adds_is_seen(tmp_path: Path) -> None:
    one, other = tables(), tables()
    one.commit(commit(tmp_path, [1]))
    other.commit(commit(tmp_path, [2], TEXT))
    one.commit(commit(tmp_path, [3]))
    assert numbers(tmp_path) == [1, 2, 3]
    fields = DeltaTable(str(tmp_path / "t")).schema().fields
    assert [field.name for field in fields] == ["n", "s"]


class Forgetful(FolderStore):
    """Stores, and says it has not, as after an answer that was lost."""

    def put_new(self, key: str, data: bytes) -> bool:
        super().put_new(key, data)
        return False


def test_a_commit_whose_answer_was_lost_is_made_once(tmp_path: Path) -> None:
    store = Forgetful()
    store.put = FolderStore().put  # type: ignore[method-assign]
    tables(store).commit(commit(tmp_path, [1]))
    assert numbers(tmp_path) == [1]


class Refusing(FolderStore):
    """Always has another program that is about to make the same version."""

    def put_new(self, key: str, data: bytes) -> bool:
        return "_delta_log" not in key and super().put_new(key, data)


def test_endless_conflicts_are_a_sentence(tmp_path: Path) -> None:
    tables().commit(commit(tmp_path, [1]))
    with pytest.raises(StoreError, match=r"numbers: .* commit to it all the time"):
        tables(Refusing()).commit(commit(tmp_path, [2]))
    assert numbers(tmp_path) == [1]


# --- checkpoints -----------------------------------------------------------------


def test_a_long_log_is_summed_up_and_read_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appends, "_CHECKPOINT_EVERY", 4)
    first = tables(others=lambda: DeltaTables(dict))
    for number in range(4):
        first.commit(commit(tmp_path, [number]))
    log = tmp_path / "t" / "_delta_log"
    assert (log / f"{3:020}.checkpoint.parquet").exists()
    for version in range(4):
        (log / f"{version:020}.json").unlink()
    tables().commit(commit(tmp_path, [9]))
    assert numbers(tmp_path) == [0, 1, 2, 3, 9]


def test_a_log_with_a_gap_is_left_to_deltalake(tmp_path: Path) -> None:
    for number in range(3):
        tables().commit(commit(tmp_path, [number]))
    (tmp_path / "t" / "_delta_log" / f"{1:020}.json").unlink()
    with pytest.raises(pytest.fail.Exception, match="deltalake was asked"):
        tables().commit(commit(tmp_path, [9]))


def test_a_checkpoint_that_cannot_be_read_is_left_to_deltalake(tmp_path: Path) -> None:
    tables().commit(commit(tmp_path, [1]))
    log = tmp_path / "t" / "_delta_log"
    (log / f"{0:020}.json").unlink()
    (log / "_last_checkpoint").write_text('{"version": 0}')
    (log / f"{0:020}.checkpoint.parquet").write_bytes(b"no parquet")
    with pytest.raises(pytest.fail.Exception, match="deltalake was asked"):
        tables().commit(commit(tmp_path, [9]))


# --- what the log says -------------------------------------------------------------


def test_a_new_table_is_described_as_deltalake_does_it(tmp_path: Path) -> None:
    columns = (
        *(Column(kind.value, kind) for kind in list(ColumnKind)[:6]),
        Column("dec", ColumnKind.DECIMAL, digits=(20, 4)),
        Column("o", ColumnKind.OBJECT, (TEXT, NUMBER)),
        Column("l", ColumnKind.LIST, (Column("element", ColumnKind.OBJECT, (TEXT,)),)),
    )
    described = json.loads(Schema.from_arrow(arrow_schema(columns)).to_json())
    assert json.loads(schema_text(columns)) == described
    assert columns_in(schema_text(columns)) == columns
    DeltaTable.create(str(tmp_path / "theirs"), arrow_schema(columns))
    made = Commit("s", str(tmp_path / "ours"), columns, lambda _: iter(()))
    tables().commit(made)
    theirs, ours = (DeltaTable(str(tmp_path / name)) for name in ("theirs", "ours"))
    assert ours.schema() == theirs.schema()
    assert ours.protocol() == theirs.protocol()
    found = TableLog(FolderStore(), str(tmp_path / "theirs"), tempfile.TemporaryFile)
    table = found.read()
    assert table is not None
    assert table.columns == columns


ROWS = [
    {
        "s": "a" * 100,
        "n": 1,
        "f": -0.5,
        "b": True,
        "t": datetime(2026, 1, 1, 1, 2, 3, 456789, UTC),
        "c": Decimal("12345678901234567890.5"),
        "o": {"x": 1, "y": None},
        "l": [1],
    },
    {
        "s": "\U0010ffff" * 70,
        "n": 2**62 + 1,
        "f": 1e300,
        "b": False,
        "t": datetime(1960, 1, 1, tzinfo=UTC),
    },
    {},
]
TYPES = pa.schema(
    [
        ("s", pa.string()),
        ("n", pa.int64()),
        ("f", pa.float64()),
        ("b", pa.bool_()),
        ("t", pa.timestamp("us", "UTC")),
        ("c", pa.decimal128(38, 9)),
        ("o", pa.struct([("x", pa.int64()), ("y", pa.string())])),
        ("l", pa.list_(pa.int64())),
        ("all.null", pa.string()),
    ]
)


def described_columns() -> tuple[Column, ...]:
    found = columns_in(Schema.from_arrow(TYPES).to_json())
    assert found is not None
    return found


def test_statistics_are_those_of_deltalake_or_exacter(tmp_path: Path) -> None:
    data = pa.Table.from_pylist(ROWS, schema=TYPES)
    write_deltalake(str(tmp_path), data)
    [line] = (tmp_path / "_delta_log" / f"{0:020}.json").read_text().splitlines()[-1:]
    theirs = json.loads(json.loads(line)["add"]["stats"])
    [(_, file)] = data_files(
        data.to_batches(), described_columns(), tempfile.TemporaryFile
    )
    ours = json.loads(file.stats, parse_float=Decimal)
    exact = Decimal("12345678901234567890.500000000")
    assert (ours["minValues"].pop("c"), ours["maxValues"].pop("c")) == (exact, exact)
    assert ours["maxValues"].pop("t") == "2026-01-01T01:02:03.457Z"
    assert ours["minValues"].pop("t") == "1960-01-01T00:00:00.000Z"
    for side, name in (
        *(("minValues", name) for name in "ct"),
        *(("maxValues", name) for name in "ct"),
    ):
        del theirs[side][name]
    assert json.loads(json.dumps(ours, default=float)) == theirs


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "s": st.text(st.sampled_from("ab\ud7ff\ue000\U0010ffff"), max_size=70),
                "n": st.integers(-(2**63), 2**63 - 1),
                "f": st.floats(allow_nan=False, allow_infinity=False),
                "t": st.datetimes(timezones=st.just(UTC)),
                "c": st.decimals(-(10**28), 10**28, places=9),
            },
        ),
        min_size=1,
        max_size=5,
    )
)
def test_no_value_is_outside_its_bounds(rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryFile() as file:
        pq.write_table(pa.Table.from_pylist(rows, schema=TYPES), file)
        metadata = pq.read_metadata(file)
        found = json.loads(stats_of(described_columns(), metadata), parse_float=Decimal)
    read: dict[str, Callable[[Any], Any]] = {"f": float, "t": _time}
    for name in "snftc":
        values = [row[name] for row in rows if row.get(name) is not None]
        assert found["nullCount"][name] == len(rows) - len(values)
        if values:
            as_value = read.get(name, _same)
            low, high = found["minValues"][name], found["maxValues"].get(name)
            assert as_value(low) <= min(values)
            assert high is None or as_value(high) >= max(values)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z") + "+00:00")


def _same(value: Any) -> Any:
    return value


def test_a_year_that_python_does_not_know_has_no_bounds() -> None:
    column = Column("d", ColumnKind.DATE)
    days = pa.array([-719_800], pa.int32()).cast(pa.date32())
    batch = pa.RecordBatch.from_arrays([days], schema=arrow_schema([column]))
    [(_, file)] = data_files([batch], [column], tempfile.TemporaryFile)
    assert json.loads(file.stats)["minValues"] == {}


def test_readers_skip_files_and_find_every_row(tmp_path: Path) -> None:
    program = tables()
    for start in (0, 10, 20):
        program.commit(commit(tmp_path, range(start, start + 10)))
    table = DeltaTable(str(tmp_path / "t"))
    found = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    assert sorted((f["min.n"], f["max.n"], f["num_records"]) for f in found) == [
        *((0, 9, 10), (10, 19, 10), (20, 29, 10))
    ]
    reader = QueryBuilder().register("t", table)
    query = "select n from t where n between 9 and 10 order by n"
    assert pa.table(reader.execute(query)).column("n").to_pylist() == [9, 10]


def test_many_rows_become_several_files() -> None:
    batches = [
        pa.RecordBatch.from_pydict({"n": [*range(start, start + 15_000)]})
        for start in range(0, 90_000, 15_000)
    ]
    found: list[int] = []
    for file, described in data_files(batches, [NUMBER], tempfile.TemporaryFile, 1):
        read = pq.read_table(file)
        assert (described.rows, described.size) == (read.num_rows, file.seek(0, 2))
        found += read.column("n").to_pylist()
    assert found == [*range(90_000)]
    assert list(data_files([], [NUMBER], tempfile.TemporaryFile)) == []
