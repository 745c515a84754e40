"""A window that fails is a gap: it holds the bookmark back, and nothing else."""

from __future__ import annotations

from collections import Counter

from amazon_emulator import Emulator
from support.ads.runs import (
    CAMPAIGNS,
    NEWEST,
    SELLER,
    Json,
    Run,
    asked,
    expected_keys,
    next_day,
    partitions,
    run,
)

# 93 days are three windows of 31
START = "2026-08-19"
FIRST_END = "2026-09-18"
MIDDLE = ("2026-09-19", "2026-10-19")
LAST = ("2026-10-20", NEWEST)


def run_of_three(emulator: Emulator, state: Json | None = None) -> Run:
    return run(emulator, state=state, start_date=START, end_date=NEWEST, gap_max_runs=3)


def break_the_middle(emulator: Emulator) -> int:
    return emulator.client.add_fault(
        "failed", operation="create", covers=MIDDLE[0], reason="Out of luck"
    )


def windows(emulator: Emulator) -> list[tuple[str, str]]:
    return [(start, end) for _, _, start, end in asked(emulator)]


def entry_of(ended: Run) -> Json:
    (entry,) = partitions(ended.state)
    return entry


def test_a_hole_in_the_middle_closes_in_the_next_run(emulator: Emulator) -> None:
    rule = break_the_middle(emulator)
    first = run_of_three(emulator)

    assert first.code == 1
    assert Counter(windows(emulator)) == {(START, FIRST_END): 1, MIDDLE: 4, LAST: 1}
    entry = entry_of(first)
    assert entry["replication_key_value"] == FIRST_END
    assert entry["delivered"] == [{"start": LAST[0], "end": LAST[1]}]
    (gap,) = entry["gaps"]
    assert (gap["start"], gap["end"], gap["attempts"]) == (*MIDDLE, 1)
    assert "Out of luck" in gap["reason"]
    assert first.said("ERROR", SELLER, CAMPAIGNS, f"{MIDDLE[0]}..{MIDDLE[1]}")
    assert first.summary["reports"]["failed"] == 1

    emulator.client.remove_fault(rule)
    second = run_of_three(emulator, first.state)

    assert second.code == 0
    assert windows(emulator)[6:] == [MIDDLE]
    entry = entry_of(second)
    assert entry["replication_key_value"] == NEWEST
    assert not {"delivered", "gaps", "closed_gaps"} & entry.keys()
    sent = [*first.keys(), *second.keys()]
    assert len(sent) == len(set(sent))
    assert set(sent) == expected_keys(emulator, second)


def test_a_gap_that_never_heals_is_closed(emulator: Emulator) -> None:
    break_the_middle(emulator)
    ended = run_of_three(emulator)
    for attempts in (2, 3):
        ended = run_of_three(emulator, ended.state)
        assert ended.code == 1
        assert entry_of(ended)["gaps"][0]["attempts"] == attempts
        assert entry_of(ended)["replication_key_value"] == FIRST_END

    closing = run_of_three(emulator, ended.state)

    entry = entry_of(closing)
    (closed,) = entry["closed_gaps"]
    assert closing.code == 1
    assert closing.said("ERROR", SELLER, "Out of luck", "Given up after 4 runs")
    assert (closed["start"], closed["end"], closed["attempts"]) == (*MIDDLE, 4)
    assert entry["replication_key_value"] == NEWEST
    assert not {"delivered", "gaps"} & entry.keys()

    before = len(asked(emulator))
    after = run_of_three(emulator, closing.state)
    assert after.code == 0
    assert len(asked(emulator)) == before
    assert any("Out of luck" in notice for notice in after.summary["notices"])
    assert after.summary["failures"] == []

    next_day(emulator, 31)
    late = run_of_three(emulator, after.state)
    assert late.summary["notices"] == []
    assert "closed_gaps" not in entry_of(late)


def test_a_gap_that_amazon_no_longer_keeps_is_closed(emulator: Emulator) -> None:
    rule = break_the_middle(emulator)
    first = run_of_three(emulator)
    emulator.client.remove_fault(rule)
    next_day(emulator, 60)

    second = run(emulator, state=first.state, end_date=NEWEST, start_date=START)

    (closed,) = entry_of(second)["closed_gaps"]
    assert (closed["start"], closed["end"]) == (MIDDLE[0], "2026-10-16")
    assert windows(emulator)[6:] == [("2026-10-17", MIDDLE[1])]
    assert entry_of(second)["replication_key_value"] == NEWEST
    assert second.said("ERROR", "2026-10-16", "keeps it no longer")
    assert second.code == 1


def test_a_gap_is_kept_when_the_time_is_up_before_it_is_asked(
    emulator: Emulator,
) -> None:
    break_the_middle(emulator)
    first = run_of_three(emulator)

    second = run(emulator, state=first.state, start_date=START, max_runtime_seconds=0)

    assert second.code == 0
    assert entry_of(second)["gaps"] == entry_of(first)["gaps"]
