"""What Amazon says about a report, and what the run makes of it."""

from __future__ import annotations

import pytest

from amazon_emulator import Emulator
from support.ads.runs import (
    CAMPAIGNS,
    CANADA,
    NEWEST,
    NOON,
    SELLER,
    TARGETING,
    asked,
    partitions,
    pending_ids,
    run,
)


@pytest.mark.parametrize("attempts", [1, 3])
def test_failed_is_asked_again_up_to_report_attempts(
    emulator: Emulator, attempts: int
) -> None:
    emulator.client.add_fault("failed", operation="create", reason="Too much")

    ended = run(emulator, report_attempts=attempts)

    assert len(asked(emulator)) == 1 + attempts
    assert ended.code == 1
    (gap,) = partitions(ended.state)[0]["gaps"]
    assert "Too much" in gap["reason"]
    assert not pending_ids(ended.state)
    (line,) = ended.said("ERROR", "Too much")
    assert all(part in line for part in (SELLER, CAMPAIGNS, NEWEST, "next run"))
    assert ended.summary["failures"] == [line.removeprefix("ERROR ")]


def test_failed_twice_then_well_is_no_failure(emulator: Emulator) -> None:
    emulator.client.add_fault("failed", operation="create", times=2)

    ended = run(emulator)

    assert (ended.code, len(ended.rows())) == (0, 2)
    assert len(asked(emulator)) == 3


@pytest.mark.parametrize("word", ["FAILURE", "CANCELLED"])
def test_words_that_fail(emulator: Emulator, word: str) -> None:
    emulator.client.add_fault("status_word", operation="create", word=word)

    ended = run(emulator)

    assert len(asked(emulator)) == 1 + 3
    assert ended.code == 1
    assert ended.said("ERROR", SELLER, CAMPAIGNS, word)


def test_one_failure_does_not_touch_the_others(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "failed", operation="create", account=SELLER, report_type_id="spCampaigns"
    )

    ended = run(emulator, [CAMPAIGNS, TARGETING], profile_ids=[SELLER, CANADA])

    assert ended.code == 1
    assert {r["profile_id"] for r in ended.rows(CAMPAIGNS)} == {CANADA}
    assert {r["profile_id"] for r in ended.rows(TARGETING)} == {SELLER, CANADA}


def test_an_unknown_word_is_looked_at_to_the_end_and_stays(emulator: Emulator) -> None:
    rule = emulator.client.add_fault("status_word", operation="status", word="ON_HOLD")

    first = run(emulator, max_runtime_seconds=1800, poll_interval_max_seconds=60)

    (create,) = emulator.client.statistics().creates
    assert first.code == 1
    assert first.said("ERROR", SELLER, CAMPAIGNS, NEWEST, "ON_HOLD")
    assert pending_ids(first.state) == {create.report_id}
    assert create.looks >= 1800 // 66
    assert (emulator.client.now() - NOON).total_seconds() >= 1800

    emulator.client.remove_fault(rule)
    second = run(emulator, state=first.state)
    assert (second.code, len(second.rows())) == (0, 2)
    assert len(asked(emulator)) == 1


def test_an_unknown_word_that_passes_is_no_failure(emulator: Emulator) -> None:
    emulator.client.add_fault("status_word", operation="status", word="ODD", times=3)

    ended = run(emulator)

    assert (ended.code, len(ended.rows())) == (0, 2)


def test_complete_without_an_address_twice_is_empty(emulator: Emulator) -> None:
    emulator.client.add_fault("no_url", operation="create")

    ended = run(emulator)

    (create,) = emulator.client.statistics().creates
    waited = (emulator.client.now() - NOON).total_seconds()
    assert ended.code == 0
    assert ended.said("WARNING", CAMPAIGNS, SELLER, NEWEST, create.report_id, "empty")
    assert create.looks == 2
    assert 30 <= waited < 60
    (entry,) = partitions(ended.state)
    assert entry["replication_key_value"] == NEWEST
    assert "pending_reports" not in entry


def test_an_address_that_comes_late_is_used(emulator: Emulator) -> None:
    emulator.client.add_fault("no_url", operation="status", times=1)

    ended = run(emulator)

    assert (ended.code, len(ended.rows())) == (0, 2)
    assert not ended.said("taken as empty")


def test_an_empty_report_delivers_its_window(emulator: Emulator) -> None:
    emulator.client.add_fault("empty", operation="create")

    ended = run(emulator)
    again = run(emulator, state=ended.state)

    assert (ended.code, ended.rows()) == (0, [])
    assert partitions(ended.state)[0]["replication_key_value"] == NEWEST
    assert len(asked(emulator)) == 1
    assert again.code == 0


def test_looks_that_fail_for_long_leave_the_report_to_the_next_run(
    emulator: Emulator,
) -> None:
    rule = emulator.client.add_fault("status", operation="status", code=503)

    first = run(emulator, max_attempts=2)

    assert first.code == 1
    assert first.said("ERROR", SELLER, CAMPAIGNS, "503", "stays pending")
    assert len(pending_ids(first.state)) == 1

    emulator.client.remove_fault(rule)
    second = run(emulator, state=first.state)
    assert (second.code, len(second.rows())) == (0, 2)
    assert len(asked(emulator)) == 1
