"""`--test`: one newest day of one account, and at most two minutes."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from amazon_emulator import Emulator, EmulatorClient
from support.ads.runs import (
    AGENCY,
    BRAZIL,
    CAMPAIGNS,
    CANADA,
    NOON,
    ORDERS,
    RunningClock,
    settings_for,
)
from support.core.capture import caught_log, kept_signals
from tap_amazon_ads.tap import TapAmazonAds

STREAMS = ("profiles", "advertisers", CAMPAIGNS, ORDERS)


def connection_test(
    emulator: Emulator, *, speed: float = 1.0, **settings: object
) -> tuple[list[dict[str, Any]], timedelta]:
    """Test the connection of four streams; return the messages and the time it took."""
    clock = RunningClock(speed=speed)

    class Clocked(TapAmazonAds):
        """The tap with a clock of the test."""

    Clocked.clock = clock
    out = io.StringIO()
    with kept_signals(), caught_log(), contextlib.redirect_stdout(out):
        tap = Clocked(config=settings_for(emulator, **settings))
        streams = [tap.streams[name] for name in STREAMS]
        for stream in tap.streams.values():
            stream.selected = False
        assert tap.run_sync_dry_run(1, streams)
    messages = [json.loads(line) for line in out.getvalue().splitlines()]
    return messages, clock.now() - NOON


def test_one_newest_day_of_one_account_is_asked_for_per_stream(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    messages, _ = connection_test(emulator, start_date="2026-09-01")

    asked = [
        (create.account, create.body["startDate"], create.body["endDate"])
        for create in amazon.statistics().creates
    ]
    newest = "2026-11-19"
    assert sorted(asked) == [(CANADA, newest, newest), (AGENCY, newest, newest)]
    records = [m["stream"] for m in messages if m["type"] == "RECORD"]
    assert sorted(records) == sorted(STREAMS)
    states = [m["value"] for m in messages if m["type"] == "STATE"]
    assert not [
        state for state in states if {CAMPAIGNS, ORDERS} & set(state["bookmarks"])
    ]


def test_the_hold_back_counts_also_in_a_connection_test(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    connection_test(emulator, holdback_days={CAMPAIGNS: 3}, profile_ids=[BRAZIL])
    (create,) = amazon.statistics().creates
    assert (create.body["startDate"], create.body["endDate"]) == ("2026-11-16",) * 2


def test_a_connection_test_waits_two_minutes_for_reports_and_no_longer(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.change(ready_after_seconds=100_000)

    messages, took = connection_test(emulator, speed=100)

    assert timedelta(seconds=115) < took < timedelta(seconds=300)
    records = {m["stream"] for m in messages if m["type"] == "RECORD"}
    assert records == {"profiles", "advertisers"}


def test_a_connection_test_of_throttled_lists_does_not_outlast_two_minutes(
    emulator: Emulator, amazon: EmulatorClient
) -> None:
    amazon.add_fault("throttle", operation="manager_accounts")

    _, took = connection_test(emulator, speed=100)

    assert timedelta(seconds=50) < took < timedelta(seconds=300)


def test_with_an_archive_of_originals_it_stays_a_connection_test(
    emulator: Emulator, amazon: EmulatorClient, tmp_path: Path
) -> None:
    """The archive is tried before the SDK says that only the connection is tested."""
    settings = settings_for(emulator, raw_report_uri=tmp_path.as_uri())

    class Clocked(TapAmazonAds):
        clock = RunningClock()

    with kept_signals(), caught_log(), contextlib.redirect_stdout(io.StringIO()):
        tap = Clocked(config={**settings, "profile_ids": [CANADA]})
        tap.run(tap.run_connection_test)
    windows = {
        (c.body["startDate"], c.body["endDate"]) for c in amazon.statistics().creates
    }
    assert windows == {("2026-11-19", "2026-11-19")}
