"""Length and seed of a campaign; see docs/testing.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.campaigns.plan import Plan
from support.core.capture import kept_signals

Report = Callable[[str], None]


@pytest.fixture
def plan(request: pytest.FixtureRequest) -> Plan:
    option = request.config.getoption
    return Plan(
        is_long=option("--campaign") == "long",
        seed=option("--campaign-seed"),
        soak_minutes=option("--soak-minutes"),
    )


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Show a line of figures at the end of the run."""
    return lambda line: record_property("campaign", line)


@pytest.fixture
def kept() -> Iterator[None]:
    """Leave the signals of this process to pytest."""
    with kept_signals():
        yield
