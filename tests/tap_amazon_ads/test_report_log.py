"""`report_log` and `report_days` of tap-amazon-ads, beside the rows they speak of."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.ads.runs import (
    ADVERTISERS,
    AGENCY,
    CAMPAIGNS,
    NEWEST,
    ORDERS,
    SELLER,
    TARGETING,
    CollectingWriter,
    Json,
    Run,
    days,
    run,
    run_command,
)
from tap_amazon_ads.tap import TapAmazonAds

LOG, DAYS = "report_log", "report_days"
WEEK = days("2026-11-13", NEWEST)


def columns_of(rows: list[Json], *names: str) -> set[tuple[Any, ...]]:
    return {tuple(row[name] for name in names) for row in rows}


def totals(ended: Run, stream: str, column: str) -> dict[tuple[str, ...], Decimal]:
    """Return the exact sums of a column by what `report_days` says it covers."""
    names = ended.schema(stream)["schema"]["x-replace-by"]
    found: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in ended.rows(stream):
        value = row[column]
        found[tuple(row[n] for n in names)] += Decimal(repr(value)) if value else 0
    return dict(found)


def covered(rows: Iterable[Json]) -> dict[tuple[str, ...], Json]:
    return {tuple(row["covers"].values()): row for row in rows}


# --- report_log ------------------------------------------------------------------


def test_each_report_is_logged_with_what_became_of_it(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    ended = run(emulator, (CAMPAIGNS, TARGETING, LOG), **WEEK)
    assert ended.code == 0
    rows = ended.rows(LOG)
    assert columns_of(rows, "stream", "account", "outcome") == {
        (CAMPAIGNS, SELLER, "delivered"),
        (TARGETING, SELLER, "delivered"),
    }
    one = next(row for row in rows if row["stream"] == CAMPAIGNS)
    assert one["rows"] == len(ended.rows(CAMPAIGNS))
    assert one["bytes"] > 0
    assert one["calls"] >= 3
    assert one["currency_code"] == "USD"
    assert one["time_zone"] == "America/Los_Angeles"
    assert "cost" in one["columns"]
    names = ("planned_at", "requested_at", "ready_at", "fetched_at", "delivered_at")
    times = [one[name] for name in names]
    assert times == sorted(times)
    assert len(set(ended.keys())) == len(ended.keys())


def test_it_is_not_selected_unless_somebody_does(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    ended = run(emulator, (CAMPAIGNS,), **WEEK)
    assert {m["stream"] for m in ended.of_type("SCHEMA")} == {CAMPAIGNS}
    assert not {LOG, DAYS} & set(ended.state["bookmarks"])
    tap = TapAmazonAds(
        config={"client_id": "x", "client_secret": "x", "refresh_token": "x"}
    )
    selected = {name for name, stream in tap.streams.items() if stream.selected}
    assert not {LOG, DAYS} & selected


def test_rows_stand_behind_their_schema_and_keep_no_bookmark(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    ended = run(emulator, (CAMPAIGNS, LOG, DAYS), **WEEK)
    for name in (LOG, DAYS):
        kinds = [m["type"] for m in ended.messages if m.get("stream") == name]
        assert kinds[0] == "SCHEMA"
        assert set(kinds[1:]) == {"RECORD"}
        assert name not in ended.state["bookmarks"]


@pytest.mark.parametrize("name", [LOG, DAYS])
def test_alone_it_has_nothing_to_say(
    emulator: Emulator, amazon: EmulatorClient, name: str
) -> None:
    ended = run(emulator, (name,))
    assert ended.code == 0
    assert [m["type"] for m in ended.messages] == ["SCHEMA"]
    assert not amazon.statistics().creates


def test_a_refusal_a_gap_and_refused_columns_are_in_amazons_words(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.add_fault("refuse_columns", columns=["clickThroughRate"])
    amazon.add_fault(
        "failed", operation="create", report_type_id="spTargeting", reason="Trouble"
    )
    ended = run(emulator, (CAMPAIGNS, TARGETING, LOG), report_attempts=1, **WEEK)
    assert ended.code == 1
    by_stream = {row["stream"]: row for row in ended.rows(LOG)}
    assert by_stream[CAMPAIGNS]["refused_columns"] == ["clickThroughRate"]
    assert by_stream[TARGETING]["outcome"] == "gap"
    assert "Trouble" in by_stream[TARGETING]["reason"]


def test_what_time_was_too_short_for_waits(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.add_fault("never_ready")
    ended = run(emulator, (CAMPAIGNS, LOG), max_runtime_seconds=60, **WEEK)
    (row,) = ended.rows(LOG)
    assert (row["outcome"], row["report_id"] is not None) == ("waiting", True)
    assert row["delivered_at"] is None
    (other,) = run(
        emulator, (CAMPAIGNS, LOG), state=ended.state, max_runtime_seconds=60, **WEEK
    ).rows(LOG)
    assert other["adopted"]
    assert other["run_id"] != row["run_id"]


def test_rows_go_out_while_other_reports_are_waited_for(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    """A run that dies loses what its last second has brought, no more."""
    amazon.add_fault("never_ready", operation="create", report_type_id="spTargeting")
    at: list[tuple[str, datetime]] = []

    def prepare(tap: TapAmazonAds, writer: CollectingWriter) -> None:
        def note(message: Json) -> None:
            if message["type"] == "RECORD" and message["stream"] == LOG:
                at.append((message["record"]["outcome"], tap.clock.now()))

        writer.on_line = note

    run(
        emulator,
        (CAMPAIGNS, TARGETING, LOG),
        prepare=prepare,
        max_runtime_seconds=600,
        **WEEK,
    )
    (first, early), (second, late) = at
    assert (first, second) == ("delivered", "waiting")
    assert late - early > timedelta(seconds=300)


# --- report_days -------------------------------------------------------------------


def test_days_have_the_counts_and_sums_of_their_rows(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    ended = run(emulator, (CAMPAIGNS, DAYS), **WEEK)
    rows = covered(ended.rows(DAYS))
    assert len(rows) == 7
    for column in ("cost", "sales7d", "impressions", "unitsSoldClicks1d"):
        sums = {key: Decimal(row["sums"][column]) for key, row in rows.items()}
        assert sums == totals(ended, CAMPAIGNS, column)
    assert sum(row["rows"] for row in rows.values()) == len(ended.rows(CAMPAIGNS))
    assert not {"clickThroughRate", "costPerClick", "campaignBudgetAmount"} & set(
        next(iter(rows.values()))["sums"]
    )
    assert columns_of(list(rows.values()), "profile_id", "currency_code") == {
        (SELLER, "USD")
    }


def test_days_without_rows_are_said_too(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    row = {"date": "2026-11-14", "campaignId": "1", "cost": 0.1}
    amazon.add_fault("document", operation="create", text=json.dumps([row] * 3))
    ended = run(emulator, (CAMPAIGNS, DAYS, LOG), **WEEK)
    found = {r["date"]: (r["rows"], r["sums"]["cost"]) for r in ended.rows(DAYS)}
    assert len(found) == 7
    assert found.pop("2026-11-14") == (3, "0.3")
    assert set(found.values()) == {(0, "0")}
    assert ended.rows(LOG)[0]["repeated_keys"] == 2


def test_a_document_without_rows_is_empty_not_delivered(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.add_fault("empty", operation="create")
    ended = run(emulator, (CAMPAIGNS, DAYS, LOG), **WEEK)
    assert [row["outcome"] for row in ended.rows(LOG)] == ["empty"]
    assert [row["rows"] for row in ended.rows(DAYS)] == [0] * 7


def test_a_day_nobody_asked_for_is_counted_and_replaces_nothing(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    rows = [{"date": day, "campaignId": "1"} for day in (NEWEST, "2026-01-01")]
    amazon.add_fault("document", operation="create", text=json.dumps(rows))
    ended = run(emulator, (CAMPAIGNS, DAYS), **days(NEWEST))
    found = {row["date"]: (row["rows"], row["covers"]) for row in ended.rows(DAYS)}
    assert found == {
        NEWEST: (1, {"profile_id": SELLER, "date": NEWEST}),
        "2026-01-01": (1, None),
    }


def test_days_of_a_document_come_before_the_state_that_confirms_it(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    ended = run(emulator, (CAMPAIGNS, TARGETING, DAYS), **WEEK)
    counted: dict[str, int] = defaultdict(int)
    for message in ended.messages:
        if message["type"] == "RECORD" and message["stream"] == DAYS:
            counted[message["record"]["stream"]] -= message["record"]["rows"]
        elif message["type"] == "RECORD":
            counted[message["stream"]] += 1
        elif message["type"] == "STATE":
            bookmarks = message["value"].get("bookmarks", {})
            for stream in (CAMPAIGNS, TARGETING):
                for partition in bookmarks.get(stream, {}).get("partitions", ()):
                    if "replication_key_value" in partition:
                        assert counted[stream] == 0
    assert set(counted.values()) == {0}


def test_dsp_days_are_those_of_each_advertiser(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    ended = run_command(
        emulator,
        *(ORDERS, DAYS, LOG),
        profile_ids=[AGENCY],
        advertiser_ids=ADVERTISERS[:2],
        **days("2026-11-17", "2026-11-18"),
    )
    assert ended.code == 0
    rows = ended.rows(DAYS)
    assert {(r["covers"]["advertiserId"], r["covers"]["date"]) for r in rows} == {
        (advertiser, day)
        for advertiser in ADVERTISERS[:2]
        for day in ("2026-11-17", "2026-11-18")
    }
    assert sum(row["rows"] for row in rows) == len(ended.rows(ORDERS))
    (log,) = ended.rows(LOG)
    assert log["advertiser_ids"] == sorted(ADVERTISERS[:2])
    found = covered(rows)
    assert {
        key: Decimal(row["sums"]["impressions"])
        for key, row in found.items()
        if row["rows"]
    } == totals(ended, ORDERS, "impressions")


def test_totals_over_a_range_are_one_row(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    ended = run(emulator, (CAMPAIGNS, DAYS), time_unit="SUMMARY", **WEEK)
    (row,) = ended.rows(DAYS)
    assert row["covers"] == {
        "profile_id": SELLER,
        "startDate": "2026-11-13",
        "endDate": NEWEST,
    }
    assert row["rows"] == len(ended.rows(CAMPAIGNS))


def test_a_document_that_breaks_off_says_so_and_comes_again(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    row = json.dumps({"date": NEWEST, "campaignId": "1"})
    text = "[" + ",".join([row] * 20_000) + ', {"date":'
    amazon.add_fault("document", operation="download", text=text, times=1)
    ended = run(emulator, (CAMPAIGNS, DAYS, LOG), **WEEK)
    assert ended.code == 0
    rows = ended.rows(DAYS)
    assert [row["rows"] for row in rows if not row["is_whole"]] > [0]
    broken = sum(row["rows"] for row in rows if not row["is_whole"])
    whole = sum(row["rows"] for row in rows if row["is_whole"])
    assert broken + whole == len(ended.rows(CAMPAIGNS))
    assert len([row for row in rows if row["is_whole"]]) == 7
    assert ended.rows(LOG)[0]["rows"] == whole


def test_rows_changed_by_stream_maps_replace_nothing(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    maps = {CAMPAIGNS: {"campaignId": "campaignId", "profile_id": "profile_id"}}
    ended = run(emulator, (CAMPAIGNS, DAYS), stream_maps=maps, **WEEK)
    assert {row["covers"] is None for row in ended.rows(DAYS)} == {True}
    assert "x-replace-by" not in ended.schema(CAMPAIGNS)["schema"]


def test_a_connection_test_waits_for_none_of_it(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon

    def prepare(tap: TapAmazonAds, _: CollectingWriter) -> None:
        for stream in tap.streams.values():
            stream.ABORT_AT_RECORD_COUNT = 1

    ended = run(emulator, (CAMPAIGNS, LOG, DAYS), prepare=prepare)
    assert not ended.rows(LOG) + ended.rows(DAYS)
    assert ended.code == 0


# --- metrics -------------------------------------------------------------------------


def test_each_stream_has_one_count_and_one_duration(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    """Not one per report: a run of 300 accounts would log them by the thousand."""
    del amazon
    ended = run_command(
        emulator, CAMPAIGNS, TARGETING, LOG, **days("2026-11-01", NEWEST)
    )
    found = [
        json.loads(line.partition("METRIC: ")[2]) for line in ended.said("METRIC: ")
    ]
    counts = {m["tags"]["stream"]: m["value"] for m in found if m["type"] == "counter"}
    kinds = [(m["type"], m["tags"]["stream"]) for m in found]
    assert len(set(kinds)) == len(kinds)
    assert counts == {
        name: len(ended.rows(name)) for name in (CAMPAIGNS, TARGETING, LOG)
    }
    assert ("timer", CAMPAIGNS) in kinds
