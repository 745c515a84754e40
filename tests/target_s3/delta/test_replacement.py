"""What a table holds after documents, manifests and STATEs, in every order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singer_amazon.errors import ConfigError
from support.s3.delta import (
    COLUMNS,
    MANIFEST_SCHEMA,
    DeltaRun,
    manifest,
    row,
    schema,
    state,
)

BEGIN = (MANIFEST_SCHEMA, schema())


def found(run: DeltaRun, stream: str = "campaigns") -> list[tuple[str, int, str, int]]:
    """The rows as (profile, day, id, clicks)."""
    return sorted(
        (r["profile_id"], r["date"].day, r["id"], r["clicks"]) for r in run.rows(stream)
    )


def test_a_day_read_again_leaves_no_duplicate_and_no_ghost(tmp_path: Path) -> None:
    first = (row(1, "a"), row(1, "b"), row(2, "c"), manifest(1, 2), manifest(2, 1))
    DeltaRun(tmp_path).finish(*BEGIN, *first, state(1))
    again = (row(1, "a", 5), manifest(1, 1), row(3, "d"), manifest(3, 1, "r2"))
    run = DeltaRun(tmp_path).finish(*BEGIN, *again, state(2))
    assert found(run) == [("1", 1, "a", 5), ("1", 2, "c", 1), ("1", 3, "d", 1)]
    assert run.states == [2]
    assert run.errors == []
    assert run.summary.streams["campaigns"].records == 2


def test_a_day_that_came_back_empty_is_emptied(tmp_path: Path) -> None:
    DeltaRun(tmp_path).finish(
        *BEGIN, row(1, "a"), manifest(1, 1), row(2, "b"), manifest(2, 1, "r2"), state(1)
    )
    run = DeltaRun(tmp_path).finish(*BEGIN, manifest(1, 0), state(2))
    assert found(run) == [("1", 2, "b", 1)]


def test_nothing_is_committed_before_a_state(tmp_path: Path) -> None:
    DeltaRun(tmp_path).finish(*BEGIN, row(1, "old"), manifest(1, 1), state(1))
    run = DeltaRun(tmp_path).take(*BEGIN, row(1, "new"), manifest(1, 1)).pause()
    assert found(run) == [("1", 1, "old", 1)]
    run.take(state(2)).pause()
    assert found(run) == [("1", 1, "new", 1)]
    assert run.states == [2]


def test_a_state_in_the_middle_of_a_document_commits_no_half(tmp_path: Path) -> None:
    DeltaRun(tmp_path).finish(*BEGIN, row(1, "old"), manifest(1, 1), state(1))
    run = DeltaRun(tmp_path).take(*BEGIN, row(1, "a"), state("pending ids")).pause()
    assert found(run) == [("1", 1, "old", 1)]
    assert run.states == []
    run.finish(row(1, "b"), manifest(1, 2), state(2))
    assert found(run) == [("1", 1, "a", 1), ("1", 1, "b", 1)]
    assert run.states == [2]


@pytest.mark.parametrize("count", [1, 3])
def test_counts_that_differ_leave_the_table_and_hold_the_state(
    tmp_path: Path, count: int
) -> None:
    DeltaRun(tmp_path).finish(*BEGIN, row(1, "old"), manifest(1, 1), state(1))
    run = DeltaRun(tmp_path).finish(
        *BEGIN,
        state("before"),
        row(1, "a"),
        row(1, "b"),
        manifest(1, count),
        row(2, "c"),
        manifest(2, 1, "r2"),
        state("after"),
    )
    assert found(run) == [("1", 1, "old", 1), ("1", 2, "c", 1)]
    assert run.states == ["before"]
    [sentence] = run.errors
    for words in (
        "Stream campaigns",
        "report r1",
        "profile_id 1, date 2026-11-01",
        f"{count} rows expected, 2 found",
    ):
        assert words in sentence
    assert run.summary.result == "partly"
    found_by_programs: Any = run.summary.as_dict()
    [failed] = found_by_programs["failed"]
    assert failed["window"] == "profile_id 1, date 2026-11-01"


def test_rows_that_no_manifest_names_are_not_written(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path).finish(*BEGIN, row(1, "a"), row(2, "b"), manifest(1, 1))
    assert run.rows() == []
    run = DeltaRun(tmp_path).finish(
        *BEGIN, row(1, "a"), row(2, "b"), manifest(1, 1), state(1)
    )
    assert "other values: 0 expected, 1 found" in run.errors[0]
    assert run.rows() == []


def test_the_end_without_a_state_is_no_success(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path).finish(*BEGIN, state(1), row(1, "a"), manifest(1, 1))
    assert run.rows() == []
    assert "the last 1 rows were not written" in run.errors[0]
    assert run.states == [1]
    stopped = DeltaRun(tmp_path).finish(*BEGIN, row(1, "a"), is_whole=False)
    assert (stopped.errors, stopped.rows()) == ([], [])


@pytest.mark.parametrize("is_between", [False, True])
def test_the_last_of_two_documents_for_a_day_wins_whole(
    tmp_path: Path, *, is_between: bool
) -> None:
    look_back = (row(1, "a"), row(1, "b"), row(2, "c"), manifest(1, 2), manifest(2, 1))
    new = (row(2, "d", 7), row(3, "e"), manifest(2, 1, "r2"), manifest(3, 1, "r2"))
    between = (state("between"),) if is_between else ()
    run = DeltaRun(tmp_path).take(*BEGIN, *look_back, *between)
    if is_between:
        run.pause()
    run.finish(*new, state("end"))
    assert found(run) == [
        ("1", 1, "a", 1),
        ("1", 1, "b", 1),
        ("1", 2, "d", 7),
        ("1", 3, "e", 1),
    ]
    assert run.states[-1] == "end"


def test_documents_of_several_streams_interleave(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path).finish(
        MANIFEST_SCHEMA,
        schema(),
        schema("products"),
        row(1, "a"),
        row(1, "x", stream="products"),
        row(1, "b"),
        manifest(1, 2, "r1"),
        row(1, "y", stream="products"),
        row(2, "c"),
        manifest(1, 2, "r9", stream="products"),
        manifest(2, 1, "r2"),
        state(1),
    )
    assert found(run) == [("1", 1, "a", 1), ("1", 1, "b", 1), ("1", 2, "c", 1)]
    assert [r[2] for r in found(run, "products")] == ["x", "y"]
    assert len(run.rows("report_days")) == 3
    assert run.errors == []


def test_the_first_manifest_may_come_after_the_first_rows(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path, max_rows=1)
    run.take(schema(), row(1, "a"), state("in the middle"), row(1, "b"))
    assert run.rows() == []
    run.take(MANIFEST_SCHEMA, manifest(1, 2), row(2, "c"), state("one whole"))
    assert [r[2] for r in found(run)] == ["a", "b"]
    run.finish(manifest(2, 1, "r2"), state("end"))
    assert [r[2] for r in found(run)] == ["a", "b", "c"]
    assert (run.errors, run.summary.notices, run.states) == ([], [], ["end"])


def test_a_document_that_broke_off_is_dropped(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path).finish(
        *BEGIN,
        row(1, "a"),
        manifest(1, 1, is_whole=False),
        row(1, "a"),
        row(1, "b"),
        manifest(1, 2, "r2"),
        state(1),
    )
    assert [r[2] for r in found(run)] == ["a", "b"]
    assert run.states == [1]


def test_rows_of_days_that_nobody_asked_for_are_added(tmp_path: Path) -> None:
    items = (row(1, "a"), row(9, "z"), manifest(1, 1), manifest(9, 1, covers=None))
    run = DeltaRun(tmp_path).finish(*BEGIN, row(9, "y"), manifest(9, 1), state(1))
    run = DeltaRun(tmp_path).finish(*BEGIN, *items, state(2))
    assert [r[2] for r in found(run)] == ["a", "y", "z"]


def test_without_a_manifest_values_that_occur_are_replaced_once_in_a_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begin = schema()
    DeltaRun(tmp_path).finish(begin, row(1, "old"), row(2, "kept"), state(1))
    run = DeltaRun(tmp_path).take(begin, row(1, "a"), state("in the middle")).pause()
    run.finish(row(1, "b"), row(3, "c"), state(2))
    assert [r[2] for r in found(run)] == ["a", "b", "kept", "c"]
    assert run.states == ["in the middle", 2]
    warnings = [
        r for r in caplog.records if "report_days does not come along" in r.message
    ]
    assert len(warnings) == 2  # one per run
    assert len(run.summary.notices) == 1


def test_a_choice_that_documents_do_not_cover_whole_is_refused(tmp_path: Path) -> None:
    run = DeltaRun(tmp_path, replace_by={"campaigns": ("date",)})
    with pytest.raises(ConfigError, match="Add profile_id to replace_by"):
        run.take(*BEGIN, row(1, "a"), manifest(1, 1))


def test_a_finer_choice_is_replaced_by_what_a_document_covers(tmp_path: Path) -> None:
    chosen = {"campaigns": ("profile_id", "date", "id")}
    DeltaRun(tmp_path).finish(*BEGIN, row(1, "old"), manifest(1, 1), state(1))
    run = DeltaRun(tmp_path, replace_by=chosen)
    run.finish(*BEGIN, row(1, "a"), manifest(1, 1), state(2))
    assert [r[2] for r in found(run)] == ["a"]


def test_without_any_choice_the_key_is_replaced_or_nothing(tmp_path: Path) -> None:
    plain = schema("profiles", {"profile_id": {"type": "string"}}, (), ("profile_id",))
    record = {"type": "RECORD", "stream": "profiles", "record": {"profile_id": "1"}}
    for _ in range(2):
        run = DeltaRun(tmp_path).finish(plain, record, state(1))
    assert run.rows("profiles") == [{"profile_id": "1"}]
    with pytest.raises(ConfigError, match="neither the tap nor the setting replace_by"):
        DeltaRun(tmp_path).take({**plain, "key_properties": []})
    added = DeltaRun(tmp_path, replace_by={"profiles": ()})
    assert len(added.finish(plain, record, state(1)).rows("profiles")) == 2


def test_append_adds_and_needs_no_state(tmp_path: Path) -> None:
    for _ in range(2):
        run = DeltaRun(tmp_path, write_mode="append").finish(schema(), row(1, "a"))
    assert found(run) == [("1", 1, "a", 1)] * 2


def test_a_manifest_of_another_shape_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="is not what write_mode replace needs"):
        DeltaRun(tmp_path).take(*BEGIN, manifest(1, "many"))  # type: ignore[arg-type]


def test_values_that_need_care_in_a_condition(tmp_path: Path) -> None:
    odd = 'O\'Brien "x" %_\\'
    for clicks in (1, 2):
        run = DeltaRun(tmp_path).finish(
            *BEGIN, row(1, "a", clicks, odd), manifest(1, 1, profile=odd), state(1)
        )
    assert found(run) == [(odd, 1, "a", 2)]


Documents = st.lists(
    st.tuples(
        st.sampled_from(["1", "2"]),
        st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True),
        st.integers(0, 2),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=15, deadline=None)
@given(runs=st.lists(Documents, min_size=1, max_size=2))
def test_the_table_is_the_last_truth(
    tmp_path_factory: pytest.TempPathFactory, runs: list[Any]
) -> None:
    """Random documents, look-backs and STATEs: each day is its last document's."""
    folder = tmp_path_factory.mktemp("delta")
    truth: dict[tuple[str, int], list[str]] = {}
    for documents in runs:
        run = DeltaRun(folder).take(*BEGIN)
        for number, (profile, days, rows, has_state) in enumerate(documents):
            report = f"r{number}"
            for day in days:
                ids = [f"{report}-{n}" for n in range(rows)]
                truth[profile, day] = ids
                run.take(*(row(day, id_, 1, profile) for id_ in ids))
            run.take(*(manifest(day, rows, report, profile) for day in days))
            if has_state:
                run.take(state(number)).pause()
        run.finish(state("end"))
        assert run.errors == []
        assert run.states[-1] == "end"
    expected = sorted((p, d, id_, 1) for (p, d), ids in truth.items() for id_ in ids)
    assert found(run) == expected


def test_columns_of_the_manifest_may_come_in_any_order(tmp_path: Path) -> None:
    covers = {"date": "2026-11-01", "profile_id": "1"}
    run = DeltaRun(tmp_path).finish(
        *BEGIN, row(1, "a"), manifest(1, 1, covers=covers), state(1)
    )
    assert run.rows()[0].keys() == COLUMNS.keys()
