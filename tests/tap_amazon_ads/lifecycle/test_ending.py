"""What a run leaves behind in its process: nothing."""

from __future__ import annotations

import gc
import threading
import time

from amazon_emulator import Emulator
from singer_amazon.workers import NAME
from support.ads.runs import CAMPAIGNS, QuickTap, run_command
from tap_amazon_ads.tap import TapAmazonAds


def test_many_runs_in_one_process_leave_no_threads_and_no_taps(
    emulator: Emulator,
) -> None:
    before, older = set(threading.enumerate()), _taps()
    for _ in range(3):
        ended = run_command(emulator, CAMPAIGNS, start_date="2026-11-18")
        assert ended.code == 0, ended.log
    end = time.monotonic() + 10
    while (left := _new_workers(before)) and time.monotonic() < end:
        time.sleep(0.01)
    assert not left
    assert not [tap for tap in _taps() if not any(tap is one for one in older)]


def _taps() -> list[TapAmazonAds]:
    """Return the taps of commands that are alive; the tests keep those they make."""
    gc.collect()
    taps = [tap for tap in gc.get_objects() if isinstance(tap, TapAmazonAds)]
    return [tap for tap in taps if not isinstance(tap, QuickTap)]


def _new_workers(before: set[threading.Thread]) -> list[threading.Thread]:
    """Return threads of ours; those of the emulator's server come and go."""
    new = set(threading.enumerate()) - before
    return [thread for thread in new if thread.name == NAME]
