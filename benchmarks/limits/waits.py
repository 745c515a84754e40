"""How close runs come to what Amazon makes them wait for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import mean, median

from harness import BIN, emulator, metered, tap_settings
from limits.figures import Row, Rows, Sizes
from waiting import OPTIONS, SLOWEST, world

from amazon_emulator import EmulatorClient, Statistics

LEARNING_RUNS = 1
"""Runs before the measured one, which leave their state to it."""
FOUND_WITHIN = 0.1
CREATES_A_SECOND = 10
SETTINGS = {"poll_interval_seconds": 1, "poll_interval_max_seconds": 2}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the tap over all accounts and report types."""

    seconds: float
    """Without start-up."""
    cpu_seconds: float
    reports: int
    calls: float
    """Calls of the API for each report."""
    lateness: float
    """Mean time until a report was found, as a share of its age when it was ready."""
    slowest: float
    """Age of the oldest report when it was ready, in seconds."""


class Tap:
    """The tap on an emulator, run again and again with the state of the last run."""

    def __init__(self, client: EmulatorClient, folder: Path, max_calls: int) -> None:
        self._client, self._folder = client, folder
        self._config = folder / "config.json"
        settings = tap_settings(client) | SETTINGS | {"max_concurrency": max_calls}
        self._config.write_text(json.dumps(settings))
        self._command = [str(BIN / "tap-amazon-ads"), "--config", str(self._config)]
        found = folder / "catalog.json"
        self.start_up = metered(
            ["sh", "-c", '"$@" > "$0"', str(found), *self._command, "--discover"]
        ).seconds
        catalog = json.loads(found.read_text())
        for stream in catalog["streams"]:
            for item in stream["metadata"]:
                if not item["breadcrumb"]:
                    item["metadata"]["selected"] = _is_read(stream["tap_stream_id"])
        found.write_text(json.dumps(catalog))
        self._command += ["--catalog", str(found)]
        self._state = folder / "state.json"

    def run(self, number: int) -> Run:
        """Run once, with other waits than last time, and keep the state."""
        self._client.reset()
        self._client.set_accounts(world())
        self._client.set_seed(number)
        output = self._folder / "output"
        command = list(self._command)
        if self._state.exists():
            command += ["--state", str(self._state)]
        used = metered(["sh", "-c", '"$@" > "$0"', str(output), *command])
        found = _read(output)
        self._state.write_text(found.learnt)
        statistics = self._client.statistics()
        ages = {c.report_id: c.ready_after_seconds for c in statistics.creates}
        lateness = [
            (found.ages[report_id] - age) / age for report_id, age in ages.items()
        ]
        return Run(
            seconds=used.seconds - self.start_up,
            cpu_seconds=used.cpu_seconds,
            reports=len(ages),
            calls=_calls(statistics) / len(ages),
            lateness=mean(lateness),
            slowest=max(ages.values()),
        )


def measure(sizes: Sizes, folder: Path) -> Rows:
    """Run 236 reports; the ages of an earlier run are known."""
    with emulator(*OPTIONS) as client:
        tap = Tap(client, folder, max_calls=8)
        runs = [tap.run(n) for n in range(1, LEARNING_RUNS + sizes.waits + 1)]
    first, *later = runs
    return [
        *_rows("first run", [first]),
        *_rows("later run", later),
    ]


def _rows(title: str, runs: list[Run]) -> Rows:
    reports = runs[0].reports
    wall = median(run.seconds for run in runs)
    slowest = {"wall": float(SLOWEST)}
    calls = {"calls": median(run.calls for run in runs)}
    late = {"share": median(run.lateness for run in runs)}
    return [
        Row(
            f"waiting, {reports} reports, {title}, without start-up",
            "the slowest report",
            "wall",
            {"wall": wall, "CPU": median(run.cpu_seconds for run in runs)},
            slowest,
            1.12,
        ),
        Row(f"calls a report, {title}", "goal", "calls", calls, {"calls": 6.0}, 1.0),
        Row(
            f"found late, share of a report's age, {title}",
            "goal",
            "share",
            late,
            {"share": FOUND_WITHIN},
            1.0,
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Output:
    """What a run has written."""

    learnt: str
    """The state without the streams' own: the next run asks for the same again."""
    ages: Mapping[str, float]
    """Report id to its age when the run saw it complete, in seconds."""


def _read(path: Path) -> _Output:
    state, ages = b"", {}
    with path.open("rb") as lines:
        for line in lines:
            if line.startswith(b'{"type":"STATE"'):
                state = line
            elif b'"stream":"report_log"' in line and b'"RECORD"' in line:
                row = json.loads(line)["record"]
                if row["ready_at"]:
                    seconds = _instant(row["ready_at"]) - _instant(row["requested_at"])
                    ages[row["report_id"]] = seconds.total_seconds()
    bookmarks = json.loads(state)["value"]["bookmarks"]
    learnt = {name: value for name, value in bookmarks.items() if name[0] == "_"}
    return _Output(json.dumps({"bookmarks": learnt}), ages)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _calls(statistics: Statistics) -> int:
    names = ("create", "status", "delete")
    return sum(statistics.count(name) for name in names)


def _is_read(stream: str) -> bool:
    return stream == "report_log" or stream.startswith(
        ("sponsored_", "amazon_dsp_", "dsp_")
    )
