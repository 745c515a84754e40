from __future__ import annotations

from collections.abc import Iterator

import pytest

from amazon_emulator import Emulator
from support.ads.runs import NOON


@pytest.fixture(scope="session")
def shared_emulator() -> Iterator[Emulator]:
    with Emulator(now=NOON, frozen=True, rows_per_day=2) as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator: Emulator) -> Emulator:
    """An emulator as new, its clock standing still at NOON."""
    shared_emulator.client.reset()
    return shared_emulator
