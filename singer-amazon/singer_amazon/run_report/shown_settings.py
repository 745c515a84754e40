"""Which settings of a run the page shows: those somebody has set, and no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from singer_amazon.masking import masked

ALWAYS = ("region", "start_date", "end_date", "lookback_days", "max_runtime_seconds")
"""Shown with their defaults, too: they decide what a run asks for."""
_OBJECTS = ("lookback_days", "holdback_days", "exclude_streams", "extra_columns")
"""Objects that can be shown: others may hold a secret somewhere inside."""
_LEFT_OUT = ("stream_maps", "stream_map_config", "faker_config", "batch_config")
_SCALARS = (str, int, float)
_MAX_LENGTH = 400


def shown_settings(
    config: Mapping[str, Any], schema: Mapping[str, Any]
) -> dict[str, str]:
    """Return settings and values as text, in the order of the settings' schema."""
    found = {}
    for name, definition in schema["properties"].items():
        value = config.get(name)
        if value is None or _is_private(name, definition):
            continue
        if name not in ALWAYS and value == definition.get("default"):
            continue
        text = _text(name, value)
        if text:
            found[name] = masked(text)[:_MAX_LENGTH]
    return found


def _is_private(name: str, definition: Mapping[str, Any]) -> bool:
    return bool(
        definition.get("secret")
        or definition.get("writeOnly")
        or name in _LEFT_OUT
        or name.startswith("aws_")
    )


def _text(name: str, value: object) -> str:
    """Return a value on one line; of lists of objects the names, else nothing."""
    if isinstance(value, str):
        return _without_credentials(value)
    if isinstance(value, _SCALARS) or (isinstance(value, dict) and name in _OBJECTS):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, list):
        return ""
    items = [
        str(item.get("name") or "") if isinstance(item, dict) else str(item)
        for item in value
        if isinstance(item, dict | str | int)
    ]
    return ", ".join(filter(None, items))


def _without_credentials(text: str) -> str:
    """Return an address without user, password and query; other text as it is."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
