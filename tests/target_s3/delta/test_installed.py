"""Says that the tests of Delta tables are left out, where they are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from target_s3.formats.parquet import require_deltalake


def test_deltalake_is_installed() -> None:
    pytest.importorskip(
        "deltalake",
        reason="deltalake is not installed: uv run --group delta pytest",
    )
    require_deltalake()


def test_deltalake_is_loaded_only_where_it_is_needed() -> None:
    """It takes tens of megabytes, and plain appends do without."""
    pytest.importorskip(
        "deltalake",
        reason="deltalake is not installed: uv run --group delta pytest",
    )
    code = (
        "import sys, target_s3.target, target_s3.delta.appends, "
        "target_s3.delta.streams, target_s3.delta.commits as c; "
        "c.Committer; sys.exit('deltalake' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
