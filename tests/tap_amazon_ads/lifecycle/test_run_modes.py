"""Ask, leave, come back: one run asks, others collect, by the Singer state alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from amazon_emulator import Emulator, EmulatorClient
from support.ads import runs
from support.ads.runs import (
    CAMPAIGNS,
    NOON,
    ORDERS,
    SELLER,
    Run,
    asked,
    days,
    pending_ids,
)

Runs = Callable[..., Run]
STREAMS = (CAMPAIGNS, ORDERS, "profiles")
DAYS = days("2026-11-10", "2026-11-18")
SOON = {"poll_interval_seconds": 60, "poll_interval_max_seconds": 900}


@pytest.fixture
def amazon(emulator: Emulator) -> EmulatorClient:
    """The emulator, whose clock stands where a test puts it."""
    return emulator.client


@pytest.fixture
def run(emulator: Emulator) -> Runs:
    """Runs the tap for all accounts, by the emulator's clock."""

    def run_tap(*streams: str, **changes: Any) -> Run:
        return runs.run(emulator, streams, **{"profile_ids": None, **changes})

    return run_tap


def seconds_to_next_look(ran: Run, amazon: EmulatorClient) -> float:
    """Return how long after its end the summary says to come back."""
    found = datetime.fromisoformat(ran.summary["next_look_at"])
    return (found - amazon.now()).total_seconds()


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(str, rows))


def rows_of(*runs: Run) -> dict[str, list[str]]:
    """Return the rows of runs by stream, without what tells the runs apart."""
    return {
        name: in_order([row for ran in runs for row in ran.rows(name)])
        for name in STREAMS
    }


def test_asked_now_and_collected_later_is_what_one_run_brings(
    run: Runs, amazon: EmulatorClient, emulator: Emulator
) -> None:
    whole = run(*STREAMS, **DAYS)
    amazon.reset()
    amazon.set_now(NOON, frozen=True)
    amazon.change(ready_after_seconds=3600.0)

    first = run(*STREAMS, run_mode="ask", **DAYS, **SOON)

    assert (first.code, first.summary["result"]) == (0, "waiting")
    assert amazon.now() - NOON < timedelta(seconds=30)
    assert amazon.statistics().count("status") == 0
    assert first.rows(CAMPAIGNS) == []
    before = asked(emulator)
    assert len(pending_ids(first.state)) == len(before)
    assert 60 <= seconds_to_next_look(first, amazon) < 62

    ended = collect_all(run, amazon, first)

    assert asked(emulator) == before
    assert rows_of(first, *ended) == rows_of(whole)
    assert pending_ids(ended[-1].state) == set()
    for ours, theirs in zip(
        ended[-1].partitions(CAMPAIGNS), whole.partitions(CAMPAIGNS), strict=True
    ):
        assert ours == theirs


RUNS_OWN = {"run_id", "report_id", "adopted", "calls"}
"""What differs from run to run, besides times."""


def said_of_reports(*runs: Run) -> dict[str, list[str]]:
    """Return the rows about reports and days, without what differs from run to run."""
    found = {}
    for name in ("report_log", "report_days"):
        rows = [row for ran in runs for row in ran.rows(name)]
        found[name] = in_order(
            [
                {k: v for k, v in row.items() if k not in RUNS_OWN and k[-3:] != "_at"}
                for row in rows
                if row.get("outcome") != "waiting"
            ]
        )
    return found


def test_the_log_of_asking_and_collecting_is_that_of_one_run(
    run: Runs, amazon: EmulatorClient
) -> None:
    streams = (CAMPAIGNS, ORDERS, "report_log", "report_days")
    whole = run(*streams, **DAYS)
    amazon.reset()
    amazon.set_now(NOON, frozen=True)
    first = run(*streams, run_mode="ask", **DAYS)
    waiting = first.rows("report_log")
    assert {row["outcome"] for row in waiting} == {"waiting"}
    assert first.rows("report_days") == []
    second = run(*streams, run_mode="collect", state=first.state, **DAYS)

    assert said_of_reports(first, second) == said_of_reports(whole)
    collected = second.rows("report_log")
    assert {row["report_id"] for row in waiting} == pending_ids(first.state)
    assert {row["report_id"] for row in collected} == pending_ids(first.state)
    assert all(row["adopted"] and row["requested_at"] for row in collected)


def collect_all(run: Runs, amazon: EmulatorClient, first: Run) -> list[Run]:
    """Come back when each summary says so, until nothing is left."""
    ended = [first]
    while ended[-1].summary["next_look_at"] is not None:
        amazon.set_now(
            datetime.fromisoformat(ended[-1].summary["next_look_at"]), frozen=True
        )
        ended.append(
            run(
                *STREAMS,
                run_mode="collect",
                max_runtime_seconds=1,
                state=ended[-1].state,
                **DAYS,
                **SOON,
            )
        )
        assert ended[-1].code == 0
        assert len(ended) < 20
    assert ended[-1].summary["result"] == "complete"
    return ended[1:]


def test_reports_that_took_an_hour_are_not_looked_at_before(
    run: Runs, amazon: EmulatorClient
) -> None:
    ages = " ".join(str(3000 + 50 * number) for number in range(8))
    known = {"ready_ages": {"spCampaigns by campaign": ages}}
    ran = run(
        CAMPAIGNS,
        run_mode="ask",
        profile_ids=[SELLER],
        state={"bookmarks": {"_budgets": known}},
        **DAYS,
        **SOON,
    )
    assert 2990 < seconds_to_next_look(ran, amazon) < 3200


def test_collecting_asks_for_nothing_and_reads_no_lists(
    run: Runs, amazon: EmulatorClient
) -> None:
    ran = run(*STREAMS, run_mode="collect", **DAYS)
    assert (ran.code, ran.summary["result"]) == (0, "complete")
    assert ran.summary["next_look_at"] is None
    assert ran.of_type("RECORD") == []
    assert list(amazon.statistics().creates) == []


def test_a_run_that_collects_ends_when_nothing_can_get_ready_in_its_time(
    run: Runs, amazon: EmulatorClient
) -> None:
    settings: Mapping[str, Any] = {"profile_ids": [SELLER], **DAYS, **SOON}
    amazon.change(ready_after_seconds=3600.0)
    first = run(CAMPAIGNS, run_mode="ask", **settings)
    began = amazon.now()
    second = run(
        CAMPAIGNS,
        run_mode="collect",
        max_runtime_seconds=59,
        state=first.state,
        **settings,
    )
    assert second.summary["result"] == "waiting"
    assert amazon.now() - began < timedelta(seconds=10)
    assert amazon.statistics().count("status") == 1


def test_asking_again_asks_for_nothing_that_waits(
    run: Runs, amazon: EmulatorClient
) -> None:
    first = run(CAMPAIGNS, run_mode="ask", profile_ids=[SELLER], **DAYS)
    again = run(
        CAMPAIGNS, run_mode="ask", profile_ids=[SELLER], state=first.state, **DAYS
    )
    assert len(amazon.statistics().creates) == 1
    assert again.summary["reports"]["adopted"] == 1
    assert pending_ids(again.state) == pending_ids(first.state)


def test_a_report_that_fails_while_it_is_collected_is_a_gap(
    run: Runs, amazon: EmulatorClient
) -> None:
    settings: Mapping[str, Any] = {"profile_ids": [SELLER], **DAYS}
    amazon.add_fault("failed", operation="create", times=1)
    first = run(CAMPAIGNS, run_mode="ask", **settings)

    second = run(CAMPAIGNS, run_mode="collect", state=first.state, **settings)

    assert (second.code, second.summary["result"]) == (1, "partly")
    assert len(amazon.statistics().creates) == 1
    (partition,) = second.partitions(CAMPAIGNS)
    assert len(partition["gaps"]) == 1
    assert second.summary["next_look_at"] is None
    third = run(CAMPAIGNS, run_mode="ask", state=second.state, **settings)
    fourth = run(CAMPAIGNS, run_mode="collect", state=third.state, **settings)
    assert (fourth.code, fourth.summary["result"]) == (0, "complete")
    assert fourth.partitions(CAMPAIGNS)[0]["replication_key_value"] == "2026-11-18"


def test_a_stuck_report_is_cancelled_and_asked_for_by_the_next_that_asks(
    run: Runs, amazon: EmulatorClient
) -> None:
    settings: Mapping[str, Any] = {"profile_ids": [SELLER], **DAYS}
    amazon.change(ready_after_seconds=10.0**6)
    first = run(CAMPAIGNS, run_mode="ask", **settings)
    amazon.set_now(NOON + timedelta(hours=25), frozen=True)
    second = run(CAMPAIGNS, run_mode="collect", state=first.state, **settings)
    assert (second.code, len(amazon.statistics().creates)) == (0, 1)
    assert second.summary["result"] == "waiting"
    assert second.summary["next_look_at"] is None
    amazon.change(ready_after_seconds=1.0)
    third = run(CAMPAIGNS, state=second.state, **settings)
    assert (third.code, len(amazon.statistics().creates)) == (0, 2)


def test_no_time_at_all_asks_for_nothing(run: Runs, amazon: EmulatorClient) -> None:
    ran = run(CAMPAIGNS, max_runtime_seconds=0, **DAYS)
    assert (ran.code, ran.summary["result"]) == (0, "waiting")
    assert list(amazon.statistics().creates) == []
    assert seconds_to_next_look(ran, amazon) <= 1


def test_totals_asked_for_before_midnight_are_collected_after_it(
    run: Runs, amazon: EmulatorClient
) -> None:
    settings: Mapping[str, Any] = {
        "profile_ids": [SELLER],
        "time_unit": "SUMMARY",
        "start_date": "2026-11-05",
        "end_date": None,
    }
    amazon.set_now(NOON + timedelta(hours=19, minutes=50), frozen=True)  # 23:50 there
    first = run(CAMPAIGNS, run_mode="ask", **settings)
    amazon.advance(3600)
    second = run(CAMPAIGNS, run_mode="collect", state=first.state, **settings)
    assert (second.code, second.summary["result"]) == (0, "complete")
    assert {row["endDate"] for row in second.rows(CAMPAIGNS)} == {"2026-11-19"}
    assert pending_ids(second.state) == set()
    assert len(amazon.statistics().creates) == 1


def test_totals_of_other_days_that_a_run_drops_are_named(run: Runs) -> None:
    settings: Mapping[str, Any] = {"profile_ids": [SELLER], "time_unit": "SUMMARY"}
    first = run(CAMPAIGNS, run_mode="ask", **settings, **days("2026-11-05"))
    (dropped,) = pending_ids(first.state)
    second = run(CAMPAIGNS, state=first.state, **settings, **days("2026-11-06"))
    assert (second.code, second.summary["result"]) == (0, "complete")
    (notice,) = second.summary["notices"]
    for text in (CAMPAIGNS, SELLER, "2026-11-05", dropped, "run_mode collect"):
        assert text in notice
    assert {row["startDate"] for row in second.rows(CAMPAIGNS)} == {"2026-11-06"}
