"""Delta tables need the library deltalake, an extra: without it these tests skip."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "deltalake", reason="deltalake is not installed: uv run --group delta pytest"
)
