"""Amazon's own files, where this checkout has them beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "specs"
SPECS = Path(os.environ.get("AMAZON_SPECS_DIR", _BESIDE)) / "amazon-audiences"

needs_specs = pytest.mark.skipif(
    not SPECS.is_dir(),
    reason="Amazon's OpenAPI files are not here; AMAZON_SPECS_DIR names their folder.",
)
