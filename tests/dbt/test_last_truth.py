"""Delta tables after runs with a look-back hold the last truth, and nothing else.

Compared value by value, by a pipe and by `meltano run`, also after runs that were
killed; `--campaign=long` kills 20 times. Where dbt is installed, its marts are built
on these tables.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.core.process import environment, installed
from support.core.runs import Json
from support.dbt.lake import CAMPAIGNS, Lake, days_ago
from support.dbt.meltano_lake import MeltanoLake
from support.dbt.project import DbtProject, is_installed

deltalake = pytest.importorskip(
    "deltalake", reason="deltalake is not installed: uv run --group delta pytest"
)

pytestmark = pytest.mark.xdist_group("dbt")

STREAMS = (CAMPAIGNS, "sponsored_products_targeting_by_targeting")
RUNS = 3
LONGEST = 6.0
"""Seconds after which a run is killed at the latest."""


@pytest.mark.parametrize("kind", [Lake, MeltanoLake])
def test_three_runs_leave_exactly_the_rows_of_the_last_truth(
    kind: type[Lake],
    new_lake: Callable[..., Lake],
    tmp_path: Path,
    pytestconfig: pytest.Config,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(pytestconfig.getoption("--campaign-seed"))  # noqa: S311
    kills = 20 if pytestconfig.getoption("--campaign") == "long" else RUNS
    lake = new_lake(2, kind)
    lake.streams = STREAMS
    lake.target_settings = {
        "format": {"format_type": "delta"},
        "write_mode": "replace",
        "max_batch_age": 0.01,
    }
    first = days_ago(9)
    for run in range(RUNS):
        lake.emulator.client.change(restate=2 * run)
        last = days_ago(RUNS + 1 - run)
        for _ in range(kills // RUNS + (run < kills % RUNS)):
            lake.kill_ads(chance.uniform(0.5, LONGEST), first, last, lookback_days=30)
        lake.load_ads(first, last, lookback_days=30)
    counts = compared(lake, tmp_path / "lake")
    record_property(
        "campaign", f"last truth, {kind.__name__}: {kills} kills, rows {counts} as sent"
    )
    if is_installed():
        dbt: DbtProject = request.getfixturevalue("dbt")
        tables = current_files(tmp_path / "lake", tmp_path / "current")
        assert dbt.build(tables) == [], dbt.output

    lake.emulator.client.add_fault("dropped_row", day=days_ago(5).isoformat())
    lake.load_ads(first, days_ago(1), lookback_days=30)
    compared(lake, tmp_path / "later")


def compared(lake: Lake, folder: Path) -> list[int]:
    """Hold the tables against what a run without a state reads; return row counts."""
    lake.download(folder.name)
    truth = truth_of(lake, lake.folder)
    for stream in STREAMS:
        assert Counter(rows_of(folder / stream)) == truth[stream], stream
    counts = [truth[stream].total() for stream in STREAMS]
    assert min(counts) > 2 * 2 * 5
    return counts


def truth_of(lake: Lake, folder: Path) -> dict[str, Counter[str]]:
    """Return what a run without a state reads now, as comparable text."""
    words = [installed("tap-amazon-ads")]
    for name in ("config", "catalog"):
        words += [f"--{name}", f"{name}.json"]
    ran = subprocess.run(
        words, capture_output=True, cwd=folder, env=environment(), check=True
    )
    messages = [json.loads(line) for line in ran.stdout.splitlines()]
    found: dict[str, Counter[str]] = {stream: Counter() for stream in lake.streams}
    for message in messages:
        if message["type"] == "RECORD" and message["stream"] in found:
            found[message["stream"]][text_of(message["record"])] += 1
    return found


def rows_of(table: Path) -> list[str]:
    rows = deltalake.DeltaTable(str(table)).to_pyarrow_table().to_pylist()
    return [text_of(row) for row in rows]


def text_of(row: Json) -> str:
    values = {name: plain(value) for name, value in row.items() if name[0] != "_"}
    return json.dumps(
        {k: v for k, v in values.items() if v is not None}, sort_keys=True
    )


def plain(value: Any) -> Any:
    if isinstance(value, (int, float)):
        return float(value)
    return None if value is None else str(value)


def current_files(tables: Path, folder: Path) -> Path:
    """Copy the files of which tables consist now: DuckDB's own reader is not here."""
    for log in tables.glob("*/_delta_log"):
        stream = log.parent.name
        (folder / stream).mkdir(parents=True)
        for number, uri in enumerate(deltalake.DeltaTable(str(log.parent)).file_uris()):
            path = uri.removeprefix("file://")
            shutil.copy(path, folder / stream / f"{number}.parquet")
    return folder
