"""Says that the tests of Delta tables are left out, where they are."""

from __future__ import annotations

import pytest

from target_s3.formats.parquet import require_deltalake


def test_deltalake_is_installed() -> None:
    pytest.importorskip(
        "deltalake",
        reason="deltalake is not installed: uv run --group delta pytest",
    )
    require_deltalake()
