"""`meltano run` interrupted while the tap waits: no report is lost or asked twice."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from amazon_emulator.demo.bucket import DemoBucket
from amazon_emulator.demo.environment import Bucket as Address
from amazon_emulator.demo.verification import check
from support.core.meltano_project import PREFIX, MeltanoProject, is_alive
from support.core.process import until
from support.s3.bucket import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Bucket

STREAMS = '["sponsored_products_campaign_by_campaign.*", "amazon_dsp_geo_by_country.*"]'
REPORTS = 6  # four sellers and vendors, one agency, one linked advertiser
GENERATION_SECONDS = 600


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(ready_after_seconds=GENERATION_SECONDS) as emulator:
        yield emulator


@pytest.fixture
def project(tmp_path: Path, emulator: Emulator, bucket: Bucket) -> MeltanoProject:
    return MeltanoProject.for_emulator(
        tmp_path, emulator, bucket, TAP_AMAZON_ADS__SELECT=STREAMS
    )


def interrupt_the_group(meltano: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C in a terminal does: Meltano, tap and target all get it."""
    os.killpg(meltano.pid, signal.SIGINT)


def terminate_meltano(meltano: subprocess.Popen[bytes]) -> None:
    """As a scheduler does."""
    meltano.terminate()


def run_interrupted(
    project: MeltanoProject,
    emulator: Emulator,
    interrupt: Callable[[subprocess.Popen[bytes]], None],
) -> None:
    """Run until every report was looked at and waits, and interrupt then."""
    seen = {c.report_id: c.looks for c in emulator.client.statistics().creates}

    def tap_waits() -> bool:
        creates = emulator.client.statistics().creates
        looked = [c for c in creates if c.looks > seen.get(c.report_id, 0)]
        return len(looked) == REPORTS == len(project.pending_ids())

    with project.running("run", "ads-to-s3") as meltano:
        until(tap_waits, f"{REPORTS} reports that wait")
        interrupt(meltano)
        meltano.wait(20)
        until(lambda: not is_alive(meltano.pid), "the end of tap and target")


def test_the_run_after_interruptions_takes_up_the_reports_that_were_waiting(
    project: MeltanoProject, emulator: Emulator, bucket: Bucket
) -> None:
    run_interrupted(project, emulator, interrupt_the_group)
    waiting = project.pending_ids()
    run_interrupted(project, emulator, terminate_meltano)
    assert project.pending_ids() == waiting

    emulator.client.advance(GENERATION_SECONDS)
    finished = project.run("run", "ads-to-s3")

    assert finished.returncode == 0, finished.stderr
    statistics = emulator.client.statistics()
    assert {create.report_id for create in statistics.creates} == waiting
    assert not statistics.refused
    assert not project.pending_ids()
    rows = DemoBucket(address(bucket), bucket.client).new_rows()
    outcome = check(statistics.creates, emulator.client, rows)
    assert outcome.differences == []
    assert outcome.reports == REPORTS
    assert outcome.found > 0


def address(bucket: Bucket) -> Address:
    return Address(
        bucket.endpoint, bucket.name, PREFIX, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY
    )
