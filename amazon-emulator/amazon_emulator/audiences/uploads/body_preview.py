"""Reads what stands around the records of an upload, without parsing the records.

An upload has megabytes of hashes; its audience and target are a hundred bytes. Fault
rules need those before anything is validated, and benchmarks want no more read at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_OPENING = re.compile(rb'"(?:records|members)"\s*:\s*\[')
_ID = b'"externalUserId"'
_TRIES = 4
_MAX_RECORD_BYTES = 1 << 18


def preview_body(body: bytes) -> Mapping[str, object] | None:
    """Return an upload with an empty list of records; None: it cannot be read so."""
    opening = _OPENING.search(body)
    if opening is None:
        return None
    end = len(body)
    # The list of target types may come after the records and ends in a bracket too.
    for _ in range(_TRIES):
        end = body.rfind(b"]", opening.end(), end)
        if end < 0:
            return None
        try:
            found = json.loads(body[: opening.end()] + body[end:])
        except ValueError:
            continue
        return found if isinstance(found, dict) else None
    return None


def count_records(body: bytes) -> int:
    """Return how many records an upload seems to hold."""
    return body.count(_ID)


def first_record(body: bytes) -> object:
    """Return the first record of an upload; None when there is none to be read."""
    opening = _OPENING.search(body)
    if opening is None:
        return None
    start = opening.end()
    text = body[start : start + _MAX_RECORD_BYTES].decode(errors="replace").lstrip()
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except ValueError:
        return None
