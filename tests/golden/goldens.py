"""The stored data, what differs from it in words, and an emulator by HTTP.

The imports from this repository are all the names that the golden tests lean on;
else they use commands, files and HTTP. After a move, mend them here.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from amazon_emulator import Emulator
from support.ads.runs import NOON, Run
from support.ads.runs import run as run_ads
from support.audience.emulator import URL, InProcessEmulator
from support.audience.runner import WAIT, Runner, person
from support.s3.bucket import Bucket, local_s3
from support.sp.runs import run as run_sp

__all__ = ["NOON", "URL", "WAIT", "Bucket", "Emulator", "Run", "Runner"]
__all__ += ["InProcessEmulator", "local_s3", "person", "run_ads", "run_sp"]

Json = dict[str, Any]
NO_PROXY = build_opener(ProxyHandler({}))
DATA = Path(__file__).with_name("data")


def golden(name: str) -> Any:
    """Read one file of the stored data."""
    content = (DATA / name).read_bytes()
    return json.loads(gzip.decompress(content) if name.endswith(".gz") else content)


def keep(name: str, value: object) -> None:
    """Store one file; equal values give equal bytes."""
    text = json.dumps(value, sort_keys=True, indent=1).encode() + b"\n"
    is_packed = name.endswith(".gz")
    (DATA / name).write_bytes(gzip.compress(text, 9, mtime=0) if is_packed else text)


def check(expected: Any, found: object) -> None:
    """Fail with the paths of what differs, at most 40 of them."""
    lines = list(_differences(expected, json.loads(json.dumps(found)), ""))
    assert not lines, "\n".join([f"{len(lines)} differences:", *lines[:40]])


def _differences(expected: Any, found: Any, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            if key in found and key in expected:
                yield from _differences(expected[key], found[key], f"{path}/{key}")
            else:
                yield f"{path}/{key} is {'new' if key in found else 'gone'}"
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{path}: expected {len(expected)} entries, found {len(found)}"
            yield from (f"{path}: gone {e!r}"[:900] for e in expected if e not in found)
            yield from (f"{path}: new {e!r}"[:900] for e in found if e not in expected)
            return
        for number, pair in enumerate(zip(expected, found, strict=True)):
            yield from _differences(*pair, f"{path}/{number}")
    elif type(expected) is not type(found) or expected != found:
        yield f"{path}: expected {expected!r}, found {found!r}"[:900]


def shape(value: object) -> Any:
    """Return a JSON value's keys and types; like entries of a list count once."""
    if isinstance(value, dict):
        return {str(key): shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        shapes = {json.dumps(shape(entry), sort_keys=True) for entry in value}
        return [json.loads(text) for text in sorted(shapes)]
    return type(value).__name__


def control(emulator: Emulator, method: str, path: str, body: object = None) -> Any:
    """Make one control call."""
    url, data = f"{emulator.url}/_emulator{path}", json.dumps(body or {}).encode()
    with NO_PROXY.open(Request(url, data, method=method)) as answer:  # noqa: S310 - our own
        return json.load(answer)
