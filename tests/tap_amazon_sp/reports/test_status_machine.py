"""What becomes of a report in each of Amazon's states."""

from __future__ import annotations

import json
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.ads.runs import Run, next_day, pending_ids
from support.sp.runs import (
    CANADA,
    REAL_TIME,
    SALES,
    SEARCH_TERMS,
    SELLER,
    US,
    VENDOR,
    account,
    asked,
    partitions,
    run,
)

GENERIC = "An internal client error occurred, check that your parameters are valid."
MISSING = "This report requires the reportPeriod, distributorView reportOption."
ONE_WEEK = "2026-11-08"
FORECAST = "vendor_forecasting"


def week(emulator: Emulator, **changes: object) -> Run:
    seller = account(SELLER, account_type="seller", marketplace_ids=[US])
    settings: dict[str, Any] = {"start_date": ONE_WEEK, "accounts": [seller]}
    return run(emulator, SEARCH_TERMS, **settings | changes)


def kept(ended: Run, stream: str = SEARCH_TERMS) -> dict[str, Any]:
    """Return the one partition in the last state; empty if there is none."""
    found = partitions(ended.state, stream)
    return found[0] if found else {}


# --- no rows -------------------------------------------------------------------


def test_cancelled_is_no_data(emulator: Emulator) -> None:
    emulator.client.add_fault("cancelled", operation="create_report")
    ended = week(emulator)
    assert (ended.code, ended.rows()) == (0, [])
    assert ended.said("WARNING", "taken as empty", "no data")
    assert kept(ended)["replication_key_value"] == "2026-11-14"


def test_done_without_a_document_is_polled_again_by_the_next_run(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("no_document", operation="create_report")
    first = week(emulator)
    assert first.code == 0
    assert len(pending_ids(first.state)) == 1
    assert first.said("the next run looks again")
    second = week(emulator, state=first.state)
    assert (second.code, second.rows()) == (0, [])
    assert second.said("WARNING", "taken as empty")
    assert len(asked(emulator)) == 1
    assert kept(second)["replication_key_value"] == "2026-11-14"
    assert not pending_ids(second.state)


def test_done_without_a_document_may_have_one_the_next_time(emulator: Emulator) -> None:
    emulator.client.add_fault("no_document", operation="get_report", times=1)
    first = week(emulator)
    second = week(emulator, state=first.state)
    assert len(second.rows()) == 30
    assert len(asked(emulator)) == 1


# --- reasons -------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["fatal", "error_details"])
def test_not_yet_available_is_a_wait(emulator: Emulator, fault: str) -> None:
    """FATAL with a document and DONE with nothing but a reason are one thing."""
    emulator.client.add_fault(
        fault, operation="create_report", details="The data is not yet available."
    )
    ended = week(emulator)
    assert (ended.code, ended.rows()) == (0, [])
    assert ended.said("WARNING", "not yet available", "The data is not yet available")
    assert kept(ended).get("replication_key_value") in {None, "2026-11-07"}
    assert not pending_ids(ended.state)
    assert not kept(ended).get("gaps")
    emulator.client.clear_faults()
    again = week(emulator, state=ended.state)
    assert len(again.rows()) == 30


def test_seven_days_late_it_is_a_gap(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "fatal", operation="create_report", details="The data is not yet available."
    )
    next_day(emulator, 20)
    ended = week(emulator, end_date="2026-11-14")
    assert ended.code == 1
    (gap,) = kept(ended)["gaps"]
    assert (gap["start"], gap["end"]) == ("2026-11-08", "2026-11-14")
    assert len(asked(emulator)) == 1
    assert "7 days late" in str(ended.summary["failures"])


def test_the_general_complaint_about_parameters_is_not_yet_and_later_no_data(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("fatal", operation="create_report", details=GENERIC)
    early = week(emulator)
    assert (early.code, early.rows()) == (0, [])
    assert kept(early).get("replication_key_value") in {None, "2026-11-07"}
    next_day(emulator, 20)
    late = week(emulator, state=early.state, end_date="2026-11-14")
    assert late.code == 0
    assert late.said("WARNING", "no data", "check that your parameters are valid")
    assert kept(late)["replication_key_value"] == "2026-11-14"


@pytest.mark.parametrize(
    ("details", "words", "code"),
    [
        (MISSING, "bad options", 1),
        ("You are not authorized to request this report.", "no right", 1),
        ("Too many requests of this type, once every 4 hours.", "asked too often", 0),
    ],
)
def test_other_reasons_leave_the_bookmark_and_name_the_next_step(
    emulator: Emulator, details: str, words: str, code: int
) -> None:
    emulator.client.add_fault("fatal", operation="create_report", details=details)
    ended = week(emulator)
    assert (ended.code, len(asked(emulator))) == (code, 1)
    assert ended.said(words, details)
    assert not kept(ended).get("gaps")
    assert kept(ended).get("replication_key_value") in {None, "2026-11-07"}


def test_a_fatal_document_is_a_reason_whatever_it_holds(emulator: Emulator) -> None:
    emulator.client.add_fault("fatal", operation="create_report", details="x")
    emulator.client.add_fault(
        "document", operation="download_document", text="Not authorized, sorry."
    )
    ended = week(emulator)
    assert ended.code == 1
    assert ended.said("no right", "Not authorized, sorry.")


def test_an_unknown_reason_is_asked_again_and_then_a_gap(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "fatal", operation="create_report", details="Something broke in here."
    )
    ended = week(emulator, report_attempts=2)
    assert (ended.code, len(asked(emulator))) == (1, 3)
    (gap,) = kept(ended)["gaps"]
    assert "Something broke in here." in gap["reason"]


def test_fatal_without_a_document_is_asked_again(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "fatal", operation="create_report", document=False, times=1
    )
    ended = week(emulator)
    assert (ended.code, len(asked(emulator))) == (0, 2)
    assert len(ended.rows()) == 30


def test_a_document_without_its_array_is_an_error_not_zero_rows(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("without_array", operation="create_report")
    ended = week(emulator)
    assert (ended.code, ended.rows()) == (1, [])
    assert "dataByDepartmentAndSearchTerm" in str(ended.summary["failures"])
    assert kept(ended)["gaps"]


def test_an_empty_array_is_zero_rows(emulator: Emulator) -> None:
    emulator.client.add_fault("empty", operation="create_report")
    ended = week(emulator)
    assert (ended.code, ended.rows()) == (0, [])
    assert kept(ended)["replication_key_value"] == "2026-11-14"


def test_a_damaged_document_is_fetched_again(emulator: Emulator) -> None:
    emulator.client.add_fault("truncate", operation="download_document", times=1)
    ended = week(emulator)
    assert (ended.code, len(ended.rows())) == (0, 30)


# --- reports that have ended -----------------------------------------------------

NO_RIGHT = "You are not authorized to request this report."


@pytest.mark.parametrize("details", [MISSING, NO_RIGHT])
def test_a_report_that_ended_is_forgotten_and_asked_anew(
    emulator: Emulator, details: str
) -> None:
    emulator.client.add_fault("fatal", operation="create_report", details=details)
    first = week(emulator)
    assert (first.code, pending_ids(first.state)) == (1, set())
    second = week(emulator, state=first.state)
    assert (second.code, len(asked(emulator))) == (1, 2)
    emulator.client.clear_faults()
    third = week(emulator, state=second.state)
    assert (third.code, len(third.rows())) == (0, 30)


@pytest.mark.parametrize("operation", ["get_report", "get_report_document"])
def test_a_living_report_that_may_not_be_read_now_keeps_its_id(
    emulator: Emulator, operation: str
) -> None:
    emulator.client.add_fault("denied", operation=operation)
    first = week(emulator)
    assert (first.code, len(pending_ids(first.state))) == (1, 1)
    emulator.client.clear_faults()
    second = week(emulator, state=first.state)
    assert (second.code, len(second.rows())) == (0, 30)
    assert len(asked(emulator)) == 1


@pytest.mark.parametrize("fault", ["fatal", "denied"])
def test_a_marketplace_without_a_right_stops_no_other(
    emulator: Emulator, fault: str
) -> None:
    wording = {"details": NO_RIGHT} if fault == "fatal" else {}
    emulator.client.add_fault(
        fault, operation="create_report", account=CANADA, **wording
    )
    seller = account(SELLER, account_type="seller", marketplace_ids=[CANADA, US])
    for _ in range(2):
        ended = week(emulator, accounts=[seller], start_date="2026-10-25")
        assert ended.code == 1
        assert {r["marketplace_id"] for r in ended.rows()} == {US}
        assert not pending_ids(ended.state)
        failures = ended.summary["failures"]
        assert failures
        assert all("in CA" in str(failure) for failure in failures)
        assert "Brand Registry" in str(failures)


def test_a_secret_that_has_expired_is_to_be_rotated(emulator: Emulator) -> None:
    ended_secret = {"details": "The LWA secret token you provided has expired."}
    errors = [{"code": "Unauthorized", "message": "Access denied.", **ended_secret}]
    emulator.client.add_fault(
        "status",
        operation="create_report",
        code=403,
        body=json.dumps({"errors": errors}),
    )
    ended = week(emulator)
    assert ended.code == 1
    assert "make a new one" in str(ended.summary["failures"])
    assert "role" not in str(ended.summary["failures"])


# --- cancelled: empty, or too soon? ------------------------------------------------

LEDGER = {
    "name": "mine",
    "report_spec": {"reportType": "GET_LEDGER_SUMMARY_VIEW_DATA"},
    "dates": "window",
    "window_days": 10,
}


def stock_moves(emulator: Emulator, state: Any = None, **changes: object) -> Run:
    """Read the ledger of the seller in two windows."""
    seller = account(SELLER, account_type="seller", marketplace_ids=[US])
    settings: dict[str, Any] = {"reports": [LEDGER], "accounts": [seller]}
    return run(emulator, "mine", state=state, **settings | changes)


def test_cancelled_for_haste_is_asked_again_and_brings_its_rows(
    emulator: Emulator,
) -> None:
    emulator.client.change(sp_cooldown=True)
    ended = stock_moves(emulator)
    assert ended.code == 0
    assert ended.said("may have been asked for too often")
    bookmarks = [kept(ended, "mine")["replication_key_value"]]
    for days in (0.1, 1, 1):
        next_day(emulator, days)
        count = len(asked(emulator))
        ended = stock_moves(emulator, ended.state, end_date="2026-11-19")
        bookmarks.append(kept(ended, "mine")["replication_key_value"])
        assert ended.code == 0
        assert not ended.said("taken as empty")
        if days < 1:  # the pause is not over
            assert len(asked(emulator)) == count
    assert bookmarks[-1] == "2026-11-19"
    assert ended.state["bookmarks"]["_budgets"]["cancelled_reports"] == []


def test_cancelled_again_after_the_pause_there_is_nothing(emulator: Emulator) -> None:
    emulator.client.add_fault("cancelled", operation="create_report")
    first = stock_moves(emulator, start_date="2026-11-12")
    assert first.code == 0
    assert kept(first, "mine").get("replication_key_value", "2026-11-11") < "2026-11-12"
    next_day(emulator)
    second = stock_moves(emulator, first.state, end_date="2026-11-19")
    assert second.said("WARNING", "taken as empty", "no data")
    assert kept(second, "mine")["replication_key_value"] == "2026-11-19"


@pytest.mark.parametrize("damage", [[1], {"a": 1}, [{}], [{"at": "x"}], "text", None])
def test_a_damaged_memory_of_cancelled_reports_is_left_out(
    emulator: Emulator, damage: object
) -> None:
    state = {"bookmarks": {"_budgets": {"cancelled_reports": damage}}}
    assert stock_moves(emulator, state).code == 0


# --- waiting -------------------------------------------------------------------


def test_a_report_stuck_in_the_queue_is_cancelled_and_asked_again(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("stuck", operation="create_report", times=1)
    ended = week(emulator, report_stuck_hours=1, max_runtime_seconds=14400)
    assert (ended.code, len(ended.rows())) == (0, 30)
    assert len(asked(emulator)) == 2
    first, _ = emulator.client.statistics().sp_reports
    assert first.status == "CANCELLED"


def test_an_unknown_status_stays_pending_and_is_named(emulator: Emulator) -> None:
    emulator.client.add_fault("status_word", operation="get_report", word="HALF_DONE")
    ended = week(emulator, max_runtime_seconds=600)
    assert ended.code == 1
    assert "'HALF_DONE'" in str(ended.summary["failures"])
    assert len(pending_ids(ended.state)) == 1


def test_a_run_out_of_time_leaves_its_report_to_the_next(emulator: Emulator) -> None:
    emulator.client.change(ready_after_seconds=3000)
    first = week(emulator, max_runtime_seconds=600)
    assert (first.code, first.rows()) == (0, [])
    second = week(emulator, state=first.state)
    assert (second.code, len(second.rows())) == (0, 30)
    assert len(asked(emulator)) == 1


def test_a_snapshot_on_its_way_is_not_asked_for_again_the_next_day(
    emulator: Emulator,
) -> None:
    emulator.client.change(ready_after_seconds=80000)
    first = run(emulator, FORECAST, max_runtime_seconds=600)
    next_day(emulator)
    second = run(emulator, FORECAST, state=first.state)
    assert (second.code, len(asked(emulator))) == (0, 1)
    assert second.rows()


def test_a_day_published_late_does_not_keep_the_others_from_being_read(
    emulator: Emulator,
) -> None:
    """Each run reads what is there, though the newest day never is in time."""
    emulator.client.change(sp_extra_delay_hours=30)
    state: dict[str, Any] = {}
    bookmarks = []
    for _ in range(4):
        ended = run(emulator, SALES, state=state, start_date="2026-11-05")
        assert ended.code == 0
        state = ended.state
        bookmarks.append(kept(ended, SALES)["replication_key_value"])
        next_day(emulator)
    assert bookmarks[0] >= "2026-11-13"
    assert sorted(set(bookmarks)) == bookmarks  # each run goes on


def test_hours_published_late_do_not_either(emulator: Emulator) -> None:
    emulator.client.change(sp_extra_delay_hours=3)
    first = run(emulator, REAL_TIME, start_date="2026-11-20")
    assert kept(first, REAL_TIME)["replication_key_value"] >= "2026-11-20T02:00:00Z"
    next_day(emulator, 4 / 24)
    second = run(emulator, REAL_TIME, state=first.state, start_date="2026-11-20")
    assert kept(second, REAL_TIME)["replication_key_value"] >= "2026-11-20T09:00:00Z"


def test_a_snapshot_that_is_not_there_yet_is_a_wait_too(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "fatal", operation="create_report", details="It is not yet available."
    )
    ended = run(emulator, FORECAST)
    assert (ended.code, len(asked(emulator))) == (0, 1)


# --- accounts ------------------------------------------------------------------


def test_a_dead_token_or_a_missing_right_stops_nobody_else(emulator: Emulator) -> None:
    ended = run(
        emulator,
        SEARCH_TERMS,
        accounts=[
            account("gone-us", account_type="seller", marketplace_ids=[US]),
            account("plain-us"),
            account(SELLER),
            account(VENDOR),
        ],
        start_date=ONE_WEEK,
    )
    assert ended.code == 1
    assert {r["account_name"] for r in ended.rows()} == {SELLER, VENDOR}
    failures = " ".join(ended.summary["failures"])
    assert "invalid_grant" in failures
    assert "Access to the resource is forbidden" in failures


def test_a_dead_token_is_not_waited_for_report_by_report(emulator: Emulator) -> None:
    gone = account(VENDOR) | {"refresh_token": "Atzr|revoked"}
    ended = run(emulator, SALES, "vendor_real_time_sales", accounts=[gone])
    assert (ended.code, ended.summary["result"]) == (1, "failed")
    assert ended.summary["reports"]["refused"] > 15  # beyond what may be asked at once
    assert ended.summary["seconds"] < 60
    assert "invalid_grant" in " ".join(ended.summary["failures"])
    assert emulator.client.statistics().count("token", 400) == 1


def test_a_dead_token_is_not_waited_for_query_by_query(emulator: Emulator) -> None:
    """Data Kiosk makes one query a minute: the rest would wait for the same no."""
    seller = account("acme-us", account_type="seller", marketplace_ids=["US"])
    gone = seller | {"refresh_token": "Atzr|revoked"}
    streams = ["sales_and_traffic_by_date", "sales_and_traffic_by_asin"]

    ended = run(
        emulator, *streams, accounts=[gone], sales_and_traffic_source="data_kiosk"
    )

    assert (ended.code, ended.summary["result"]) == (1, "failed")
    assert ended.summary["reports"]["refused"] > 15  # beyond what may be asked at once
    assert ended.summary["seconds"] < 60
    assert "invalid_grant" in " ".join(ended.summary["failures"])


def test_a_stream_for_a_right_that_comes_later_starts_where_it_stopped(
    emulator: Emulator,
) -> None:
    first = run(emulator, SALES, start_date="2026-11-10")
    next_day(emulator)
    emulator.client.add_fault("denied", operation="create_report")
    second = run(emulator, SALES, state=first.state, start_date="2026-11-10")
    assert second.code == 1
    emulator.client.clear_faults()
    third = run(
        emulator, SALES, state=second.state or first.state, start_date="2026-11-10"
    )
    assert "2026-11-17" in {r["startDate"] for r in third.rows()}
