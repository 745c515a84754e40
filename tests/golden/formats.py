"""What target-s3 stores, and what the emulator offers over HTTP."""

from __future__ import annotations

import json
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import requests
from werkzeug.routing import Map

from golden.commands import say
from golden.goldens import Json, shape
from golden.seam import AUDIENCE_NOON, Bucket, Emulator, local_s3

FORMATS = ("jsonl.gz", "jsonl", "csv", "csv.gz", "parquet", "json")
STREAMS = ("campaigns", "Shop orders/eu")
_RUN = re.compile(r"/\d{4}/\d\d/\d\d/(.*)-\d{8}T\d{6}Z-[0-9a-f]{8}-(\d{5}\.)")
_COLUMNS = {
    "id": ["string", "null"],
    "cost": ["number", "null"],
    "clicks": ["integer", "null"],
    "is_on": ["boolean", "null"],
    "parts": ["array", "object", "null"],
}


def messages() -> str:
    """Return three rows of each of two streams, as a tap writes them."""
    lines: list[Json] = []
    for stream in STREAMS:
        columns = {name: {"type": types} for name, types in _COLUMNS.items()}
        day = {"type": ["string", "null"], "format": "date"}
        schema = {"type": "object", "properties": {**columns, "day": day}}
        head = {"type": "SCHEMA", "stream": stream}
        lines.append({**head, "schema": schema, "key_properties": ["id"]})
        for number in range(3):
            row = {
                "id": f"ä-{number}",
                "cost": number / 4,
                "clicks": 2**53 + number,
                "is_on": number == 1,
                "parts": [{"a": 'x,"y"'}] if number else None,
                "day": f"2026-11-1{number}",
            }
            record = {"type": "RECORD", "stream": stream, "record": row}
            lines.append({**record, "time_extracted": "2026-11-20T12:00:00+00:00"})
    lines.append({"type": "STATE", "value": {"bookmarks": {"campaigns": 3}}})
    return "".join(json.dumps(line) + "\n" for line in lines)


def stored(bucket: Bucket, **settings: object) -> Json:
    """Run target-s3; return its STATE, its summary and what lies in the bucket."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        config.write_text(
            json.dumps(bucket.target_config(max_batch_size=2, **settings))
        )
        ended = say("target-s3", "--config", str(config), input=messages())
    _, _, summary = ended.stderr.splitlines()[-1].partition("Run summary: ")
    objects = {
        _RUN.sub(r"/<YYYY>/<MM>/<DD>/\1-<run id>-\2", key): bucket.rows_of(key)
        for key in bucket.keys()
    }
    return {
        "state": [json.loads(line) for line in ended.stdout.splitlines()][-1],
        "summary": shape(json.loads(summary)),
        "objects": json.loads(json.dumps(objects, default=str)),
    }


def objects() -> Json:
    """Return what each format gives, and what some settings of keys do."""
    with local_s3() as server:
        found = {
            name: stored(server.new_bucket(), format={"format_type": name})
            for name in FORMATS
        }
        found["default"] = stored(server.new_bucket())
        found["keys"] = stored(
            server.new_bucket(),
            prefix="raw/ads/",
            use_raw_stream_name=True,
            format={"format_type": "jsonl"},
            include_process_date=False,
            add_record_metadata=False,
        )
    return found


def offered() -> Json:
    """Return all URLs of an emulator, and its settings with their defaults."""
    urls: set[str] = set()
    add = Map.add

    def noting(self: Map, factory: object) -> None:
        rule = getattr(factory, "rule", None)
        methods = getattr(factory, "methods", None) or ()
        if isinstance(rule, str):
            # what a variable is called is nobody's business, its kind is
            path = re.sub(r"<(?:(\w+(?:\(.*?\))?):)?\w+>", r"<\1>", rule)
            urls.update(f"{method} {path}" for method in methods)
        add(self, factory)  # type: ignore[arg-type] # handed on as it came

    with ExitStack() as stack:
        stack.enter_context(patch.object(Map, "add", noting))
        emulator = stack.enter_context(Emulator(now=AUDIENCE_NOON, frozen=True))
        session = stack.enter_context(requests.Session())
        session.trust_env = False  # no proxy
        told = {
            name: session.get(f"{emulator.url}/_emulator/{name}").json()
            for name in ("settings", "world", "amc", "statistics")
        }
    # HEAD comes with every GET
    listed = sorted(url for url in urls if not url.startswith("HEAD "))
    return {**told, "statistics": sorted(told["statistics"]), "urls": listed}
