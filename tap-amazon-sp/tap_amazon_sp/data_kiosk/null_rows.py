"""Windows that come as rows of nulls: Amazon has sent a vendor's day so.

Pure; what a row holds is asked through functions that read one column of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import msgspec

Getter = Callable[[Any], Any]


class NullRows:
    """Which windows have rows and not one value; documents of a window add up."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, bool] = {}
        """Window to whether any of its rows has a value."""

    def add(
        self, window: Hashable, rows: Iterable[Any], values: Sequence[Getter]
    ) -> None:
        """Take in rows; the first with a value ends the search."""
        if values and not self._seen.get(window):
            for row in rows:
                self._seen[window] = has = any(_is_value(get(row)) for get in values)
                if has:
                    return

    def are_all(self, window: Hashable) -> bool:
        """Whether a window has rows, and none with a value."""
        return self._seen.get(window) is False


def _is_value(found: object) -> bool:
    """Whether there is anything in a value of a column, however deep."""
    if isinstance(found, msgspec.Struct):
        return any(_is_value(part) for part in msgspec.structs.astuple(found))
    if isinstance(found, (list, tuple)):
        return any(map(_is_value, found))
    if isinstance(found, dict):
        return any(map(_is_value, found.values()))
    return found is not None and found is not msgspec.UNSET and found != ""
