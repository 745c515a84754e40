"""A tap that is ended from outside loses no report and tears no line."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.ads.process import AdsProcess
from support.ads.runs import (
    CAMPAIGNS,
    CANADA,
    SELLER,
    TARGETING,
    Json,
    expected_keys,
    pending_ids,
    run,
)
from support.core.process import until

ENDS_WITHIN = 2.0
HOUR = 3600.0
BOTH: Json = {"streams": [CAMPAIGNS, TARGETING], "profile_ids": [SELLER, CANADA]}


@pytest.fixture
def emulator(running: Emulator) -> Iterator[Emulator]:
    """An emulator whose clock runs with the machine's, as a process's does."""
    running.client.reset()
    running.client.real_time()
    yield running
    running.client.reset()


@pytest.fixture
def days(emulator: Emulator) -> Json:
    """One day, three days ago."""
    today = emulator.client.now().date()
    day = str(today.fromordinal(today.toordinal() - 3))
    return {"start_date": day, "end_date": day}


def all_ids(emulator: Emulator) -> set[str]:
    return {create.report_id for create in emulator.client.statistics().creates}


def assert_resumes(emulator: Emulator, state: Json, days: Json) -> None:
    """Run again with the state: every report once, every row once."""
    before = emulator.client.statistics().calls["create"]
    emulator.client.advance(HOUR)

    second = run(emulator, state=state, **BOTH, **days)

    assert second.code == 0
    assert emulator.client.statistics().calls["create"] == before == {200: 4}
    assert len(second.keys()) == len(set(second.keys()))
    assert set(second.keys()) == expected_keys(emulator, second)


def test_killed_while_it_waits(tmp_path: Path, emulator: Emulator, days: Json) -> None:
    emulator.client.change(ready_after_seconds=HOUR)
    with AdsProcess(tmp_path, emulator, **BOTH, **days) as tap:
        tap.read()
        tap.until_pending(4)
        tap.signal(signal.SIGKILL)
        assert tap.ended(ENDS_WITHIN) == -signal.SIGKILL

        assert pending_ids(tap.last_state()) == all_ids(emulator)
        assert_resumes(emulator, tap.last_state(), days)


def test_a_tap_whose_reader_is_gone_does_not_wait_on(
    tmp_path: Path, emulator: Emulator, days: Json
) -> None:
    emulator.client.change(ready_after_seconds=HOUR)
    with AdsProcess(tmp_path, emulator, **BOTH, **days) as tap:
        until(lambda: len(all_ids(emulator)) == 4, "four reports")
        assert tap.process.stdout is not None
        tap.process.stdout.close()

        assert tap.process.wait(ENDS_WITHIN) == 1
        assert "The target closed its input" in tap.log
        assert "Traceback" not in tap.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_while_it_waits(
    tmp_path: Path, emulator: Emulator, days: Json, number: signal.Signals
) -> None:
    emulator.client.change(ready_after_seconds=HOUR)
    with AdsProcess(tmp_path, emulator, **BOTH, **days) as tap:
        tap.read()
        until(lambda: len(all_ids(emulator)) == 4, "four reports")
        tap.signal(number)

        assert tap.ended(ENDS_WITHIN) == 0
        assert tap.messages[-1]["type"] == "STATE"
        assert pending_ids(tap.last_state()) == all_ids(emulator)
        assert "Stopped by a signal" in tap.log
        assert "Traceback" not in tap.log
        assert_resumes(emulator, tap.last_state(), days)


@pytest.mark.parametrize("reader", ["paused", "slow"])
def test_stopped_on_a_full_pipe(
    tmp_path: Path, emulator: Emulator, days: Json, reader: str
) -> None:
    emulator.client.change(rows_per_day=3000)
    emulator.client.add_fault(
        "never_ready", operation="create", report_type_id="spTargeting"
    )
    with AdsProcess(tmp_path, emulator, **BOTH, **days) as tap:
        tap.until_pipe_is_full()
        until(lambda: len(all_ids(emulator)) == 4, "four reports")
        if reader == "slow":
            tap.read(block=2048, pause=0.02)
        tap.signal()

        assert tap.ended(ENDS_WITHIN) == 0
        assert tap.raw.endswith(b"\n")
        assert tap.messages[-1]["type"] == "STATE"
        rows = [m for m in tap.messages if m["type"] == "RECORD"]
        assert 0 < len(rows) < 6000
        # nothing has been delivered whole, so every id is still needed
        assert pending_ids(tap.last_state()) == all_ids(emulator)


def test_stopped_while_amazon_answers_a_create(
    tmp_path: Path, emulator: Emulator, days: Json
) -> None:
    emulator.client.change(ready_after_seconds=HOUR)
    emulator.client.add_fault("delay", operation="create", seconds=0.25)
    with AdsProcess(tmp_path, emulator, **days) as tap:
        tap.read()
        until(lambda: emulator.client.faults()[0]["applied"] == 1, "a create")
        tap.signal()

        assert tap.ended(ENDS_WITHIN) == 0
        assert pending_ids(tap.last_state()) == all_ids(emulator)
        assert len(all_ids(emulator)) == 1


def test_stopped_while_the_profiles_are_asked(
    tmp_path: Path, emulator: Emulator, days: Json
) -> None:
    emulator.client.add_fault("delay", operation="profiles", seconds=4)
    with AdsProcess(tmp_path, emulator, **days) as tap:
        tap.read()
        until(lambda: emulator.client.faults()[0]["applied"] == 1, "the profiles")
        tap.signal()

        assert tap.ended(ENDS_WITHIN) == 0
        assert "Traceback" not in tap.log


def test_a_second_signal_ends_at_once(
    tmp_path: Path, emulator: Emulator, days: Json
) -> None:
    emulator.client.add_fault("delay", operation="create", seconds=4)
    with AdsProcess(tmp_path, emulator, **days) as tap:
        tap.read()
        until(lambda: emulator.client.faults()[0]["applied"] == 1, "a create")
        tap.signal()
        time.sleep(0.05)  # two signals at once would be one
        tap.signal()

        assert tap.ended(0.2) == 128 + signal.SIGTERM


def test_a_target_that_goes_away(
    tmp_path: Path, emulator: Emulator, days: Json
) -> None:
    emulator.client.change(rows_per_day=3000)
    with AdsProcess(tmp_path, emulator, **days) as tap:
        tap.until_pipe_is_full()
        assert tap.process.stdout is not None
        tap.process.stdout.close()

        assert tap.process.wait(ENDS_WITHIN) == 1
        assert "The target closed its input" in tap.log
        assert "Traceback" not in tap.log
        assert "BrokenPipe" not in tap.log
