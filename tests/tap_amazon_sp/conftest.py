"""An emulator as new."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amazon_emulator import Emulator
from support.sp.runs import NOON


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator(now=NOON, frozen=True) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.client.reset()
    running.client.set_now(NOON, frozen=True)
    return running
