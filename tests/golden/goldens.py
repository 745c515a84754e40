"""The stored data, and what differs from it in words."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
DATA = Path(__file__).with_name("data")


def golden(name: str) -> Any:
    """Read one file of the stored data."""
    content = (DATA / name).read_bytes()
    return json.loads(gzip.decompress(content) if name.endswith(".gz") else content)


def keep(name: str, value: object) -> None:
    """Store one file; equal values give equal bytes."""
    if name.endswith(".gz"):
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        content = gzip.compress(text.encode(), 9, mtime=0)
    else:
        content = json.dumps(value, sort_keys=True, indent=1).encode() + b"\n"
    (DATA / name).write_bytes(content)


def check(expected: Any, found: object) -> None:
    """Fail with the paths of what differs, at most 40 of them."""
    lines = list(_differences(expected, json.loads(json.dumps(found)), ""))
    assert not lines, "\n".join([f"{len(lines)} differences:", *lines[:40]])


def _differences(expected: Any, found: Any, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            place = f"{path}/{key}"
            if key not in found:
                yield f"{place} is gone"
            elif key not in expected:
                yield f"{place} is new"
            else:
                yield from _differences(expected[key], found[key], place)
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{path}: expected {expected!r}, found {found!r}"[:600]
            return
        for number, pair in enumerate(zip(expected, found, strict=True)):
            yield from _differences(*pair, f"{path}/{number}")
    elif type(expected) is not type(found) or expected != found:
        yield f"{path}: expected {expected!r}, found {found!r}"[:600]


def shape(value: object) -> Any:
    """Return a JSON value's keys and types; entries of a list are put together."""
    if isinstance(value, dict):
        return {str(key): shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        shapes = {json.dumps(shape(entry), sort_keys=True) for entry in value}
        return [json.loads(text) for text in sorted(shapes)]
    return type(value).__name__
