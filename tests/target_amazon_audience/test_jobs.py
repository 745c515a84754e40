"""Waiting for Amazon's jobs, and what becomes of those that fail or never end."""

from __future__ import annotations

from typing import Any

import pytest

from support.audience_amazon import RECORDS, Fault
from support.audience_runs import Bench, Ran, person, state
from target_amazon_audience.delivery.jobs import PollSchedule
from target_amazon_audience.state.store import OpenBatch

WAIT = {"wait_until_finish": True, "max_wait_time": 60}


def people(count: int) -> list[dict[str, Any]]:
    return [person(n) for n in range(count)]


def good(ran: Ran) -> Ran:
    assert ran.error is None, ran.error
    return ran


def waited(bench: Bench, *messages: object, **changes: object) -> tuple[Ran, float]:
    before = bench.clock.now()
    ran = bench.run([*messages, state(1)], **{**WAIT, **changes})
    return ran, (bench.clock.now() - before).total_seconds()


def test_without_waiting_jobs_are_left_and_looked_at_first_next_time(
    bench: Bench,
) -> None:
    first = good(bench.run(people(3), batch_size_rows=2))
    assert first.report["result"] == "pending"
    assert first.report["batches_pending"] == 2
    assert not [c for c in bench.amazon.exchanges if c.path.startswith(f"{RECORDS}/")]
    second = good(bench.run([]))
    assert second.report["batches_of_earlier_runs"] == 2
    assert second.report["batches_completed"] == 2
    assert second.report["result"] == "done"
    assert second.report["batches_pending"] == 0


def test_waiting_until_all_jobs_have_ended(bench: Bench) -> None:
    bench.amazon.looks = 3
    ran, seconds = waited(bench, *people(5), batch_size_rows=2)
    good(ran)
    assert ran.report["result"] == "done"
    assert ran.report["batches_completed"] == 3
    # the first look after 30 s, the next ones after growing waits
    assert 30 + 30 + 40 < seconds < 250


def test_time_is_up_is_a_result_of_its_own(bench: Bench) -> None:
    bench.amazon.looks = 10**6
    ran, seconds = waited(bench, person(1), max_wait_time=45)
    good(ran)
    assert ran.report["result"] == "pending"
    assert 45 * 60 <= seconds < 46 * 60
    looks = [c for c in bench.amazon.exchanges if c.path.startswith(f"{RECORDS}/")]
    assert len(looks) < 25
    assert ran.states == [1]


def test_invalid_records_are_counted_by_reason_and_nobody_is_named(
    bench: Bench,
) -> None:
    bench.amazon.invalid = {"user-1": "user-1 has no match", "user-2": "bad hash"}
    bench.amazon.states = ["PARTIALLYSUCCEEDED"]
    ran, _ = waited(bench, *people(4))
    good(ran)
    assert ran.report["invalid"] == 2
    assert ran.report["invalid_by_reason"] == {"*** has no match": 1, "bad hash": 1}
    assert any("in part only" in note for note in ran.report["notes"])


@pytest.mark.parametrize("word", ["SUCCEEDED", "COMPLETED"])
def test_both_words_of_success(bench: Bench, word: str) -> None:
    bench.amazon.states = [word]
    ran, _ = waited(bench, person(1))
    assert good(ran).report["result"] == "done"


def test_a_failed_job_is_sent_again_once(bench: Bench) -> None:
    bench.amazon.states = ["FAILED"]
    ran, _ = waited(bench, *people(3))
    good(ran)
    assert ran.report["result"] == "done"
    assert (ran.report["batches"], ran.report["sent"]) == (1, 3)
    assert len(bench.amazon.jobs) == 2
    assert set(bench.amazon.who()) == {"user-0", "user-1", "user-2"}


def test_a_job_that_fails_twice_goes_to_the_rejects(bench: Bench) -> None:
    bench.amazon.states = ["FAILED", "FAILED"]
    ran, _ = waited(bench, *people(3))
    assert "their CREATE was not carried out" in str(ran.error)
    assert ran.report["batches_failed"] == 1
    assert ran.report["batches_pending"] == 0
    assert [row["reason"] for row in bench.rejects()] == ["job failed at Amazon"] * 3
    assert good(bench.run([])).report["batches_of_earlier_runs"] == 0


def test_a_failed_job_of_an_earlier_run_is_sent_again_too(bench: Bench) -> None:
    bench.amazon.states = ["FAILED"]
    good(bench.run(people(3)))
    good(bench.run([]))
    assert set(bench.amazon.who()) == {"user-0", "user-1", "user-2"}


def test_what_this_run_deletes_is_not_created_again_by_an_older_batch(
    bench: Bench,
) -> None:
    bench.amazon.states = ["FAILED"]
    good(bench.run(people(3)))
    bench.amazon.faults = [Fault("GET", f"{RECORDS}/", 403)]
    good(bench.run([person(1)], upload_mode="DELETE"))
    ran = bench.run([])
    assert "their CREATE was not carried out" in str(ran.error)
    assert bench.amazon.who() == {}


def test_an_unknown_word_is_not_an_end(bench: Bench) -> None:
    bench.amazon.states = ["DREAMING"]
    ran, _ = waited(bench, person(1), max_wait_time=5)
    assert "calls a job 'DREAMING'" in str(ran.error)
    assert ran.report["batches_pending"] == 1


def test_a_job_amazon_does_not_know_yet_and_one_it_has_lost(bench: Bench) -> None:
    lost = Fault("GET", f"{RECORDS}/job-1", 404, times=2)
    bench.amazon.faults = [lost]
    ran, _ = waited(bench, person(1))
    assert good(ran).report["result"] == "done"
    assert len(bench.amazon.jobs) == 1
    bench.amazon.faults = [Fault("GET", f"{RECORDS}/job-2", 404, times=99)]
    ran, seconds = waited(bench, person(2))
    good(ran)
    assert len(bench.amazon.jobs) == 3
    assert seconds > 900
    assert set(bench.amazon.who()) == {"user-1", "user-2"}


def test_looks_that_fail_leave_the_job_pending(bench: Bench) -> None:
    bench.amazon.faults = [
        Fault("GET", f"{RECORDS}/", 500, times=3),
        Fault("GET", f"{RECORDS}/", 429, times=3),
        Fault("GET", f"{RECORDS}/", 403, times=1),
    ]
    ran, _ = waited(bench, person(1))
    good(ran)
    assert ran.report["batches_pending"] == 1
    assert any("could not be looked at" in note for note in ran.report["notes"])


def test_the_intervals_grow() -> None:
    schedule = PollSchedule(30, 300)
    batch = OpenBatch(1, "s", "CREATE", 1, "job", 0.0, 1)
    schedule.add(batch, 0.0)
    assert schedule.due(29) == []
    now, gaps = 0.0, []
    for _ in range(12):
        due = schedule.next_at()
        assert due is not None
        gaps.append(due - now)
        now = due
        assert schedule.due(now) == [batch]
        assert schedule.due(now) == []  # it is being looked at
        schedule.postpone(1, now)
    assert gaps[0] == 30
    assert 27 <= gaps[1] <= 33
    assert 270 <= gaps[-1] <= 330
    schedule.drop(1)
    assert len(schedule) == 0
