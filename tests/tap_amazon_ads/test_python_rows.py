"""Rows in a `for` loop of Python: the same run, without messages."""

from __future__ import annotations

import signal

import pytest

from amazon_emulator import Emulator, EmulatorClient
from singer_amazon.errors import ConfigError
from singer_amazon.tap.report_rows import IncompleteError, ReportRows
from support.ads.runs import (
    CAMPAIGNS,
    NEWEST,
    NOON,
    EmulatorClock,
    Json,
    QuickTap,
    days,
    run,
    seller_settings,
)
from tap_amazon_ads import reports

WEEK = days("2026-11-13", NEWEST)


def rows_of(
    emulator: Emulator, state: Json | None = None, **changes: object
) -> ReportRows:
    """Return what `reports` does, on the emulator's clock and without threads."""
    clocked: type[QuickTap] = type(
        "Clocked", (QuickTap,), {"clock": EmulatorClock(emulator), "workers": 0}
    )
    settings = seller_settings(emulator, **WEEK | changes)
    return ReportRows(clocked, CAMPAIGNS, settings, state)


def test_the_rows_are_those_of_the_command(
    emulator: Emulator, amazon: EmulatorClient, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = run(emulator, (CAMPAIGNS,), **WEEK)
    amazon.reset()
    amazon.set_now(NOON, frozen=True)
    with rows_of(emulator) as rows:
        found = list(rows)
    assert found == expected.rows(CAMPAIGNS)
    assert rows.state == expected.state
    assert rows.summary["result"] == "complete"
    assert capsys.readouterr().out == ""


def test_the_state_of_one_loop_is_where_the_next_begins(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    with rows_of(emulator) as rows:
        assert list(rows)
    creates = len(amazon.statistics().creates)
    with rows_of(emulator, rows.state) as again:
        assert list(again) == []
    assert len(amazon.statistics().creates) == creates
    assert again.state == rows.state


def test_breaking_off_loses_nothing(emulator: Emulator, amazon: EmulatorClient) -> None:
    """The document that was not read whole is taken up by the next loop."""
    with rows_of(emulator) as rows:
        first = next(iter(rows))
    (partition,) = rows.state["bookmarks"][CAMPAIGNS]["partitions"]
    assert partition["replication_key_value"] < WEEK["start_date"]
    assert len(partition["pending_reports"]) == 1
    creates = len(amazon.statistics().creates)
    with rows_of(emulator, rows.state) as again:
        found = list(again)
    assert found[0] == first
    assert len(found) > 7
    assert len(amazon.statistics().creates) == creates
    (partition,) = again.state["bookmarks"][CAMPAIGNS]["partitions"]
    assert partition["replication_key_value"] == NEWEST
    assert "pending_reports" not in partition


def test_an_error_of_the_callers_own_passes_through(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    rows = rows_of(emulator)
    with pytest.raises(ZeroDivisionError), rows:
        _ = [1 / 0 for _ in rows]
    (partition,) = rows.state["bookmarks"][CAMPAIGNS]["partitions"]
    assert partition["pending_reports"]


def test_what_failed_is_an_error_behind_the_last_row(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.add_fault("failed", operation="create", covers=NEWEST, times=10)
    rows = rows_of(emulator, start_date="2026-10-01", report_attempts=1)
    found: list[Json] = []
    with (
        pytest.raises(IncompleteError, match="Amazon ended the report as FAILED"),
        rows,
    ):
        found.extend(rows)
    assert found
    (partition,) = rows.state["bookmarks"][CAMPAIGNS]["partitions"]
    assert partition["gaps"]
    assert rows.summary["result"] == "partly"


def test_time_is_up_and_the_rest_waits_in_the_state(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.add_fault("never_ready")
    with rows_of(emulator, max_runtime_seconds=60) as rows:
        assert list(rows) == []
    assert rows.summary["result"] == "waiting"


def test_no_message_goes_out_and_signals_stay_the_callers(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    before = signal.getsignal(signal.SIGTERM)
    with reports(CAMPAIGNS, seller_settings(emulator)) as rows:
        assert signal.getsignal(signal.SIGTERM) is before
        assert rows.state == {}


def test_an_unknown_stream_and_a_wrong_setting_are_sentences(
    emulator: Emulator,
) -> None:
    settings = seller_settings(emulator)
    with (
        pytest.raises(ConfigError, match="sponsored_products_campaign_by_campaign"),
        reports("sponsored_products_campaign_by_campain", settings),
    ):
        pass
    with (
        pytest.raises(ConfigError, match="region"),
        reports(CAMPAIGNS, settings | {"region": "Mars"}),
    ):
        pass
    with pytest.raises(RuntimeError, match="with"):
        iter(reports(CAMPAIGNS, settings))


def test_get_records_of_a_report_stream_yields_rows(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    del amazon
    settings = seller_settings(emulator, **WEEK)
    tap = type("Clocked", (QuickTap,), {"clock": EmulatorClock(emulator)})(
        config=settings
    )
    for name, stream in tap.streams.items():
        stream.selected = name == CAMPAIGNS
    rows = list(tap.streams[CAMPAIGNS].get_records(None))
    assert len(rows) > 7
    assert {row["profile_id"] for row in rows} == set(settings["profile_ids"])
    tap.end()
