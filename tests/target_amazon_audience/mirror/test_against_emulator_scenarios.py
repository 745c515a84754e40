"""Whatever happened before, one quiet mirror makes the audience exactly right.

Set AUDIENCE_EXAMPLES to try more scenarios than the usual few: thousands have passed.
A scenario that fails is shown as it was found: shortening it takes minutes.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from support.audience.dataset_runner import DatasetRunner
from support.audience.runner import Runner
from support.audience.scenarios import Player, Scenario, expected_members, scenarios

EXAMPLES = int(os.environ.get("AUDIENCE_EXAMPLES", "25"))
FEW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def player(target: Runner, monkeypatch: pytest.MonkeyPatch) -> Player:
    return Player(target, monkeypatch)


@pytest.fixture
def dataset_player(
    dataset_target: DatasetRunner, monkeypatch: pytest.MonkeyPatch
) -> Player:
    return Player(dataset_target, monkeypatch)


@FEW
@given(scenario=scenarios())
def test_runs_of_every_mode_with_trouble_and_crashes(
    player: Player, scenario: Scenario
) -> None:
    """Jobs are carried out in the order Amazon accepted them in."""
    assert player.play(scenario) == expected_members(scenario)


@settings(FEW, max_examples=max(EXAMPLES // 4, 1))
@given(scenario=scenarios())
def test_runs_of_every_mode_on_a_dataset_of_ads_data_manager(
    dataset_player: Player, scenario: Scenario
) -> None:
    """Rows are taken or rejected at once; there are no jobs."""
    assert dataset_player.play(scenario) == expected_members(scenario)


@FEW
@given(scenario=scenarios("MIRROR", is_orderly=False))
def test_mirrors_at_an_amazon_that_keeps_no_order(
    player: Player, scenario: Scenario
) -> None:
    """Jobs are carried out whenever Amazon likes."""
    assert player.play(scenario) == expected_members(scenario)
