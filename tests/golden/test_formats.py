"""The objects of target-s3, and the emulator's URLs, are what they were."""

from __future__ import annotations

import json
import re
from unittest.mock import patch

from werkzeug.routing import Map

from golden import goldens as g
from golden.goldens import Json, check, golden
from golden.test_commands import say

RUN = re.compile(r"/\d{4}/\d\d/\d\d/(.*)-\d{8}T\d{6}Z-[0-9a-f]{8}-(\d{5}\.)")
FORMATS = ("jsonl.gz", "jsonl", "csv", "csv.gz", "parquet", "json")
RAW = {"use_raw_stream_name": True, "prefix": "raw/ads/", "add_record_metadata": False}


def stored(bucket: g.Bucket, **settings: object) -> Json:
    """Run target-s3; return its STATE, its summary and what lies in the bucket."""
    config = bucket.target_config(max_batch_size=2, **settings)
    given = (g.DATA / "input.jsonl").read_text()
    states, log = say("target-s3", config=config, given=given)
    keys = bucket.keys()
    rows = {RUN.sub(r"/<day>/\1-<run id>-\2", key): bucket.rows_of(key) for key in keys}
    return {
        "state": json.loads(states.splitlines()[-1]),
        "summary": g.shape(json.loads(log.rpartition("Run summary: ")[2])),
        "objects": json.loads(json.dumps(rows, default=str)),
    }


def objects() -> Json:
    """Return what each format gives, and what some settings of keys do."""
    cases: Json = {"default": {}, "raw names": RAW}
    cases |= {name: {"format": {"format_type": name}} for name in FORMATS}
    with g.local_s3() as server:
        return {n: stored(server.new_bucket(), **case) for n, case in cases.items()}


def offered() -> Json:
    """Return all URLs of an emulator, and what it has at first."""
    urls: set[str] = set()
    add = Map.add

    def noting(self: Map, rule: object) -> None:
        # what a variable is called is nobody's business, its kind is
        path = re.sub(r"<(?:(\w+):)?\w+>", r"<\1>", getattr(rule, "rule", ""))
        urls.update(f"{method} {path}" for method in getattr(rule, "methods", ()))
        add(self, rule)  # type: ignore[arg-type] # handed on as it came

    with (
        patch.object(Map, "add", noting),
        g.Emulator(now=g.NOON, frozen=True) as running,
    ):
        parts = ("settings", "world", "amc", "statistics", "sp/accounts")
        found = {name: g.control(running, "GET", f"/{name}") for name in parts}
    # HEAD comes with every GET
    return {**found, "urls": sorted(url for url in urls if not url.startswith("HEAD "))}


def test_objects_of_target_s3() -> None:
    check(golden("objects.json"), objects())


def test_what_the_emulator_offers() -> None:
    check(golden("emulator.json"), offered())
