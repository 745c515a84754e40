"""Which days a later run asks for."""

from __future__ import annotations

import pytest

from amazon_emulator import Emulator
from support.ads.runs import (
    CAMPAIGNS,
    NEWEST,
    TARGETING,
    asked,
    next_day,
    partitions,
    run,
)


def windows(emulator: Emulator) -> list[tuple[str, str]]:
    return [(start, end) for _, _, start, end in asked(emulator)]


def test_a_second_run_on_the_same_day_asks_nothing(emulator: Emulator) -> None:
    first = run(emulator, [CAMPAIGNS, TARGETING], start_date="2026-11-01")

    second = run(
        emulator, [CAMPAIGNS, TARGETING], state=first.state, start_date="2026-11-01"
    )

    assert (second.code, second.rows()) == (0, [])
    assert len(asked(emulator)) == 2
    assert second.state == first.state
    assert second.summary["reports"]["planned"] == 0


@pytest.mark.parametrize(
    ("start", "lookback", "expected"),
    [
        ("2026-10-01", 30, ("2026-10-21", "2026-11-20")),
        ("2026-10-01", 7, ("2026-11-13", "2026-11-20")),
        ("2026-10-01", 0, ("2026-11-20", "2026-11-20")),
        # never before the first day ever asked for
        ("2026-11-15", 30, ("2026-11-15", "2026-11-20")),
    ],
)
def test_the_next_day_comes_with_its_look_back_in_one_report(
    emulator: Emulator, start: str, lookback: int, expected: tuple[str, str]
) -> None:
    first = run(emulator, start_date=start, lookback_days=lookback)
    before = len(asked(emulator))
    emulator.client.change(restate=1)
    next_day(emulator)

    second = run(emulator, state=first.state, start_date=start, lookback_days=lookback)

    assert windows(emulator)[before:] == [expected]
    assert partitions(second.state)[0]["replication_key_value"] == "2026-11-20"
    days = {record["date"] for record in second.rows()}
    assert (min(days), max(days)) == expected
    again = {record["date"] for record in first.rows()} & days
    assert len(again) == min(lookback, len({r["date"] for r in first.rows()}))


def test_look_back_shrinks_so_that_one_report_is_enough(emulator: Emulator) -> None:
    first = run(emulator, start_date="2026-10-01")
    before = len(asked(emulator))
    next_day(emulator, 5)

    run(emulator, state=first.state, start_date="2026-10-01")

    assert windows(emulator)[before:] == [("2026-10-25", "2026-11-24")]


def test_days_of_a_pending_report_are_not_asked_again(emulator: Emulator) -> None:
    emulator.client.add_fault("never_ready", operation="create", times=1)
    first = run(emulator, start_date="2026-11-10", max_runtime_seconds=60)
    # past midnight in Los Angeles, and not yet stuck
    emulator.client.advance(21 * 3600)

    run(emulator, state=first.state, start_date="2026-11-10", max_runtime_seconds=60)

    assert windows(emulator) == [("2026-11-10", NEWEST), ("2026-11-20", "2026-11-20")]
