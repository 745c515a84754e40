"""Columns of schemas, as tests look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def kind(column: Mapping[str, Any]) -> dict[str, Any]:
    """Return a column's schema without its description, which has tests of its own."""
    return {name: value for name, value in column.items() if name != "description"}
