"""Programs that are not ours accept what the tap writes.

They run through uvx in environments of their own; where no registry answers,
these tests skip and say so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from amazon_emulator import Emulator
from support.ads.runs import CAMPAIGNS, ORDERS, Run, days, fresh, run_command
from support.core.foreign_programs import CHECKER, DUCKDB, JSONL, RunProgram, runner

pytestmark = pytest.mark.xdist_group("foreign-programs")

STREAMS = ("profiles", "advertisers", CAMPAIGNS, ORDERS)
# the loader of target-duckdb takes the first row of an all-text table for a header
WITH_NUMBERS = ("profiles", CAMPAIGNS, ORDERS)


@dataclass(frozen=True, slots=True)
class Runs:
    """A run, and one two days later after Amazon has restated everything."""

    first: Run
    second: Run


@pytest.fixture(scope="module")
def runs(running: Emulator) -> Runs:
    """Two runs over all kinds of accounts; the second reads the first's days again."""
    amazon = fresh(running)
    first = run_command(running, *STREAMS, **days("2026-11-10", "2026-11-17"))
    amazon.change(restate=1)
    second = run_command(running, *STREAMS, start_date="2026-11-10", state=first.state)
    assert (first.code, second.code) == (0, 0)
    return Runs(first, second)


@pytest.fixture
def uvx(tmp_path: Path) -> RunProgram:
    """Run a program of a registry in an empty folder, with text as its input."""
    return runner(tmp_path)


def merged(runs: Runs, stream: str) -> dict[tuple[str, ...], dict[str, object]]:
    """Return the newest row of every key over both runs."""
    key = runs.first.schema(stream)["key_properties"]
    rows = [*runs.first.rows(stream), *runs.second.rows(stream)]
    return {tuple(str(row[name]) for name in key): row for row in rows}


def test_singer_check_tap_finds_the_stream_valid(runs: Runs, uvx: RunProgram) -> None:
    checked = uvx(CHECKER, text=runs.first.text)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    records = sum(len(runs.first.rows(stream)) for stream in STREAMS)
    assert f"{records} record messages" in checked.stdout


def test_target_jsonl_writes_every_row(
    runs: Runs, uvx: RunProgram, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"destination_path": str(tmp_path)}))

    loaded = uvx(JSONL, "--config", str(config), text=runs.first.text)

    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout.splitlines()[-1]) == runs.first.state
    for stream in STREAMS:
        (file,) = tmp_path.glob(f"{stream}-*.jsonl")
        lines = file.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == runs.first.rows(stream)


def test_target_duckdb_merges_two_runs_by_key(
    runs: Runs, uvx: RunProgram, tmp_path: Path
) -> None:
    database = tmp_path / "lake.duckdb"
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps({"path": str(database), "default_target_schema": "ads"})
    )

    for text in (runs.first.text, runs.second.text):
        loaded = uvx(DUCKDB, "--config", str(config), text=text)
        assert loaded.returncode == 0, loaded.stderr[-2000:]

    with duckdb.connect(str(database), read_only=True) as found:
        for stream in WITH_NUMBERS:
            count = found.execute(f'select count(*) from ads."{stream}"').fetchone()  # noqa: S608 - our own names
            assert count == (len(merged(runs, stream)),)
        rows = found.execute(
            f'select "date", campaignid, profile_id, currency_code, cost '  # noqa: S608
            f'from ads."{CAMPAIGNS}"'
        ).fetchall()
    newest = merged(runs, CAMPAIGNS).values()
    names = ("date", "campaignId", "profile_id", "currency_code", "cost")
    assert sorted(rows, key=str) == sorted(
        (tuple(row[name] for name in names) for row in newest), key=str
    )
    assert len(rows) == 10 * 5 * 4  # days, rows a day, profiles
