"""Commands that run on and on: their memory, threads and open files stay flat."""

from __future__ import annotations

import json
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from amazon_emulator import Emulator
from support.ads import runs as tap_runs
from support.audience import runner
from support.campaigns.plan import Plan
from support.campaigns.processes import command
from support.s3.bucket import Bucket, local_s3
from support.s3.loader import record, schema, state

MOST_GROWTH = 0.10
MOST_GROWTH_MB = 30
MOST_MORE = 2
Report = Callable[[str], None]


@dataclass
class Watched:
    """A command under way, and what it holds from second to second."""

    name: str
    process: subprocess.Popen[bytes]
    samples: list[tuple[float, int, int]] = field(default_factory=list)
    """Memory in MB, threads, open files."""
    fed: int = 0

    def look(self) -> None:
        with suppress(psutil.Error):
            found = psutil.Process(self.process.pid)
            memory = found.memory_info().rss / 1024**2
            self.samples.append((memory, found.num_threads(), found.num_fds()))

    def feed(self, messages: Iterator[Any], end: float) -> None:
        """Write messages, a hundred at a time, until the time is over."""
        assert self.process.stdin
        with suppress(BrokenPipeError), self.process.stdin as stdin:
            while time.monotonic() < end:
                some = [json.dumps(next(messages)) for _ in range(100)]
                stdin.write("".join(f"{line}\n" for line in some).encode())
                self.fed += len(some)
                time.sleep(0.05)

    def drain(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stdout:
            for line in stdout:
                self.fed += line.startswith(b'{"type":"RECORD"')

    def growth(self) -> list[tuple[float, float]]:
        """Return medians of the second and the last quarter, figure by figure."""
        quarter = len(self.samples) // 4
        parts = self.samples[quarter : 2 * quarter], self.samples[-quarter:]
        return [
            (statistics.median(before), statistics.median(after))
            for before, after in zip(
                *(zip(*p, strict=True) for p in parts), strict=True
            )
        ]


def rows() -> Iterator[Any]:
    yield schema(columns={"id": "string", "name": "string", "clicks": "integer"})
    number = 0
    while True:
        number += 1
        yield record(id=str(number), name=f"Kampagne {number} ä", clicks=number)
        if number % 1000 == 0:
            yield state(number)


def customers() -> Iterator[Any]:
    yield runner.schema()
    number = 0
    while True:
        number += 1
        yield runner.person(number % 5000)
        if number % 1000 == 0:
            yield runner.state(number)


def begin(name: str, folder: Path, **files: Mapping[str, Any]) -> Watched:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command(name, folder, **files),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if name.startswith("tap") else subprocess.DEVNULL,
            stderr=log,
            cwd=folder,
        )
    return Watched(name, process)


def tap(emulator: Emulator, folder: Path, seconds: float) -> Watched:
    """Begin a run whose reports become ready one by one until its end."""
    emulator.client.change(ready_after_seconds=[1, int(seconds * 0.9)], rows_per_day=20)
    config = tap_runs.seller_settings(
        emulator,
        profile_ids=[tap_runs.SELLER, tap_runs.CANADA],
        poll_interval_seconds=0.5,
        poll_interval_max_seconds=2,
        max_runtime_seconds=int(seconds) + 60,
    )
    del config["start_date"]
    streams = tap_runs.catalog(())["streams"]
    names = [s["tap_stream_id"] for s in streams if "sponsored" in s["tap_stream_id"]]
    return begin(
        "tap-amazon-ads", folder, config=config, catalog=tap_runs.catalog(names)
    )


def target_s3(bucket: Bucket, folder: Path) -> Watched:
    config = bucket.target_config(max_batch_size=2000)
    return begin("target-s3", folder, config=config)


def audience(emulator: Emulator, folder: Path) -> Watched:
    config = runner.settings(
        endpoint_uri=emulator.url, auth_uri=emulator.token_url, batch_size_rows=500
    )
    return begin("target-amazon-audience", folder, config=config)


def test_long_runs_stay_flat(plan: Plan, report: Report, tmp_path: Path) -> None:
    if not plan.soak_minutes:
        report("soak: not run; --soak-minutes=60 runs it")
        return
    seconds = plan.soak_minutes * 60
    end = time.monotonic() + seconds
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator())
        bucket = stack.enter_context(local_s3()).new_bucket()
        reader = tap(emulator, tmp_path, seconds)
        loader = target_s3(bucket, tmp_path)
        sender = audience(emulator, tmp_path)
        all_of_them = (reader, loader, sender)
        jobs = [
            threading.Thread(target=reader.drain),
            threading.Thread(target=loader.feed, args=(rows(), end)),
            threading.Thread(target=sender.feed, args=(customers(), end)),
        ]
        for job in jobs:
            job.start()
        while time.monotonic() < end:
            for watched in all_of_them:
                watched.look()
            time.sleep(1)
        codes = {w.name: finish(w) for w in all_of_them}
        for job in jobs:
            job.join()
    for watched in all_of_them:
        memory, threads, files = watched.growth()
        figures = (
            f"soak of {watched.name}, {plan.soak_minutes:g} minutes: {watched.fed} "
            f"lines; memory {memory[0]:.0f} to {memory[1]:.0f} MB, threads "
            f"{threads[0]:.0f} to {threads[1]:.0f}, files {files[0]:.0f} to "
            f"{files[1]:.0f}"
        )
        report(figures)
        most = max(memory[0] * MOST_GROWTH, MOST_GROWTH_MB)
        assert memory[1] - memory[0] <= most, figures
        assert threads[1] - threads[0] <= MOST_MORE, figures
        assert files[1] - files[0] <= MOST_MORE, figures
    assert not any(codes.values()), codes


def finish(watched: Watched) -> int:
    """Wait for the end of a command whose input has ended, or which has none."""
    if watched.process.stdin and watched.name.startswith("tap"):
        watched.process.stdin.close()
    return watched.process.wait(120)
