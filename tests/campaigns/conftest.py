"""Length and seed of a campaign; see docs/testing.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.campaigns.plan import Plan

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
