"""Programs that are not ours accept what the tap writes: nested rows too."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from amazon_emulator import Emulator
from support.ads.runs import Run, next_day
from support.core.foreign_programs import CHECKER, DUCKDB, JSONL, RunProgram, runner
from support.sp.runs import NOON, REAL_TIME, SALES_BY_ASIN, SEARCH_TERMS, run

pytestmark = pytest.mark.xdist_group("foreign-programs")

STREAMS = (SALES_BY_ASIN, SEARCH_TERMS, REAL_TIME)


@pytest.fixture(scope="module")
def runs() -> tuple[Run, Run]:
    """Two runs, a day apart; the second reads some days of the first again."""
    with Emulator(now=NOON, frozen=True, sp_asins=3) as emulator:
        first = run(emulator, *STREAMS, start_date="2026-11-08")
        next_day(emulator)
        second = run(emulator, *STREAMS, state=first.state, start_date="2026-11-08")
    assert (first.code, second.code) == (0, 0)
    return first, second


@pytest.fixture
def uvx(tmp_path: Path) -> RunProgram:
    """Run a program of a registry in an empty folder, with text as its input."""
    return runner(tmp_path)


def text(ended: Run) -> str:
    return "".join(json.dumps(message) + "\n" for message in ended.messages)


def test_singer_check_tap_finds_the_stream_valid(
    runs: tuple[Run, Run], uvx: RunProgram
) -> None:
    checked = uvx(CHECKER, text=text(runs[0]))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(runs[0].rows())} record messages" in checked.stdout


def test_target_jsonl_writes_every_row(
    runs: tuple[Run, Run], uvx: RunProgram, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"destination_path": str(tmp_path)}))
    loaded = uvx(JSONL, "--config", str(config), text=text(runs[0]))
    assert loaded.returncode == 0, loaded.stderr
    for stream in STREAMS:
        (file,) = tmp_path.glob(f"{stream}-*.jsonl")
        lines = file.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == runs[0].rows(stream)


def test_target_duckdb_merges_two_runs_by_key(
    runs: tuple[Run, Run], uvx: RunProgram, tmp_path: Path
) -> None:
    database, config = tmp_path / "lake.duckdb", tmp_path / "config.json"
    settings = {"path": str(database), "default_target_schema": "sp"}
    config.write_text(json.dumps(settings))
    for ended in runs:
        loaded = uvx(DUCKDB, "--config", str(config), text=text(ended))
        assert loaded.returncode == 0, loaded.stderr[-2000:]
    keys = {*runs[0].keys(), *runs[1].keys()}
    with duckdb.connect(str(database), read_only=True) as found:
        for stream in STREAMS:
            count = found.execute(f'select count(*) from sp."{stream}"').fetchone()  # noqa: S608 - our own names
            assert count == (sum(key[0] == stream for key in keys),)
