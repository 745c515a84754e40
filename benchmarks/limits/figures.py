"""What a comparison brings: figures of both sides, their ratio, and a goal for it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from statistics import median
from typing import Any, Protocol

LEAST_SHARE = 0.02
"""Of a run, what must be left when its start is taken off."""
Figures = Mapping[str, float]
"""`CPU` and `wall` in seconds, `MB`, or a count, by what is counted."""


class HasTimes(Protocol):
    """A run of a program."""

    @property
    def seconds(self) -> float:
        """What a clock on the wall says."""

    @property
    def cpu_seconds(self) -> float:
        """What all its processes and threads used."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    rounds: int = 3
    rows: int = 400_000
    batch_rows: int = 400_000
    customers: int = 300_000
    stock_customers: int = 50_000
    members: int = 300_000
    queued_reports: int = 3_000
    document_rows: int = 300_000
    table_rows: int = 1_000_000
    few_table_rows: int = 200_000
    waits: int = 3

    @classmethod
    def quick(cls) -> Sizes:
        """Return what is measured in about two minutes."""
        return cls(
            rounds=1,
            rows=100_000,
            batch_rows=100_000,
            customers=150_000,
            stock_customers=20_000,
            members=100_000,
            queued_reports=200,
            document_rows=60_000,
            table_rows=300_000,
            few_table_rows=100_000,
            waits=1,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    baseline: str
    by: str
    """Which of the figures the ratio is of."""
    ours: Figures
    theirs: Figures
    goal: float
    is_speed: bool = False
    """Whether the ratio says how many times as fast we are; else: as costly."""
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours over theirs: of costs, or of speeds."""
        costs = self.ours[self.by] / max(self.theirs[self.by], 1e-9)
        return 1 / max(costs, 1e-9) if self.is_speed else costs

    @property
    def is_reached(self) -> bool:
        """Whether the ratio is as good as its goal."""
        if self.is_speed:
            return self.ratio >= self.goal
        return self.ratio <= self.goal

    def as_json(self) -> dict[str, object]:
        """Return everything as it is."""
        return asdict(self) | {"ratio": self.ratio, "reached": self.is_reached}


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that could not be measured, and why."""

    name: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """Return everything as it is."""
        return asdict(self)


Rows = list[Row | Skipped]


class TooBusyError(Exception):
    """The machine does too much else for figures that mean anything."""


def times(runs: Sequence[HasTimes], starts: Sequence[HasTimes] = ()) -> Figures:
    """Return the medians of some runs, less those of runs with nothing to do.

    Raises:
        TooBusyError: starting took as long as the run: the machine is too busy.
    """

    def of(values: Iterable[float], empty: Iterable[float]) -> float:
        whole = median(values)
        found = whole - (median(empty) if starts else 0.0)
        if found < whole * LEAST_SHARE:
            msg = f"a run of {whole:.1f} s took no longer than starting it"
            raise TooBusyError(msg)
        return found

    return {
        "CPU": of((r.cpu_seconds for r in runs), (s.cpu_seconds for s in starts)),
        "wall": of((r.seconds for r in runs), (s.seconds for s in starts)),
    }


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "at": datetime.now(timezone.utc).isoformat(timespec="minutes"),
        "cores": len(os.sched_getaffinity(0))
        if sys.platform == "linux"
        else os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - no file
            names = [line for line in lines if line.startswith("model name")]
        return names[0].partition(":")[2].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def as_table(rows: Rows) -> str:
    """Return the lines as a Markdown table."""
    lines = [
        "| what | ÷ | ours | baseline | ratio | goal | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if isinstance(row, Skipped):
            lines.append(f"| {row.name} | | | | not measured: {row.reason} | | |")
            continue
        sign = "≥" if row.is_speed else "≤"
        verdict = "reached" if row.is_reached else "**missed**"
        cells = [row.name, row.baseline, _shown(row.ours), _shown(row.theirs)]
        cells += [f"{row.ratio:.2f} ({row.by})", f"{sign} {row.goal:g}", verdict]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _shown(figures: Figures) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
