"""Exports too large for one piece, and documents shorter than Amazon says."""

from __future__ import annotations

import gzip
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amazon_emulator import Emulator, EmulatorClient
from singer_amazon.errors import DocumentError
from singer_amazon.reports.model import ReportRequest, Window, is_report_id
from singer_amazon.reports.report import Report
from support.ads.process import AdsProcess
from support.ads.runs import CANADA, SELLER, Run
from support.core.runs import pending_reports
from tap_amazon_ads.entities.export_parts import ExportParts
from tap_amazon_ads.entities.export_sizes import ExportSizes

IDS = st.lists(st.from_regex(r"\A[A-Za-z0-9_=-]{56}\Z"), min_size=1, max_size=9)
PARTS = 9
RunTap = Callable[..., Run]


@pytest.fixture
def exports(run: RunTap) -> RunTap:
    """Runs the tap for exports of one seller."""

    def begin(*streams: str, **settings: Any) -> Run:
        only: dict[str, Any] = {
            "profile_ids": [SELLER],
            "account_types": ["seller"],
            "speed": 20,
        }
        return run(*streams, **only | settings)

    return begin


@given(IDS)
def test_the_id_of_a_report_in_parts_names_each(ids: list[str]) -> None:
    parts = ExportParts()
    for export_id in ids:
        parts = parts.followed_by(export_id)
    assert is_report_id(parts.report_id)
    assert ExportParts.read(parts.report_id) == parts
    assert parts.is_complete is (len(ids) == PARTS)
    assert ExportParts.read(ids[0]) is None


def test_an_export_that_times_out_is_read_in_parts_as_one_snapshot(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.change(largest_export=20)
    ended = exports("targets", "report_days")
    assert ended.code == 0
    rows = ended.rows("targets")
    assert len({row["targetId"] for row in rows}) == len(rows) == 90
    assert len({row["snapshot_at"] for row in rows}) == 1
    (days,) = ended.rows("report_days")
    assert (days["rows"], days["covers"]) == (90, {"profile_id": SELLER})
    assert len(amazon.statistics().exports) == 1 + PARTS
    assert ended.said("WARNING", "TIMED_OUT", "by ad product and state")
    again = exports("targets", state=ended.state)
    assert not again.rows("targets")
    assert len(amazon.statistics().exports) == 1 + PARTS


def test_a_refused_request_is_tried_in_parts_which_are_one_original(
    exports: RunTap, amazon: EmulatorClient, tmp_path: Path
) -> None:
    amazon.add_fault("status", operation="create_export", code=400, times=1)
    ended = exports("ads", raw_report_uri=tmp_path.as_uri())
    assert ended.code == 0
    assert len(ended.rows("ads")) == 60
    assert ended.said("WARNING", "HTTP 400")
    (original,) = (tmp_path / "ads" / SELLER).iterdir()
    assert gzip.decompress(original.read_bytes()).count(b'[{"adId"') == PARTS


def test_a_part_that_is_refused_is_named_and_nothing_is_written(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("status", operation="create_export", code=400)
    ended = exports("ads", profile_ids=[SELLER, CANADA])
    assert ended.code == 1
    assert not ended.rows("ads")
    assert ended.said("ERROR", "part 1 (SPONSORED_BRANDS, ARCHIVED)", "HTTP 400")


def test_parts_never_run_beyond_the_five_slots(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.change(largest_export=20, ready_after_looks=2)
    ended = exports("targets", "ads", profile_ids=[SELLER, CANADA], max_concurrency=8)
    assert ended.code == 0
    assert len(ended.rows("targets")) == 2 * 90
    assert amazon.statistics().count("create_export", 429) == 0


def test_parts_that_are_throttled_or_whose_answer_is_lost_come_all_the_same(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.change(largest_export=20)
    rule = {"operation": "create_export", "times": 2, "skip": 3}
    amazon.add_fault("throttle", **rule, retry_after=1)
    amazon.add_fault("lost_answer", operation="create_export", times=1, skip=7)
    ended = exports("targets")
    assert ended.code == 0
    assert len({row["targetId"] for row in ended.rows("targets")}) == 90
    assert len(amazon.statistics().exports) == 1 + PARTS + 1  # one is nobody's


def test_a_part_too_large_itself_fails_and_is_named(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.change(largest_export=1)
    ended = exports("targets", report_attempts=1)
    assert ended.code == 1
    assert not ended.rows("targets")
    assert ended.said("ERROR", "part 1 (SPONSORED_BRANDS, ARCHIVED)", "TIMED_OUT")


def test_a_run_that_collects_asks_for_the_parts_of_what_was_asked_for(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.change(largest_export=20)
    asked = exports("targets", run_mode="ask")
    assert len(amazon.statistics().exports) == 1
    ended = exports("targets", run_mode="collect", state=asked.state)
    assert ended.code == 0
    assert len(ended.rows("targets")) == 90
    assert len(amazon.statistics().exports) == 1 + PARTS


def test_killed_while_parts_wait_none_is_asked_for_twice(
    tmp_path: Path, emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.change(largest_export=20)
    with AdsProcess(tmp_path, emulator, ["targets"]) as tap:
        tap.read()
        tap.until(lambda: _parts_of(tap.last_state()) >= 3)
        tap.signal(signal.SIGKILL)
        tap.ended(10)
        state = tap.last_state()
    known, asked = _parts_of(state), len(amazon.statistics().exports)
    with AdsProcess(tmp_path, emulator, ["targets"], state=state) as tap:
        tap.read()
        assert tap.ended(60) == 0
        rows = [m for m in tap.messages if m["type"] == "RECORD"]
    assert len(rows) == 90
    # only the id of the create on its way when the process died may be lost
    assert asked - (1 + known) <= 1
    assert len(amazon.statistics().exports) == asked + PARTS - known


# --- documents that are short -----------------------------------------------


def test_a_download_that_lost_rows_on_its_way_is_repeated(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.add_fault("lost_when_slow", operation="download_export", seconds=0, times=1)
    ended = exports("ads")
    assert ended.code == 0
    assert len(ended.rows("ads")) == 60
    assert len(amazon.statistics().exports) == 1


def test_a_document_that_always_loses_rows_fails_and_writes_none(
    exports: RunTap, amazon: EmulatorClient
) -> None:
    amazon.change(rows_per_day=400)  # more than one block
    amazon.add_fault("lost_when_slow", operation="download_export", seconds=0)
    ended = exports("ads", "report_days")
    assert ended.code == 1
    assert not [d for d in ended.rows("report_days") if d["is_whole"]]
    assert "snapshot_at" not in ended.partitions("ads")[0]
    assert ended.said("ERROR", "ads", "The next run asks again")


def test_sizes_that_mean_something_else_are_not_looked_at_any_more() -> None:
    said: list[str] = []
    sizes, report = ExportSizes(said.append), _report("a", 1000)
    sizes.check(report, 1000)
    with pytest.raises(DocumentError, match="400 of the 1,000 bytes"):
        sizes.check(report, 400)
    with pytest.raises(DocumentError):
        sizes.check(report, 700)  # another size: the first one was cut
    assert not said
    sizes.check(report, 700)
    sizes.check(_report("b", 1000), 10)
    assert len(said) == 1


def _report(report_id: str, size: int) -> Report:
    today = date(2026, 11, 20)
    request = ReportRequest("ads", "1", "", Window(today, today), {}, "", today)
    return Report(request, [], 0, report_id=report_id, expected_bytes=size)


def _parts_of(state: Any) -> int:
    found = [ExportParts.read(report_id) for _, report_id in pending_reports(state)]
    return max((len(parts.ids) for parts in found if parts), default=0)
