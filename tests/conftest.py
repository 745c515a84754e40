"""Property tests run the same examples everywhere; `explore` looks for new ones.

Options of the campaigns, and their figures at the end of a run.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

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

FIGURES = "campaign"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("campaigns", "long tests (docs/testing.md)")
    group.addoption(
        "--campaign",
        choices=("short", "long"),
        default="short",
        help="how long crash campaign, fuzz and storm are",
    )
    group.addoption(
        "--campaign-seed", type=int, default=1, help="what chance follows from"
    )
    group.addoption(
        "--soak-minutes",
        type=float,
        default=0.0,
        help="length of the soak; 0, the default, leaves it out",
    )
    parser.addoption(
        "--airflow",
        action="store_true",
        help="run DAGs in a real Airflow, which is installed into .airflow-env",
    )
    parser.addoption(
        "--docs",
        choices=("quick", "all"),
        default="quick",
        help="whether the shell blocks of all pages of the docs run (tests/docs)",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of the campaigns, also of those that passed."""
    found = [
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == FIGURES
    ]
    if found:
        terminalreporter.section("campaigns")
        for line in sorted(found):
            terminalreporter.line(line)
