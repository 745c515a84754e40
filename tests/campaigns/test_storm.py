"""Every fault at once: what arrives is what arrives on a calm day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.ads import runs as tap_runs
from support.ads.runs import NOON, Run
from support.audience.emulator import InProcessEmulator
from support.audience.runner import Runner, names, people, state
from support.campaigns.plan import Plan
from support.campaigns.storms import StormFaults
from support.sp import runs as sp_runs

MOST_TIMES_AS_MANY_CALLS = 2.0
ADS = (tap_runs.CAMPAIGNS, tap_runs.TARGETING, tap_runs.AD_GROUPS)
SP = (
    *(sp_runs.SALES, sp_runs.SALES_BY_ASIN, sp_runs.SEARCH_TERMS, sp_runs.BY_DATE),
    *("orders", "order_items"),
)
Report = Callable[[str], None]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(now=NOON, frozen=True) as running:
        yield running


def as_new(emulator: Emulator, faults: StormFaults) -> None:
    emulator.client.reset()
    emulator.client.set_now(NOON, frozen=True)
    emulator.client.change(ready_after_seconds=[30, 300])
    emulator.emulation.state.faults = faults


def ads(emulator: Emulator) -> Run:
    return tap_runs.run(
        emulator,
        ADS,
        profile_ids=[tap_runs.SELLER, tap_runs.CANADA],
        start_date="2026-10-01",
        max_attempts=12,
        report_attempts=12,
    )


def sp(emulator: Emulator) -> Run:
    return sp_runs.run(
        emulator,
        *SP,
        start_date="2026-11-01",
        max_attempts=12,
        report_attempts=12,
    )


def rows(ended: Run) -> set[str]:
    return {
        json.dumps([m["stream"], m["record"]], sort_keys=True)
        for m in ended.messages
        if m["type"] == "RECORD"
    }


def calls(emulator: Emulator) -> int:
    counted = emulator.client.statistics().calls
    return sum(sum(statuses.values()) for statuses in counted.values())


@pytest.mark.parametrize(("name", "run"), [("ads", ads), ("sp", sp)])
def test_the_rows_of_a_storm_are_those_of_a_calm_day(
    name: str,
    run: Callable[[Emulator], Run],
    plan: Plan,
    report: Report,
    emulator: Emulator,
) -> None:
    as_new(emulator, StormFaults(plan.chance("calm"), share=0))
    calm = run(emulator)
    assert calm.code == 0, calm.log[-20:]
    on_a_calm_day = calls(emulator)

    for number in range(plan.choose(3, 40)):
        faults = StormFaults(plan.chance("storm", name, number))
        as_new(emulator, faults)
        stormy = run(emulator)
        where = f"storm {number} of seed {plan.seed}: {faults.drawn}"
        assert stormy.code == 0, (where, stormy.log[-20:])
        assert rows(stormy) == rows(calm), where
        ratio = calls(emulator) / on_a_calm_day
        report(
            f"storm over {name} {number}: {len(rows(stormy))} rows equal, "
            f"{faults.drawn.total()} faults of {len(faults.drawn)} kinds, "
            f"{ratio:.2f} x the calls"
        )
        assert ratio <= MOST_TIMES_AS_MANY_CALLS, where


def test_an_audience_after_a_storm_is_that_of_a_calm_day(
    plan: Plan, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Runner(tmp_path, monkeypatch, InProcessEmulator())
    wishes: dict[str, Any] = {
        "batch_size_rows": 20,
        "max_attempts": 12,
    }
    calm = deliver(target, StormFaults(plan.chance("calm"), share=0), wishes)
    for number in range(plan.choose(3, 40)):
        faults = StormFaults(plan.chance("storm", "audience", number))
        ratio = deliver(target, faults, wishes) / calm
        report(
            f"storm over an audience {number}: members equal, {faults.drawn.total()} "
            f"faults of {len(faults.drawn)} kinds, {ratio:.2f} x the calls"
        )
        assert ratio <= MOST_TIMES_AS_MANY_CALLS, faults.drawn


def deliver(target: Runner, faults: StormFaults, wishes: dict[str, Any]) -> int:
    """Mirror twice into a new audience; return the calls it took."""
    target.emulator.reset()
    for path in target.database.parent.glob("state.sqlite3*"):
        path.unlink()
    target.emulator.state.faults = faults
    target.client.change(job_ready_after_looks=1)
    target.mirror(*people(*range(100)), state(1), **wishes)
    assert target.members() == names(*range(100)), faults.drawn
    target.mirror(*people(*range(50, 250)), state(2), **wishes)
    assert target.members() == names(*range(50, 250)), faults.drawn
    return len(target.emulator.exchanges)
