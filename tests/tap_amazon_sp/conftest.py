"""An emulator as new; property tests with the same examples everywhere.

The profile `explore` looks for new examples.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from amazon_emulator import Emulator
from support.sp_runs import NOON

settings.register_profile(
    "repeatable",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "explore",
    deadline=None,
    database=None,
    max_examples=2000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator(now=NOON, frozen=True) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """The module's emulator, as new."""
    running.client.reset()
    running.client.set_now(NOON, frozen=True)
    return running
