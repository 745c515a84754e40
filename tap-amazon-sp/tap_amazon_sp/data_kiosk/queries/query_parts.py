"""Cuts what is asked for into queries that each keep to Amazon's length. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tap_amazon_sp.data_kiosk.schema import Path

Length = Callable[[Iterable[Path]], int]
"""How long the text of a query for some paths is, keys included."""


def cut(
    groups: Iterable[frozenset[Path]], length: Length, most: int
) -> tuple[frozenset[Path], ...]:
    """Return the groups in as few parts as they fit into, in their order.

    A group is never cut: what is inside of it belongs together. One that is too long by
    itself stays so, and is refused when it is asked for. Nothing is returned where all
    fit into one.
    """
    parts: list[frozenset[Path]] = []
    for group in groups:
        for index, part in enumerate(parts):
            if length(part | group) <= most:
                parts[index] = part | group
                break
        else:
            parts.append(group)
    return tuple(parts) if len(parts) > 1 else ()
