"""Ids that were accepted and never written down come back as HTTP 425."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.ads.runs import (
    CAMPAIGNS,
    CANADA,
    NOON,
    SELLER,
    TARGETING,
    asked,
    expected_keys,
    pending_ids,
    run,
)

MINUTE = 60.0


def test_ids_lost_in_a_kill_are_taken_up(emulator: Emulator) -> None:
    both: dict[str, Any] = {
        "streams": [CAMPAIGNS, TARGETING],
        "profile_ids": [SELLER, CANADA],
    }
    emulator.client.change(ready_after_seconds=5 * MINUTE)
    first = run(emulator, max_runtime_seconds=60, **both)
    states = [m["value"] for m in first.messages if m["type"] == "STATE"]
    known = pending_ids(states[0])
    assert 0 < len(known) < 4, "the first STATE is to come before the last create"

    second = run(emulator, state=states[0], **both)

    statistics = emulator.client.statistics()
    assert statistics.calls["create"] == {200: 4, 425: 4 - len(known)}
    assert second.said("taken up as report")
    assert second.code == 0
    assert second.summary["reports"]["adopted"] == 4
    assert len(second.keys()) == len(set(second.keys()))
    assert set(second.keys()) == expected_keys(emulator, second)
    assert not pending_ids(second.state)


@pytest.mark.parametrize("retry_after", [None, 30])
def test_a_create_accepted_with_a_429_is_taken_up(
    emulator: Emulator, retry_after: int | None
) -> None:
    emulator.client.change(ready_after_seconds=5 * MINUTE)
    emulator.client.add_fault(
        "throttle", operation="create", times=1, accepted=True, retry_after=retry_after
    )

    ended = run(emulator)

    statistics = emulator.client.statistics()
    assert statistics.calls["create"] == {429: 1, 425: 1}
    assert len(statistics.creates) == 1
    assert (ended.code, len(ended.rows())) == (0, 2)


def test_a_425_that_names_another_report_is_asked_until_accepted(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("duplicate_of", operation="create", times=3)

    ended = run(emulator)

    refused = emulator.client.statistics().refused
    assert [create.status for create in refused] == [425, 425, 425]
    waits = [later.at - earlier.at for earlier, later in pairwise(refused)]
    assert all(timedelta(seconds=60) <= wait < timedelta(seconds=61) for wait in waits)
    assert (ended.code, len(ended.rows())) == (0, 2)
    assert ended.summary["reports"]["adopted"] == 0


def test_a_425_for_ever_ends_with_the_runtime_and_makes_no_gap(
    emulator: Emulator,
) -> None:
    emulator.client.add_fault("duplicate_of", operation="create")

    ended = run(emulator, max_runtime_seconds=10 * MINUTE)

    ran = emulator.client.now() - NOON
    assert ran.total_seconds() == pytest.approx(10 * MINUTE, abs=2)
    assert (ended.code, ended.rows()) == (0, [])
    assert ended.said("WARNING", "1 reports are left", CAMPAIGNS, "something else")
    assert "gaps" not in str(ended.state)


def test_an_adopted_report_that_died_is_asked_again(emulator: Emulator) -> None:
    emulator.client.add_fault("failed", operation="create", times=1)
    emulator.client.change(ready_after_seconds=5 * MINUTE)
    run(emulator, max_runtime_seconds=60)

    ended = run(emulator)

    assert (ended.code, len(ended.rows())) == (0, 2)
    assert len(asked(emulator)) == 2
