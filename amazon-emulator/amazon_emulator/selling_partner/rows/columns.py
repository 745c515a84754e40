"""The columns of flat files, by report type, and their local names (`columns.json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

_TEXT = files(__package__).joinpath("columns.json").read_text(encoding="utf-8")
_COLUMNS = json.loads(_TEXT)
ALL_ORDERS: Sequence[str] = _COLUMNS["all_orders"]
LISTINGS: Sequence[str] = _COLUMNS["listings"]
SETTLEMENT: Sequence[str] = _COLUMNS["settlement"]
OTHER: Mapping[str, Sequence[str]] = _COLUMNS["other"]
"""Report type -> columns of the files that need no rules of their own."""
_LOCAL: Mapping[str, Mapping[str, str]] = _COLUMNS["local"]
"""Language -> column of a listing report -> what it is called there."""


def listing_columns(language: str) -> list[str]:
    """Return the header of a listing report in the language of a marketplace."""
    names = _LOCAL.get(language[:2], {})
    return [names.get(name, name) for name in LISTINGS]
