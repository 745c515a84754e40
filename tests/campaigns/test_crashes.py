"""Processes killed at random moments and resumed: no row lost, no member wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.campaigns.crashes import (
    AdsPipeline,
    AudiencePipeline,
    Pipeline,
    SpPipeline,
    crash,
)
from support.campaigns.kills import WatchedFaults
from support.campaigns.plan import Plan
from support.s3.bucket import LocalS3, local_s3


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    made = Emulator()
    made.emulation.state.faults = WatchedFaults()
    with made as running:
        yield running


@pytest.fixture(scope="module")
def s3() -> Iterator[LocalS3]:
    with local_s3() as server:
        yield server


MADE: dict[str, Callable[[Emulator, Path, LocalS3], Pipeline]] = {
    "ads-s3": AdsPipeline,
    "sp-s3": SpPipeline,
    "ads": lambda emulator, folder, _: AdsPipeline(emulator, folder),
    "sp": lambda emulator, folder, _: SpPipeline(emulator, folder),
    "audience": lambda emulator, folder, _: AudiencePipeline(emulator, folder),
}
KILLS = {"ads-s3": (5, 60), "sp-s3": (5, 60), "ads": (3, 30), "sp": (3, 30)}


@pytest.mark.parametrize("name", MADE)
def test_whatever_is_killed_when_everything_arrives(
    name: str,
    plan: Plan,
    report: Callable[[str], None],
    emulator: Emulator,
    tmp_path: Path,
    s3: LocalS3,
) -> None:
    short, long = KILLS.get(name, (6, 60))
    figures = crash(MADE[name](emulator, tmp_path, s3), plan, plan.choose(short, long))
    report(str(figures))
    assert not figures.wrong, "\n".join(figures.wrong)
