"""Tables that tests go through, kept as JSON beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def table(test_file: str, name: str) -> dict[str, Any]:
    """Return the rows of a table in the folder of a test by their names."""
    text = Path(test_file).with_name(f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def cases(test_file: str, name: str) -> list[Any]:
    """Return rows, which are lists of arguments, as parameters."""
    return [pytest.param(*row, id=key) for key, row in table(test_file, name).items()]


def rows(test_file: str, name: str) -> list[Any]:
    """Return the rows of a table whose rows have no names."""
    text = Path(test_file).with_name(f"{name}.json").read_text(encoding="utf-8")
    found: list[Any] = json.loads(text)
    return found
