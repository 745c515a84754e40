"""The dbt package is tested in an environment of its own (dbt/requirements.txt)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.dbt.lake import Lake, market
from support.dbt.project import DbtProject
from support.s3.bucket import Bucket, bucket, s3_server

__all__ = ["bucket", "s3_server"]

_MOST_SECONDS = 120


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    return DbtProject(tmp_path_factory.mktemp("dbt"))


@pytest.fixture
def new_lake(tmp_path: Path, bucket: Bucket) -> Iterator[Callable[..., Lake]]:
    """Return what makes an empty lake over an emulator with so many accounts."""
    emulators: list[Emulator] = []

    def make(accounts: int, kind: type[Lake] = Lake) -> Lake:
        _wait_for_midnight()
        emulators.append(Emulator(rows_per_day=2, combinations_per_campaign=2))
        emulators[-1].start()
        emulators[-1].client.set_accounts(market(accounts))
        return kind(tmp_path, emulators[-1], bucket)

    yield make
    for emulator in emulators:
        emulator.stop()


def _wait_for_midnight() -> None:
    """No day may end meanwhile: yesterday is the newest one to be read."""
    now = datetime.now(timezone.utc)
    left = 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
    if left < _MOST_SECONDS:
        time.sleep(left + 1)
