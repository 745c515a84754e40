"""tap-amazon-ads into Delta tables: what the last run sent is what they hold."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from amazon_emulator import Emulator
from support.core.process import environment, installed
from support.s3.delta import rows_of

if TYPE_CHECKING:
    from support.s3.bucket import Bucket

SPONSORED = "sponsored_products_campaign_by_campaign"
DSP = "amazon_dsp_campaign_by_campaign"
STREAMS = {SPONSORED, DSP, "report_days", "profiles"}


@pytest.fixture
def amazon() -> Iterator[Emulator]:
    with Emulator() as emulator:
        emulator.client.change(ready_after_seconds=0)
        yield emulator


def write(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def run(*words: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(
        [installed(words[0]), *words[1:]],
        input=stdin,
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return done.stdout


def selected(catalog: dict[str, Any]) -> dict[str, Any]:
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in STREAMS
    return catalog


def stored(bucket: Bucket, stream: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        for key in bucket.keys(f"{stream}/"):
            path = Path(folder, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bucket.read(key))
        return rows_of(f"{folder}/{stream}")


def test_two_runs_leave_the_rows_of_the_last_one(
    amazon: Emulator, bucket: Bucket, tmp_path: Path
) -> None:
    tap = {
        **dict(amazon.credentials),
        "endpoint_uri": amazon.url,
        "auth_uri": amazon.token_url,
        "start_date": f"{datetime.now(timezone.utc) - timedelta(days=5):%Y-%m-%d}",
        "poll_interval_seconds": 0.1,
    }
    config = write(tmp_path, "tap.json", tap)
    found = json.loads(run("tap-amazon-ads", "--config", config, "--discover"))
    catalog = write(tmp_path, "catalog.json", selected(found))
    delta = bucket.target_config(format={"format_type": "delta"}, write_mode="replace")
    target = write(tmp_path, "target.json", delta)
    for _ in range(2):
        sent = run("tap-amazon-ads", "--config", config, "--catalog", catalog)
        run("target-s3", "--config", target, stdin=sent)
    messages = [json.loads(line) for line in sent.splitlines()]
    for stream in (SPONSORED, DSP, "profiles"):
        rows = [
            m["record"]
            for m in messages
            if m["type"] == "RECORD" and m["stream"] == stream
        ]
        there = stored(bucket, stream)
        assert rows, stream
        assert len(there) == len(rows), stream
        for column in ("profile_id", "date", "campaignId", "cost", "impressions"):
            ours = sorted(_text(row.get(column)) for row in there)
            assert ours == sorted(_text(row.get(column)) for row in rows), column
    manifest = stored(bucket, "report_days")
    assert len({row["run_id"] for row in manifest}) == 2


def _text(value: object) -> str:
    return str(float(value) if isinstance(value, int | float) else value)
