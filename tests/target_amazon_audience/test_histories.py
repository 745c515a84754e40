"""Whatever happened before, one quiet mirror makes the audience exactly right.

Set AUDIENCE_EXAMPLES to try more histories than the usual few: thousands have passed.
A history that fails is shown as it was found: shortening it takes minutes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from support.audience_histories import History, Teller, histories, right
from support.audience_runs import Bench

EXAMPLES = int(os.environ.get("AUDIENCE_EXAMPLES", "25"))
FEW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def teller(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Teller:
    return Teller(bench, monkeypatch)


def check(found: Mapping[str, set[str]], history: History) -> None:
    held = {name: [json.loads(pii) for pii in piis] for name, piis in found.items()}
    assert held == {name: [pii] for name, pii in right(history).items()}


@FEW
@given(history=histories())
def test_runs_of_every_mode_with_trouble_and_crashes(
    teller: Teller, history: History
) -> None:
    """Jobs are carried out in the order Amazon accepted them in."""
    check(teller.play(history), history)


@FEW
@given(history=histories("MIRROR", is_orderly=False))
def test_mirrors_at_an_amazon_that_keeps_no_order(
    teller: Teller, history: History
) -> None:
    """Jobs are carried out whenever Amazon likes."""
    check(teller.play(history), history)
