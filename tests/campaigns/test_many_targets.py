"""Targets by the million: the tap's memory does not grow with the snapshot."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil

from amazon_emulator import Emulator
from support.ads.process import AdsProcess
from support.ads.runs import NOON
from support.campaigns.plan import Plan

FEW, MANY, A_MILLION = 500, 3_000, 56_000
PER_CAMPAIGN = 3 * 2 * 3
"""Targets: of three ad products, two ad groups, three each."""
MOST_GROWTH_MB = 30
Report = Callable[[str], None]


def test_memory_is_flat(tmp_path: Path, plan: Plan, report: Report) -> None:
    few = _read(tmp_path / "few", FEW)
    many = _read(tmp_path / "many", A_MILLION if plan.is_long else MANY)
    report(f"targets: {many[0]:,} in {many[1]} MB, {few[0]:,} in {few[1]} MB")
    assert many[1] - few[1] < MOST_GROWTH_MB


def _read(folder: Path, campaigns: int) -> tuple[int, int]:
    """Return how many rows there were, and the tap's highest memory in MB."""
    folder.mkdir()
    with (
        Emulator(now=NOON, frozen=True, rows_per_day=campaigns) as emulator,
        AdsProcess(folder, emulator, ["targets"]) as tap,
    ):
        stdout, watched = tap.process.stdout, psutil.Process(tap.process.pid)
        assert stdout is not None
        rows = peak = 0
        rest = b""
        while data := os.read(stdout.fileno(), 1 << 20):
            *lines, rest = (rest + data).split(b"\n")
            rows += sum(line.startswith(b'{"type":"RECORD"') for line in lines)
            peak = max(peak, watched.memory_info().rss)
        assert tap.ended(30) == 0, tap.log
    assert rows == campaigns * PER_CAMPAIGN
    return rows, peak // 1_000_000
