"""`_schema/<stream>.json`: what the columns are, written when it changes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from support.s3.loader import MemoryStore, Run, record, schema
from target_s3.bucket.s3 import S3Bucket
from target_s3.settings import Settings, parse

if TYPE_CHECKING:
    from support.s3.bucket import Bucket

SETTINGS = Settings(bucket="bucket", prefix="raw")
KEY = "raw/_schema/campaigns.json"


def test_schema_keys_and_versions_stand_beside_the_data() -> None:
    run = Run(SETTINGS).feed([schema(), record(id="1"), schema("idle")])
    assert run.store.schemas.keys() == {KEY}, "streams without rows have none"
    found = json.loads(run.store.schemas[KEY])
    assert found["key_properties"] == ["id"]
    assert found["schema"]["properties"] == {"id": {"type": ["string", "null"]}}
    assert found["versions"]["target-amazon-s3"]


def test_the_file_is_written_when_it_changes_and_not_at_every_run() -> None:
    store = MemoryStore()
    written: list[str] = []
    put = store.put

    def watch(key: str, file: object) -> None:
        written.append(key)
        put(key, file)  # type: ignore[arg-type]

    store.put = watch  # type: ignore[method-assign] # a spy
    wider = schema(id="string", more="integer")
    for number, described in enumerate([schema(), schema(), wider, wider]):
        settings = replace(SETTINGS, prefix="raw")
        run = Run(settings, store=store)
        run.clock.seconds = 86_400 * number
        run.feed([described, record(id="1")])
    assert written.count(KEY) == 2
    assert "more" in json.loads(store.schemas[KEY])["schema"]["properties"]


def test_a_bucket_is_read_where_that_is_allowed(bucket: Bucket) -> None:
    store = S3Bucket(parse(bucket.target_config(prefix="raw")))
    assert store.read(KEY) is None
    Run(SETTINGS, store=store).feed([schema(), record(id="1")])  # type: ignore[arg-type]
    assert bucket.keys(schemas=True) == [KEY]
    assert store.read(KEY) == bucket.read(KEY)
