"""The dbt package at work on one lake, with dbt's own command."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from support.core.process import environment

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "dbt"
MARTS = ("+path:models/marts", "path:tests")
ADVICE = (
    "dbt is not installed: python3 -m venv dbt/.env && "
    "dbt/.env/bin/pip install -r dbt/requirements.txt"
)

Rows = list[tuple[Any, ...]]


def _command() -> Path:
    return Path(os.environ.get("AMAZON_DBT_ENV", PACKAGE / ".env")) / "bin" / "dbt"


def is_installed() -> bool:
    return _command().exists()


def dbt_command() -> str:
    """Return dbt's command; the test skips where it is not installed."""
    if not is_installed():
        pytest.skip(ADVICE)
    return str(_command())


class DbtProject:
    """dbt in a folder of its own; every lake stands at the same path.

    So its manifest can be read again: another path would have it parse everything.
    """

    def __init__(self, folder: Path) -> None:
        self._command = dbt_command()
        self._folder = folder
        self._lake = folder / "lake"
        self.database = folder / "amazon.duckdb"
        self.output = ""

    def build(
        self, lake: Path, *variables: tuple[str, object], select: Iterable[str] = MARTS
    ) -> list[str]:
        """Build and test the marts of a lake; return the names of failed tests."""
        self._lake.unlink(missing_ok=True)
        self._lake.symlink_to(lake)
        self.database.unlink(missing_ok=True)
        words = ["build", "--select", *select]
        if variables:
            words += ["--vars", json.dumps(dict(variables))]
        self.run(*words)
        results = json.loads((self._folder / "target/run_results.json").read_text())
        return [
            result["unique_id"].split(".")[2]
            for result in results["results"]
            if result["status"] not in {"success", "pass"}
        ]

    def run(self, *words: str) -> int:
        """Run dbt; its output is kept."""
        ran = subprocess.run(
            [
                self._command,
                "--no-use-colors",
                *words,
                *("--project-dir", str(PACKAGE), "--profiles-dir", str(PACKAGE)),
                *("--target-path", str(self._folder / "target")),
                *("--log-path", str(self._folder / "logs")),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=environment(
                AMAZON_LAKE=str(self._lake), AMAZON_DUCKDB=str(self.database)
            ),
            cwd=self._folder,
        )
        self.output = ran.stdout + ran.stderr
        assert ran.returncode in (0, 1), self.output[-4000:]
        return ran.returncode

    def query(self, sql: str) -> Rows:
        """Return rows of the marts."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()
