"""Runs without end in one process: memory, threads and open files stay flat."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from amazon_emulator import EmulatorClient
from support import sp_runs, tap_runs
from support.ads_runs import kept_signals
from support.campaigns.plan import Plan
from support.tap_runs import CollectingWriter, logged
from support.target_s3_parts import Run
from target_s3.settings import Settings

MOST_GROWTH = 0.10
MOST_GROWTH_BYTES = 30 * 1024**2
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds after a round."""

    memory: int
    threads: int
    files: int

    @classmethod
    def take(cls) -> Sample:
        gc.collect()
        process = psutil.Process()
        memory = process.memory_info().rss
        return cls(memory, process.num_threads(), process.num_fds())


class RemoteEmulator:
    """An emulator in a process of its own, so that its memory is not ours."""

    def __init__(self, url: str) -> None:
        self.url, self.token_url = url, f"{url}/auth/o2/token"
        self.client = EmulatorClient(url)
        settings = self.client.settings()
        names = ("client_id", "client_secret", "refresh_token")
        self.credentials = {name: settings[name] for name in names}


@contextmanager
def remote_emulator() -> Iterator[RemoteEmulator]:
    command = str(Path(sys.executable).with_name("amazon-emulator"))
    words = [command, "serve", "--port", "0", "--download-port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = ""
        for line in process.stdout:
            if not url and "http://" in line:
                url = f"http://{line.split('http://')[1].split()[0].rstrip('/')}"
            if "is ready" in line:
                break
        try:
            yield RemoteEmulator(url)
        finally:
            process.terminate()


def round_of_runs(emulator: RemoteEmulator) -> int:
    """Run both taps with all their threads, and their lines into target-s3."""
    client = emulator.client
    client.reset()
    client.change(rows_per_day=30, ready_after_seconds=[0.05, 0.3])
    today = client.now().date().isoformat()[:8]
    quick = {"poll_interval_seconds": 0.05, "poll_interval_max_seconds": 0.2}
    ads = tap_runs.settings(emulator, **quick)  # type: ignore[arg-type]
    ads |= {"start_date": None, "profile_ids": [tap_runs.SELLER, tap_runs.CANADA]}
    sp = sp_runs.settings(emulator, **quick, start_date=f"{today}01")  # type: ignore[arg-type]
    streams = (sp_runs.SALES, sp_runs.SEARCH_TERMS)
    rows = 0
    for tap_class, config, catalog in (
        (Ads, ads, tap_runs.catalog((tap_runs.CAMPAIGNS, tap_runs.TARGETING))),
        (Sp, sp, sp_runs.catalog(streams, sp)),
    ):
        writer = CollectingWriter()
        given = {k: v for k, v in config.items() if v is not None}
        with logged() as log:
            tap = tap_class(config=given, catalog=catalog, message_writer=writer)
            code = tap.run()
        assert code == 0, log[-5:]
        loaded = Run(Settings(bucket="b")).feed(line[:-1] for line in writer.lines)
        rows += sum(1 for line in writer.lines if b'"RECORD"' in line[:20])
        assert loaded.states
    return rows


class Ads(tap_runs.QuickTap):
    """With its threads, on the real clock."""

    workers = None


class Sp(sp_runs.QuickTap):
    """With its threads, on the real clock."""

    workers = None


def test_an_hour_of_runs_leaves_nothing_behind(plan: Plan, report: Report) -> None:
    if not plan.soak_minutes:
        report("soak: left out; --soak-minutes=60 runs it")
        return
    samples: list[Sample] = []
    rows = 0
    end = time.monotonic() + plan.soak_minutes * 60
    with kept_signals(), remote_emulator() as emulator:
        round_of_runs(emulator)
        while time.monotonic() < end or len(samples) < 8:
            rows += round_of_runs(emulator)
            samples.append(Sample.take())
    quarter = max(len(samples) // 4, 2)
    first, last = samples[quarter : 2 * quarter], samples[-quarter:]
    figures = []
    for name in ("memory", "threads", "files"):
        before = statistics.median(getattr(s, name) for s in first)
        after = statistics.median(getattr(s, name) for s in last)
        unit = 1024**2 if name == "memory" else 1
        figures.append(f"{name} {before / unit:.0f} to {after / unit:.0f}")
        if name == "memory":
            limit = max(before * MOST_GROWTH, MOST_GROWTH_BYTES * (before > 0))
            assert after - before <= limit, figures
        else:
            assert after - before <= 2, figures
    report(
        f"soak of {plan.soak_minutes:g} minutes: {len(samples)} rounds, {rows} rows; "
        f"{', '.join(figures)} (MB, number, number)"
    )


@pytest.mark.parametrize("count", [1])
def test_one_round_of_the_soak_runs(count: int) -> None:
    with kept_signals(), remote_emulator() as emulator:
        assert round_of_runs(emulator) > count
