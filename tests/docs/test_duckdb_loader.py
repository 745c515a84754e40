"""The walk-through with DuckDB: a loader of others, in an environment of its own.

    DOCS_DUCKDB_ENV=/path/to/env pytest tests/docs/test_duckdb_loader.py
    pytest tests/docs --docs=all      # installs the loader into a temporary one

A day that comes again replaces its rows: the page promises that.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.docs.blocks import ROOT, Block, blocks
from support.docs.sandbox import Sandbox

PAGE = ROOT / "docs" / "loaders.md"
NO_INDEX = re.compile(r"NewConnectionError|No matching distribution|dns error")


def shell() -> list[Block]:
    return [block for block in blocks(PAGE) if block.is_shell]


@pytest.fixture
def environment(tmp_path: Path, pytestconfig: pytest.Config) -> Path:
    """An environment with target-duckdb; the test skips where there is none."""
    given = os.environ.get("DOCS_DUCKDB_ENV")
    if given:
        return Path(given)
    if pytestconfig.getoption("--docs") != "all":
        pytest.skip("Installs target-duckdb: --docs=all, or DOCS_DUCKDB_ENV.")
    folder = tmp_path / "duckdb-env"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q"]
    ran = subprocess.run(
        [*pip, "target-duckdb"], capture_output=True, text=True, check=False
    )
    if NO_INDEX.search(ran.stderr):
        pytest.skip("No package index answers.")
    assert ran.returncode == 0, ran.stderr[-2000:]
    return folder


def test_the_walk_through_leads_to_rows(environment: Path, tmp_path: Path) -> None:
    install, ask = shell()
    lines = install.text.splitlines()
    (load, keep) = (n for n in lines if "pip" not in n and "venv" not in n)
    (settings,) = (b for b in blocks(PAGE) if b.language == "json")
    folder = tmp_path / "page"
    folder.mkdir()
    sandbox = Sandbox(folder)
    (folder / "duckdb.json").write_text(settings.text)
    (folder / "duckdb-env").symlink_to(environment)
    ended = sandbox.run(f"{load}\n{keep}\n{ask.text}\n{load}\n{ask.text}")
    assert ended.code == 0, ended.output[-3000:]
    _, once, twice = ended.output.split("│    date", 2)
    days = re.findall(r"│ 2026-\d\d-\d\d.*", once)
    assert len(days) > 1, ended.output[-3000:]
    assert re.findall(r"│ 2026-\d\d-\d\d.*", twice) == days, "rows were doubled"
