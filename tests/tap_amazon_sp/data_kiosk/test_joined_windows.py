"""Windows that take several queries: their rows are joined before any is out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amazon_emulator import Emulator
from singer_amazon.errors import DocumentError
from support.sp.killed_runs import run_killed
from support.sp.runs import Json, partitions, run, settings
from tap_amazon_sp.data_kiosk.rows.row_join import RowJoin
from tap_amazon_sp.data_kiosk.streams import KioskStream
from tap_amazon_sp.tap import TapAmazonSp

ANALYTICS = "data_kiosk_seller_analytics"
WEEKS: Json = {
    "start_date": "2026-11-08",
    "end_date": "2026-11-14",
    "report_options": {ANALYTICS: {"date_granularity": "WEEK"}},
}
"""One week, asked for by two queries."""
NO_LENDER = ["lending"]


def queries(emulator: Emulator) -> list[str]:
    found = emulator.client.statistics().sp_queries
    return [str(query.body["query"]) for query in found]


def state_of(state: Json) -> Json:
    (found,) = partitions(state, ANALYTICS)
    return found


# --- the join --------------------------------------------------------------

names = st.sampled_from(["a", "b", "c", "d"])
part = st.dictionaries(names, st.integers(0, 9), max_size=4)


@given(st.lists(part, min_size=1, max_size=4))
def test_a_join_has_every_key_once_with_all_its_fields(
    tmp_path_factory: pytest.TempPathFactory, documents: list[dict[str, int]]
) -> None:
    join = RowJoin(tmp_path_factory.mktemp("join") / "rows", [("key",)])
    for number, found in enumerate(documents):
        rows = [{"key": k, "m": {f"v{number}": v}} for k, v in found.items()]
        join.begin(number)
        join.take(number, {"line": 1}, msgspec.json.encode(rows))
    lines: list[Any] = []
    pieces = join.joined(lines.append, json.loads)
    expected: dict[str, Json] = {}
    for number, found in enumerate(documents):
        for key, value in found.items():
            expected.setdefault(key, {})[f"v{number}"] = value
    assert [row for piece in pieces for row in piece] == [
        {"key": key, "m": expected[key]} for key in sorted(expected)
    ]
    assert lines == ([{"line": 1}] if expected else [])
    join.close()
    assert not join.path.exists()


def test_a_document_taken_again_counts_once_and_repeats_stay(tmp_path: Path) -> None:
    join = RowJoin(tmp_path / "rows", [("key",)])
    for _ in range(2):  # the second time it is whole
        join.begin(1)
        join.take(1, {}, b'[{"key":"a","x":1},{"key":"a","x":2}]')
    join.begin(2)
    join.take(2, {}, b'[{"key":"a","y":null,"x":null}]')
    found = [row for piece in join.joined(lambda _: None, json.loads) for row in piece]
    assert found == [{"key": "a", "x": 1, "y": None}, {"key": "a", "x": 2}]


def test_a_row_that_is_no_object_is_damage(tmp_path: Path) -> None:
    join = RowJoin(tmp_path / "rows", [("key",)])
    with pytest.raises(DocumentError, match="not an object"):
        join.take(1, {}, b"[null]")


# --- runs ------------------------------------------------------------------


def test_a_week_is_asked_for_in_two_queries_under_the_limit(emulator: Emulator) -> None:
    ended = run(emulator, ANALYTICS, **WEEKS)
    assert ended.code == 0
    texts = queries(emulator)
    assert len(texts) == 2
    assert 8000 < sum(map(len, texts)) < 2 * 8000 > 2 * max(map(len, texts))
    row = ended.rows()[0]
    assert row["accountHealth"]["accountHealthOrderCount"]["timeRangeBenchmarking"]
    assert row["search"]["catalog"]["clickRate"]["timeRangeBenchmarking"]
    assert "monthOverMonth" not in "".join(texts)


KILLS = [(3, True), (6, True), (9, False), (9, True), (14, False)]


@pytest.mark.parametrize(("call", "after_it"), KILLS)
def test_a_killed_run_loses_and_asks_nothing_twice(
    emulator: Emulator, call: int, *, after_it: bool
) -> None:
    """Two queries of two pages each: nothing is out before the last is read.

    The calls are the create of the first query, of its second page, of the second query
    (and its first poll), of its second page, and the address of the last document.
    """
    emulator.client.change(sp_kiosk_lines_per_page=3, sp_kiosk_split_lines=True)
    changes: Json = {**WEEKS, "without": NO_LENDER}
    killed = run_killed(emulator, ANALYTICS, call, after_it=after_it, **changes)
    assert killed.calls == call
    assert killed.rows == []
    ended = run(emulator, ANALYTICS, state=killed.state, **changes)
    assert ended.code == 0
    assert len({row["asin"] for row in ended.rows()}) == len(ended.rows()) == 5
    assert all(row["search"] and row["sales"] for row in ended.rows())
    state = state_of(ended.state)
    assert state["replication_key_value"] == "2026-11-14"
    assert "pending_reports" not in state
    assert len(queries(emulator)) == 4


def test_a_run_killed_while_it_takes_up_queries_leaves_them_to_the_next(
    emulator: Emulator,
) -> None:
    emulator.client.change(sp_kiosk_lines_per_page=3, sp_kiosk_split_lines=True)
    changes: Json = {**WEEKS, "without": NO_LENDER}
    first = run_killed(emulator, ANALYTICS, 14, after_it=False, **changes)
    (pending,) = state_of(first.state)["pending_reports"]
    assert len(pending["before"]) == 3
    second = run_killed(
        emulator, ANALYTICS, 4, after_it=True, state=first.state, **changes
    )
    (again,) = state_of(second.state)["pending_reports"]
    assert again == pending
    ended = run(emulator, ANALYTICS, state=second.state, **changes)
    assert len(ended.rows()) == 5
    assert len(queries(emulator)) == 4


def test_the_bookmark_waits_for_the_last_query(emulator: Emulator) -> None:
    emulator.client.add_fault("fatal", operation="create_query", skip=1)
    first = run(emulator, ANALYTICS, without=NO_LENDER, **WEEKS)
    assert first.code == 1
    assert first.rows() == []
    (gap,) = state_of(first.state)["gaps"]
    assert gap["start"] == "2026-11-08"
    assert "pending_reports" not in state_of(first.state)
    emulator.client.clear_faults()
    second = run(emulator, ANALYTICS, without=NO_LENDER, state=first.state, **WEEKS)
    assert second.code == 0
    assert len(second.rows()) == 5
    assert all(row["search"] and row["sales"] for row in second.rows())
    assert state_of(second.state)["replication_key_value"] == "2026-11-14"


def test_a_damaged_document_is_downloaded_again_not_the_others(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("cut_line", operation="create_query", skip=1, times=1)
    ended = run(emulator, ANALYTICS, without=NO_LENDER, **WEEKS)
    assert ended.code == 1
    assert "it is cut" in ended.logged[-1].getMessage()
    assert emulator.client.statistics().count("get_document") == 1 + 2
    assert ended.rows() == []


def test_a_query_without_data_leaves_its_columns_empty(emulator: Emulator) -> None:
    emulator.client.add_fault("no_document", operation="create_query", times=1)
    ended = run(emulator, ANALYTICS, without=NO_LENDER, **WEEKS)
    assert ended.code == 0
    assert len(ended.rows()) > 0
    assert all(row["search"] and not row["sales"] for row in ended.rows())


def test_fields_for_lenders_are_left_out_with_one_warning(emulator: Emulator) -> None:
    ended = run(emulator, ANALYTICS, **WEEKS)
    warnings = [r.getMessage() for r in ended.logged if "refuses the fields" in r.msg]
    assert len(warnings) == 1
    assert "lending" in warnings[0]
    assert all(row["lending"] is None for row in ended.rows())
    emulator.client.reset()
    emulator.client.clear_faults()
    run(emulator, ANALYTICS, without=["lending"], **WEEKS)
    assert emulator.client.statistics().count("create_query", 403) == 0


@pytest.mark.parametrize("name", [ANALYTICS, f"{ANALYTICS}_totals"])
def test_columns_for_lenders_are_selected_by_name_only(
    emulator: Emulator, name: str
) -> None:
    stream = TapAmazonSp.open(settings(emulator)).streams[name]
    assert isinstance(stream, KioskStream)
    assert stream.metadata["properties", "lending"].selected_by_default is False
    assert "lending" not in stream.selected_columns
    assert "sellerAttributes" not in stream.selected_columns
    assert {"sales", "search"} <= set(stream.selected_columns)
