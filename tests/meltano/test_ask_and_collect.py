"""`meltano run` asks, ends, and collects in a second run, by the state alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import Emulator
from amazon_emulator.demo.bucket import DemoBucket
from amazon_emulator.demo.environment import Bucket as Address
from amazon_emulator.demo.verification import check
from support.core.meltano_project import PREFIX, MeltanoProject
from support.s3.bucket import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Bucket

STREAMS = '["sponsored_products_campaign_by_campaign.*", "amazon_dsp_geo_by_country.*"]'
REPORTS = 6  # four sellers and vendors, one agency, one linked advertiser
GENERATION_SECONDS = 3600


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(ready_after_seconds=GENERATION_SECONDS) as emulator:
        yield emulator


def run(project: MeltanoProject, mode: str) -> dict[str, Any]:
    """Run in a mode, and return the summary."""
    summary = project.folder / f"{mode}.json"
    settings = {
        "TAP_AMAZON_ADS_RUN_MODE": mode,
        "TAP_AMAZON_ADS_SHARD": "0/1",
        "TAP_AMAZON_ADS_SUMMARY_PATH": str(summary),
    }
    told = replace(project, environment={**project.environment, **settings})
    command = ("tap-amazon-ads", "target-s3")
    ended = told.run("run", "--state-id-suffix=shard-0-of-1", *command)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(summary.read_text())
    return found


def test_meltano_asks_now_and_collects_later(
    tmp_path: Path, emulator: Emulator, bucket: Bucket
) -> None:
    project = MeltanoProject.for_emulator(
        tmp_path, emulator, bucket, TAP_AMAZON_ADS__SELECT=STREAMS
    )
    asked = run(project, "ask")
    assert (asked["result"], asked["rows"]) == ("waiting", 0)
    assert asked["next_look_at"] is not None
    assert emulator.client.statistics().count("status") == 0
    waiting = project.pending_ids()
    assert len(waiting) == REPORTS

    emulator.client.advance(GENERATION_SECONDS)
    collected = run(project, "collect")

    assert (collected["result"], collected["next_look_at"]) == ("complete", None)
    statistics = emulator.client.statistics()
    assert {create.report_id for create in statistics.creates} == waiting
    assert not project.pending_ids()
    address = Address(
        bucket.endpoint, bucket.name, PREFIX, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY
    )
    rows = DemoBucket(address, bucket.client).new_rows()
    outcome = check(statistics.creates, emulator.client, rows)
    assert (outcome.differences, outcome.reports) == ([], REPORTS)
    assert outcome.found > 0
