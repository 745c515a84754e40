"""The tap as a process: killed at any moment, a report is asked for once."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.core.process import PluginProcess
from support.core.runs import QUICK_POLLS
from support.sp.runs import (
    SALES,
    SALES_BY_ASIN,
    SEARCH_TERMS,
    asked,
    catalog,
    pending,
    run,
    settings,
)

STREAMS = (SALES, SALES_BY_ASIN, SEARCH_TERMS)


class SpProcess(PluginProcess):
    def __init__(
        self,
        folder: Path,
        emulator: Emulator,
        streams: Iterable[str],
        **changes: object,
    ) -> None:
        config = settings(emulator, **QUICK_POLLS | changes)
        files = {"config": config, "catalog": catalog(streams, config)}
        super().__init__("tap-amazon-sp", folder, files)


@pytest.fixture
def slow(emulator: Emulator) -> Emulator:
    """An emulator in real time whose reports take longer than the test."""
    emulator.client.real_time()
    emulator.client.change(ready_after_seconds=3600)
    return emulator


def still_asked(emulator: Emulator) -> int:
    """Return how many reports were asked for, if nothing more is for a while."""
    before = len(asked(emulator))
    time.sleep(1.5)  # a busy machine creates slowly
    return before if before == len(asked(emulator)) else -1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_is_taken_up_without_a_second_create(
    tmp_path: Path, slow: Emulator, number: signal.Signals
) -> None:
    # days long past: an hour later nothing new is published, whatever the time is
    today = slow.client.now().date()
    days: dict[str, Any] = {
        "start_date": str(today - timedelta(days=27)),
        "end_date": str(today - timedelta(days=6)),
    }
    with SpProcess(tmp_path, slow, STREAMS, **days) as tap:
        tap.read()
        tap.until(lambda: asked(slow) != [], "the first create")
        tap.until(
            lambda: 1 <= still_asked(slow) == len(pending(tap.last_state())),
            "a STATE with every id",
        )
        tap.signal(number)
        code = tap.ended(within=5)
        state = tap.last_state()
    assert code == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    before = asked(slow)
    slow.client.change(ready_after_seconds=0)
    slow.client.advance(3600)
    ended = run(slow, *STREAMS, state=state, **days)
    assert ended.code == 0
    assert asked(slow) == before
    assert not pending(ended.state)


def test_config_file_catalog_and_pipe(tmp_path: Path, emulator: Emulator) -> None:
    emulator.client.real_time()
    start = str(emulator.client.now().date().replace(day=1))
    with SpProcess(tmp_path, emulator, [SEARCH_TERMS], start_date=start) as tap:
        tap.read()
        assert tap.ended(within=30) == 0
        assert "Traceback" not in tap.log
        assert "Run summary" in tap.log
        assert "Atzr|" not in tap.log
        assert "Atza|" not in tap.log
