"""The package compiles for other warehouses, to SQL that their parsers take.

python3 -m venv other-env && other-env/bin/pip install dbt-snowflake sqlglot
AMAZON_DBT_SNOWFLAKE_ENV=other-env uv run --group delta pytest tests/dbt
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.core.process import environment
from support.dbt.project import PACKAGE

sqlglot = pytest.importorskip(
    "sqlglot", reason="sqlglot is not installed: uv run --group delta pytest"
)

PROFILE = """\
amazon_singer:
  target: snowflake
  outputs:
    snowflake:
      {type: snowflake, account: a, user: u, password: p, database: d, schema: s}
"""


def test_the_marts_compile_for_snowflake(tmp_path: Path) -> None:
    folder = os.environ.get("AMAZON_DBT_SNOWFLAKE_ENV")
    if not folder:
        pytest.skip("AMAZON_DBT_SNOWFLAKE_ENV names no environment with dbt-snowflake.")
    (tmp_path / "profiles.yml").write_text(PROFILE)
    options = ["--no-introspect", "--no-populate-cache", "--target-path", str(tmp_path)]
    options += ["--profiles-dir", str(tmp_path), "--project-dir", str(PACKAGE)]
    options += ["--vars", "{amazon_assume_tables: true}", "--log-path", str(tmp_path)]
    ran = subprocess.run(
        [f"{folder}/bin/dbt", "compile", *options, "--select", "+path:models/marts"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(AMAZON_LAKE=""),
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
    files = list((tmp_path / "compiled").rglob("models/**/*.sql"))
    assert len(files) > 40
    for file in files:
        sqlglot.parse(file.read_text(), read="snowflake")
