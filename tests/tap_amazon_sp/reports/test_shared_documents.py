"""Two streams on one document: one report, one download, whatever happens."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from amazon_emulator import Emulator
from support.ads.runs import CollectingWriter, next_day
from support.sp.runs import (
    BY_ASIN,
    BY_DATE,
    SALES,
    SALES_BY_ASIN,
    asked,
    partitions,
    run,
)
from tap_amazon_sp.tap import TapAmazonSp


def counted(emulator: Emulator) -> tuple[int, int, int]:
    """Return the reports asked for, the addresses asked for, and the downloads."""
    reports = emulator.client.statistics().sp_reports
    return (
        len(reports),
        sum(report.document_calls for report in reports),
        sum(report.downloads for report in reports),
    )


def test_two_streams_cost_one_report_and_one_download(emulator: Emulator) -> None:
    ended = run(emulator, SALES, SALES_BY_ASIN, start_date="2026-11-05")
    assert counted(emulator) == (1, 1, 1)
    assert len(ended.rows(SALES)) == 12
    assert len(ended.rows(SALES_BY_ASIN)) == 36


def test_one_selected_stream_is_enough(emulator: Emulator) -> None:
    ended = run(emulator, SALES_BY_ASIN, start_date="2026-11-05")
    assert counted(emulator) == (1, 1, 1)
    assert partitions(ended.state, SALES) == []


def test_a_stream_with_an_older_bookmark_does_not_cost_the_other_one(
    emulator: Emulator,
) -> None:
    """The one ahead takes what it lacks; both ask for the same windows."""
    first = run(emulator, SALES, start_date="2026-11-05", end_date="2026-11-10")
    state = first.state
    second = run(emulator, SALES, SALES_BY_ASIN, state=state, start_date="2026-11-05")
    assert counted(emulator) == (2, 2, 2)
    assert {p["replication_key_value"] for p in partitions(second.state, SALES)} == {
        "2026-11-16"
    }
    assert {r["startDate"] for r in second.rows(SALES_BY_ASIN)} == {
        f"2026-11-{day:02}" for day in range(5, 17)
    }


def test_deselecting_one_of_two_leaves_its_bookmark_for_later(
    emulator: Emulator,
) -> None:
    both = run(emulator, SALES, SALES_BY_ASIN, start_date="2026-11-05")
    next_day(emulator)
    one = run(emulator, SALES, state=both.state, start_date="2026-11-05")
    next_day(emulator)
    before = counted(emulator)[0]
    again = run(
        emulator, SALES, SALES_BY_ASIN, state=one.state, start_date="2026-11-05"
    )
    assert counted(emulator)[0] - before == 1
    assert {r["startDate"] for r in again.rows(SALES_BY_ASIN)} >= {
        "2026-11-17",
        "2026-11-18",
    }


class _Dead(BaseException):
    """The process is gone."""


def test_a_run_that_dies_between_them_asks_for_nothing_twice(
    emulator: Emulator,
) -> None:
    """The second stream takes up the report; the first has all it needs."""
    states: list[dict[str, Any]] = []

    def prepare(tap: TapAmazonSp, writer: CollectingWriter) -> None:
        del tap
        seen: set[str] = set()

        def on_line(message: dict[str, Any]) -> None:
            if message["type"] == "RECORD":
                seen.add(message["stream"])
                if len(seen) == 2:
                    raise _Dead
            if message["type"] == "STATE":
                states.append(json.loads(json.dumps(message["value"])))

        writer.on_line = on_line

    with contextlib.suppress(_Dead):
        run(emulator, SALES, SALES_BY_ASIN, start_date="2026-11-05", prepare=prepare)
    state, streams = states[-1], (SALES, SALES_BY_ASIN)
    done = {name for name in streams if _value(state, name) == "2026-11-16"}
    waiting = {name for name in streams if _pending(state, name)}
    assert (len(done), len(waiting)) == (1, 1)
    ended = run(emulator, SALES, SALES_BY_ASIN, state=state, start_date="2026-11-05")
    assert counted(emulator)[0] == 1
    assert {m["stream"] for m in ended.messages if m["type"] == "RECORD"} == waiting
    assert _value(ended.state, SALES) == _value(ended.state, SALES_BY_ASIN)


def _value(state: dict[str, Any], stream: str) -> object:
    return partitions(state, stream)[0].get("replication_key_value")


def _pending(state: dict[str, Any], stream: str) -> object:
    return partitions(state, stream)[0].get("pending_reports")


def test_a_document_that_breaks_for_one_stream_has_served_the_other(
    emulator: Emulator,
) -> None:
    """Its rows are out once, and only the other has a gap."""
    rows = [{"startDate": "2026-11-05", "endDate": "2026-11-05"}]
    document = json.dumps({"reportSpecification": {}, "salesAggregate": rows})
    emulator.client.add_fault("document", operation="create_report", text=document)
    ended = run(
        emulator, SALES, SALES_BY_ASIN, start_date="2026-11-05", end_date="2026-11-05"
    )
    assert ended.code == 1
    assert len(ended.rows(SALES)) == 1
    assert _value(ended.state, SALES) == "2026-11-05"
    assert [
        bool(partitions(ended.state, s)[0].get("gaps")) for s in (SALES, SALES_BY_ASIN)
    ] == [False, True]


def test_the_longer_look_back_of_two_streams_is_read_for_both(
    emulator: Emulator,
) -> None:
    back = {SALES: 0, SALES_BY_ASIN: 4}
    first = run(emulator, SALES, SALES_BY_ASIN, lookback_days=back)
    next_day(emulator)
    run(emulator, SALES, SALES_BY_ASIN, state=first.state, lookback_days=back)
    days = ("2026-11-13T00:00:00Z", "2026-11-17T00:00:00Z")
    assert asked(emulator)[-1][1:] == days


def test_the_longest_hold_back_counts_for_all_who_share(emulator: Emulator) -> None:
    """Else they would want different windows, and each a report of its own."""
    state: dict[str, Any] = {}
    for day in range(4):
        ended = run(
            emulator, SALES, SALES_BY_ASIN, state=state, holdback_days={SALES: 4}
        )
        assert len(asked(emulator)) == 1 + day
        state = ended.state
        next_day(emulator)


def test_sales_and_traffic_by_date_alone_asks_the_range_in_one_request(
    emulator: Emulator,
) -> None:
    run(emulator, BY_DATE, start_date="2026-11-05")
    assert len(asked(emulator)) == 1


def test_sales_and_traffic_by_asin_wants_each_day_by_itself(emulator: Emulator) -> None:
    ended = run(
        emulator, BY_DATE, BY_ASIN, start_date="2026-11-14", max_runtime_seconds=10**5
    )
    days = [f"2026-11-{day}T00:00:00Z" for day in range(14, 19)]
    assert [window[1:] for window in asked(emulator)] == [(day, day) for day in days]
    assert len(ended.rows(BY_DATE)) == 5
