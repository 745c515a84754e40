"""What a column means, in one sentence; the words are in ``column_words.json``."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUSINESS = "B2B"
_ADDED = ("account_name", "marketplace_id", "window_start", "window_end", "_extra")


@lru_cache(maxsize=1)
def _words() -> Mapping[str, str]:
    file = resources.files("tap_amazon_sp.catalogue") / "column_words.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str])


def describe(name: str, origin: str = "") -> str:
    """Return one sentence about a column.

    `origin` is the report type or path it comes from, for columns nobody knows.
    """
    words = _words()
    if name in words:
        return f"{words[name]}."
    base = name.removesuffix(_BUSINESS)
    if base != name and base in words:
        return f"{words[base]}: Amazon Business customers only."
    return _unknown(name, origin)


def _unknown(name: str, origin: str) -> str:
    where = f" of {origin}" if origin else ""
    return f"Amazon field {name}{where}; no description of it is known."


def described(
    schema: Mapping[str, Any], origin: str, *, is_known: bool = True
) -> dict[str, Any]:
    """Return the schema of a stream with a description for each of its columns.

    Where Amazon's fields are not known to us, the same name may mean something else:
    only the tap's own columns are then described in words.
    """
    properties = {}
    for name, column in schema["properties"].items():
        words = describe(name, origin) if is_known or name in _ADDED else ""
        properties[name] = {"description": words or _unknown(name, origin), **column}
    return {**schema, "properties": properties}
