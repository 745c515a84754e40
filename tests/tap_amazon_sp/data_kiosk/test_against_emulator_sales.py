"""Sales and traffic from Data Kiosk: the rows of the report, whatever happens."""

from __future__ import annotations

import pytest

from amazon_emulator import Emulator
from support.sp.killed_runs import run_killed
from support.sp.runs import BY_ASIN, BY_DATE, Json, Run, partitions, run

KIOSK: Json = {"sales_and_traffic_source": "data_kiosk", "start_date": "2026-11-12"}
LEVELS = {"sales_and_traffic": {"asin_granularity": "SKU"}}


def without_nulls(value: object) -> object:
    """Leave out what is null: a report leaves out what a query answers with null."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return value


def by_key(ended: Run, stream: str) -> dict[tuple[object, ...], object]:
    names = ended.key_names()[stream]
    return {
        tuple(row[name] for name in names): without_nulls(row)
        for row in ended.rows(stream)
    }


def bookmark(state: Json, stream: str) -> object:
    return partitions(state, stream)[0].get("replication_key_value")


def queries(emulator: Emulator) -> list[str]:
    """Return the texts of all queries ever created."""
    found = emulator.client.statistics().sp_queries
    return [str(query.body["query"]) for query in found]


# --- the same as the report ------------------------------------------------


@pytest.mark.parametrize("options", [{}, LEVELS], ids=["parents", "skus"])
def test_rows_keys_and_types_are_those_of_the_report(
    emulator: Emulator, options: Json
) -> None:
    ended = {}
    for source in ("report", "data_kiosk"):
        emulator.client.reset()
        changes = {**KIOSK, "sales_and_traffic_source": source}
        ended[source] = run(
            emulator, BY_DATE, BY_ASIN, report_options=options, **changes
        )
        assert ended[source].code == 0
    report, kiosk = ended["report"], ended["data_kiosk"]
    for stream in (BY_DATE, BY_ASIN):
        assert by_key(kiosk, stream) == by_key(report, stream)
        assert len(kiosk.rows(stream)) == len(by_key(kiosk, stream)) > 0
        assert (
            kiosk.schema(stream)["schema"]["properties"]
            == (report.schema(stream)["schema"]["properties"])
        )
        assert bookmark(kiosk.state, stream) == bookmark(report.state, stream)


def test_rows_are_the_truth_of_the_emulator(emulator: Emulator) -> None:
    ended = run(emulator, BY_ASIN, **KIOSK)
    found = {(r["window_start"], r["parentAsin"]): r for r in ended.rows(BY_ASIN)}
    truth = [
        line
        for text in queries(emulator)
        for line in emulator.client.kiosk_truth("acme-us", text)
    ]
    assert len(truth) == len(found)
    for line in truth:
        row = found[line["startDate"], line["parentAsin"]]
        assert row["salesByAsin"] == line["sales"]
        assert row["trafficByAsin"] == line["traffic"]


def test_only_selected_columns_are_asked_for(emulator: Emulator) -> None:
    ended = run(emulator, BY_DATE, without=["trafficByDate"], **KIOSK)
    (text,) = queries(emulator)
    assert "sales{" in text
    assert "traffic" not in text
    assert all("trafficByDate" not in row for row in ended.rows(BY_DATE))
    assert ended.rows(BY_DATE)[0]["salesByDate"]["unitsOrdered"] > 0


@pytest.mark.parametrize(
    "sources", [("report", "data_kiosk"), ("data_kiosk", "report")]
)
def test_a_state_moves_from_one_source_to_the_other(
    emulator: Emulator, sources: tuple[str, str]
) -> None:
    """No day is missing and none comes twice; what is restated comes once more."""
    before, after = ({**KIOSK, "sales_and_traffic_source": s} for s in sources)
    first = run(emulator, BY_DATE, BY_ASIN, **before, end_date="2026-11-15")
    second = run(
        emulator, BY_DATE, BY_ASIN, state=first.state, **after, lookback_days=0
    )
    for stream, column in ((BY_DATE, "date"), (BY_ASIN, "window_start")):
        days = [
            sorted({row[column] for row in ended.rows(stream)})
            for ended in (first, second)
        ]
        assert days[0] == [f"2026-11-{day}" for day in range(12, 16)]
        assert days[1] == [f"2026-11-{day}" for day in range(16, 19)]
        assert bookmark(second.state, stream) == "2026-11-18"


def test_a_pending_report_is_left_behind_when_the_source_changes(
    emulator: Emulator,
) -> None:
    """Its days are asked for anew: nothing is lost with it."""
    emulator.client.add_fault("stuck", operation="get_report")
    changes = {**KIOSK, "sales_and_traffic_source": "report"}
    first = run(emulator, BY_DATE, max_runtime_seconds=60, **changes)
    assert partitions(first.state, BY_DATE)[0]["pending_reports"]
    second = run(emulator, BY_DATE, state=first.state, **KIOSK)
    assert len(second.rows(BY_DATE)) == 7
    assert "pending_reports" not in partitions(second.state, BY_DATE)[0]


# --- result pages, and runs that are killed --------------------------------


SECOND_CREATE = 6
"""The sixth call: behind token, list, create, poll and the document's address."""
PAGED: Json = {**KIOSK, "start_date": "2026-11-16"}
"""Three days, a line each."""


def test_pages_are_read_one_after_another(emulator: Emulator) -> None:
    emulator.client.change(sp_kiosk_lines_per_page=1)
    ended = run(emulator, BY_DATE, **PAGED)
    assert [row["date"] for row in ended.rows(BY_DATE)] == [
        "2026-11-16",
        "2026-11-17",
        "2026-11-18",
    ]
    found = emulator.client.statistics().sp_queries
    assert ["paginationToken" in query.body for query in found] == [False, True, True]
    assert bookmark(ended.state, BY_DATE) == "2026-11-18"
    # the token stands in a state before its page is asked for
    texts = [str(message) for message in ended.of_type("STATE")]
    for query in found[1:]:
        assert any(query.body["paginationToken"] in text for text in texts)


def test_a_run_killed_at_any_call_loses_and_asks_nothing_twice(
    emulator: Emulator,
) -> None:
    calls = 1
    while True:
        for after_it in (False, True):
            emulator.client.reset()
            emulator.client.change(sp_kiosk_lines_per_page=1)
            state, rows, made = run_killed(
                emulator, BY_DATE, calls, after_it=after_it, **PAGED
            )
            ended = run(emulator, BY_DATE, state=state, **PAGED)
            assert ended.code == 0
            where = f"killed at call {calls} (after it: {after_it})"
            assert {row["date"] for row in rows + ended.rows(BY_DATE)} == {
                "2026-11-16",
                "2026-11-17",
                "2026-11-18",
            }, where
            assert bookmark(ended.state, BY_DATE) == "2026-11-18", where
            assert len(queries(emulator)) == 3, where
        if made < calls:
            break
        calls += 1
    assert calls > 10


def test_a_refused_page_token_begins_with_the_first_page_again(
    emulator: Emulator,
) -> None:
    emulator.client.change(sp_kiosk_lines_per_page=1)
    state, _, _ = run_killed(emulator, BY_DATE, SECOND_CREATE, after_it=False, **PAGED)
    (pending,) = partitions(state, BY_DATE)[0]["pending_reports"]
    pending["next_page"]["token"] = "ended"
    ended = run(emulator, BY_DATE, state=state, **PAGED)
    assert ended.code == 0
    assert len({row["date"] for row in ended.rows(BY_DATE)}) == 3
    assert bookmark(ended.state, BY_DATE) == "2026-11-18"
    assert "pending_reports" not in partitions(ended.state, BY_DATE)[0]


# --- what Amazon may answer ------------------------------------------------


def test_refused_fields_are_left_out_once_with_a_warning(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "denied_fields",
        operation="create_query",
        fields=["sales.unitsOrderedB2B", "traffic"],
        times=1000,
    )
    ended = run(emulator, BY_ASIN, **KIOSK)
    assert ended.code == 0
    assert len(ended.rows(BY_ASIN)) == 21
    row = ended.rows(BY_ASIN)[0]
    assert "unitsOrderedB2B" not in row["salesByAsin"]
    assert row["trafficByAsin"] is None
    warnings = [r.getMessage() for r in ended.logged if "refuses the fields" in r.msg]
    assert len(warnings) == 1
    assert "sales.unitsOrderedB2B" in warnings[0]
    statistics = emulator.client.statistics()
    assert statistics.count("create_query", 403) == 1


def test_a_refused_key_field_fails_with_a_sentence(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "denied_fields", operation="create_query", fields=["parentAsin"], times=1000
    )
    ended = run(emulator, BY_ASIN, **KIOSK)
    assert ended.code == 1
    assert "parentAsin" in ended.logged[-1].getMessage()
    assert bookmark(ended.state, BY_ASIN) is None if ended.state else True


@pytest.mark.parametrize(
    ("fault", "more", "code", "words"),
    [
        ("no_document", {}, 0, "Amazon has no data for these dates"),
        ("error_document", {"details": "no such days"}, 1, "no such days"),
        ("fatal", {"document": True, "details": "too wide"}, 1, "too wide"),
        ("fatal", {"document": False}, 1, "gives no reason"),
        ("cut_line", {}, 1, "last line is cut"),
        ("cancelled", {}, 1, "cancelled"),
    ],
)
def test_ends_without_rows(
    emulator: Emulator, fault: str, more: Json, code: int, words: str
) -> None:
    emulator.client.add_fault(fault, operation="create_query", times=1000, **more)
    ended = run(emulator, BY_DATE, **KIOSK)
    assert ended.code == code
    assert any(words in record.getMessage() for record in ended.logged)
    (partition,) = partitions(ended.state, BY_DATE)
    if code:
        assert [gap["start"] for gap in partition["gaps"]] == ["2026-11-12"]
        assert partition["replication_key_value"] == "2026-11-11"
    else:
        assert partition["replication_key_value"] == "2026-11-18"


def test_an_error_of_the_server_is_tried_twice_only(emulator: Emulator) -> None:
    emulator.client.add_fault("status", operation="create_query", code=500, times=1000)
    run(emulator, BY_DATE, max_runtime_seconds=10, max_attempts=5, **KIOSK)
    assert emulator.client.statistics().count("create_query", 500) <= 4


def test_no_more_queries_run_at_a_time_than_the_setting_says(
    emulator: Emulator,
) -> None:
    emulator.client.change(ready_after_seconds=120, sp_kiosk_concurrent=2)
    ended = run(emulator, BY_ASIN, data_kiosk_concurrency=2, **KIOSK)
    assert ended.code == 0
    assert len(ended.rows(BY_ASIN)) == 21
    assert emulator.client.statistics().count("create_query", 429) == 0


def test_a_storm_of_429_for_twenty_minutes_is_waited_out(emulator: Emulator) -> None:
    emulator.client.add_fault("throttle", operation="create_query", lasts_seconds=1200)
    ended = run(emulator, BY_ASIN, **KIOSK)
    assert ended.code == 0
    assert len(ended.rows(BY_ASIN)) == 21
    statistics = emulator.client.statistics()
    assert 0 < statistics.count("create_query", 429) < 60
    assert len(statistics.sp_queries) == 7


# --- numbers that look fine and are not ------------------------------------


def test_a_day_without_sales_is_read_again_until_its_horizon(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault(
        "zero_days", operation="create_query", days=["2026-11-16"], times=1000
    )
    first = run(emulator, BY_ASIN, **KIOSK)
    assert first.code == 0
    assert any("no sales at all on 2026-11-16" in r.getMessage() for r in first.logged)
    assert bookmark(first.state, BY_ASIN) == "2026-11-15"
    emulator.client.clear_faults()
    second = run(emulator, BY_ASIN, state=first.state, **KIOSK)
    again = [r for r in second.rows(BY_ASIN) if r["window_start"] == "2026-11-16"]
    assert sum(row["salesByAsin"]["unitsOrdered"] for row in again) > 0
    assert bookmark(second.state, BY_ASIN) == "2026-11-18"


def test_zeros_are_final_when_the_horizon_has_passed(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "zero_days", operation="create_query", days=["2026-11-01"], times=1000
    )
    changes = {**KIOSK, "start_date": "2026-10-30", "end_date": "2026-11-02"}
    ended = run(emulator, BY_ASIN, **changes)
    assert any("taken as final" in r.getMessage() for r in ended.logged)
    assert bookmark(ended.state, BY_ASIN) == "2026-11-02"
