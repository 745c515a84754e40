"""A 429 is waited out, holds back nobody else and is never a failure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from amazon_emulator import Emulator
from singer_amazon.tap.base import ReportTap
from support.ads.runs import (
    CAMPAIGNS,
    CANADA,
    NOON,
    SELLER,
    TARGETING,
    CollectingWriter,
    EmulatorClock,
    asked,
    expected_keys,
    run,
)

TWENTY_MINUTES = 1200.0


class LiftAfter(EmulatorClock):
    """Takes all faults away once enough time has passed."""

    def __init__(self, emulator: Emulator, seconds: float) -> None:
        super().__init__(emulator)
        self._client = emulator.client
        self._lift_at = NOON + timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.now() >= self._lift_at:
            self._client.clear_faults()


def test_twenty_minutes_of_429_make_no_gap(emulator: Emulator) -> None:
    emulator.client.add_fault("throttle", operation="create")

    def lift(tap: ReportTap, _: CollectingWriter) -> None:
        tap.clock = LiftAfter(emulator, TWENTY_MINUTES)

    ended = run(
        emulator, [CAMPAIGNS, TARGETING], profile_ids=[SELLER, CANADA], prepare=lift
    )

    ran = (emulator.client.now() - NOON).total_seconds()
    assert TWENTY_MINUTES < ran < 2 * TWENTY_MINUTES
    assert emulator.client.statistics().count("create", 429) >= 10
    assert ended.code == 0
    assert ended.summary["failures"] == []
    assert ended.summary["throttled"] >= 10
    assert "gaps" not in str(ended.state)
    assert len(asked(emulator)) == 4
    assert set(ended.keys()) == expected_keys(emulator, ended)


def test_429_for_ever_is_named_and_makes_no_gap(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "throttle", operation="create", report_type_id="spTargeting"
    )

    ended = run(emulator, [CAMPAIGNS, TARGETING])

    assert ended.code == 1
    assert ended.said("ERROR", SELLER, "spTargeting", "Amazon refuses this type")
    assert "gaps" not in str(ended.state)
    assert len(ended.rows(CAMPAIGNS)) == 2
    assert (emulator.client.now() - NOON).total_seconds() >= 14400


@pytest.mark.parametrize(
    ("fault", "earliest", "latest"),
    [
        ({"retry_after": 600}, 600, 602),
        ({"retry_after": 600, "as_date": True}, 599, 602),
        ({}, 0.5, 5),
    ],
)
def test_the_wait_that_amazon_asks_for(
    emulator: Emulator, fault: dict[str, Any], earliest: float, latest: float
) -> None:
    emulator.client.add_fault(
        "throttle", operation="create", account=SELLER, times=1, **fault
    )
    sent: list[tuple[str, float]] = []

    def watch(_: ReportTap, writer: CollectingWriter) -> None:
        def note(message: dict[str, Any]) -> None:
            if message["type"] == "RECORD":
                passed = (emulator.client.now() - NOON).total_seconds()
                sent.append((message["record"]["profile_id"], passed))

        writer.on_line = note

    ended = run(emulator, profile_ids=[SELLER, CANADA], prepare=watch)

    created = {
        create.account: (create.created_at - NOON).total_seconds()
        for create in emulator.client.statistics().creates
    }
    assert ended.code == 0
    assert earliest <= created[SELLER] <= latest
    assert created[CANADA] < 0.5
    # its rows are out long before the throttled account may go on
    assert sent[0][0] == CANADA
    assert sent[0][1] <= max(created[SELLER], 30)
    assert {account for account, _ in sent} == {SELLER, CANADA}


def test_a_429_on_a_look_is_waited_out(emulator: Emulator) -> None:
    emulator.client.add_fault("throttle", operation="status", times=2, retry_after=120)

    ended = run(emulator)

    assert (ended.code, len(ended.rows())) == (0, 2)
    assert (emulator.client.now() - NOON).total_seconds() >= 240
    assert len(asked(emulator)) == 1


def test_no_wait_outlasts_the_runtime(emulator: Emulator) -> None:
    emulator.client.add_fault("throttle", operation="create", retry_after=7200)

    ended = run(emulator, max_runtime_seconds=600)

    ran = (emulator.client.now() - NOON).total_seconds()
    assert ended.code == 0
    assert ran == pytest.approx(600, abs=2)
    assert emulator.client.statistics().count("create", 429) == 1
