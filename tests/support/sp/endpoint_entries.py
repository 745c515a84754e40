"""Entries of the setting `endpoints` that several tests read, and what answers them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from support.sp.runs import partitions

Json = dict[str, Any]

PATH = "/things/v1/things"
THINGS: Json = {
    "name": "things",
    "path": PATH,
    "results_key": "things",
    "record_config": {"id_field": "id"},
    "pagination": {"token_param": "nextToken", "token_path": "nextToken"},
}
CHANGED: Json = {
    **THINGS,
    "updated_at_param": "changedAfter",
    "updated_before_param": "changedBefore",
    "record_config": {"id_field": "id", "last_modified_field": "changed"},
}
PARTS: Json = {
    "new_field_name": "parts",
    "path": f"{PATH}/{{id}}/parts",
    "path_variable_name": "id",
    "results_key": "parts",
}


def stamp(at: datetime) -> str:
    """Return an instant as Amazon writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def position(state: Json, stream: str = "things") -> object:
    """Return the bookmark of the only partition."""
    (bookmark,) = partitions(state, stream)
    return bookmark.get("replication_key_value")
