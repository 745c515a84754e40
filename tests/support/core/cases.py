"""Tables of cases, kept as JSON beside the tests: a row per case, by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def cases(test_file: str, name: str) -> list[Any]:
    """Return the rows of a table in the folder of a test as parameters."""
    text = Path(test_file).with_name(f"{name}.json").read_text(encoding="utf-8")
    return [pytest.param(*row, id=key) for key, row in json.loads(text).items()]
