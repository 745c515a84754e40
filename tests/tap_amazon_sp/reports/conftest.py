"""An emulator for the tests of report streams; each finds it as new."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amazon_emulator import Emulator
from support.s3.bucket import lone_bucket as bucket
from support.s3.bucket import s3_server
from support.sp.runs import NOON

__all__ = ["bucket", "s3_server"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Return an emulator at noon whose clock moves only when somebody waits."""
    with Emulator(now=NOON, frozen=True, sp_asins=3) as server:
        yield server
