"""Waiting for Amazon's jobs, and what becomes of those that fail or never end."""

from __future__ import annotations

import pytest

from support.audience.runner import WAIT, Runner, names, people, person, state
from target_amazon_audience.delivery.jobs import PollSchedule
from target_amazon_audience.state.store import OpenBatch


def test_without_waiting_jobs_are_left_and_polled_first_by_the_next_run(
    target: Runner,
) -> None:
    first = target.good(people(0, 1, 2), batch_size_rows=2)
    assert first.report["result"] == "waiting"
    assert first.report["batches_pending"] == 2
    assert not target.emulator.polls()
    second = target.good([])
    assert second.report["batches_of_earlier_runs"] == 2
    assert second.report["batches_completed"] == 2
    assert second.report["result"] == "complete"
    assert second.report["batches_pending"] == 0


def test_a_job_that_ends_between_two_runs(target: Runner) -> None:
    target.client.change(job_ready_after_seconds=900)
    first = target.good(people(*range(10)))
    assert first.report["batches_pending"] == 1
    target.client.advance(3600)
    second = target.good([person(3)], **WAIT)
    assert second.report["batches_completed"] == 2
    assert second.report["batches_pending"] == 0
    assert target.members() == names(*range(10))


def test_waiting_until_all_jobs_have_ended(target: Runner) -> None:
    target.client.change(job_ready_after_looks=3)
    began = target.clock.now()
    ran = target.good(people(*range(5)), **WAIT, batch_size_rows=2)
    assert ran.report["result"] == "complete"
    assert ran.report["batches_completed"] == 3
    # the first poll after 30 s, the next ones after growing waits
    assert 30 + 30 + 40 < (target.clock.now() - began).total_seconds() < 250


def test_time_is_up_is_a_result_of_its_own_and_polled_first(target: Runner) -> None:
    rule = target.fault("never_ready")
    began = target.clock.now()
    ran = target.good([person(1), state(1)], wait_until_finish=True, max_wait_time=45)
    assert ran.report["result"] == "waiting"
    assert ran.report["batches_pending"] == 1
    assert 45 * 60 <= (target.clock.now() - began).total_seconds() < 45 * 60 + 20
    assert ran.states == [1]
    polls = target.count("job")
    assert polls < 25
    target.client.remove_fault(rule)
    target.fault("reset")
    later = target.run([person(11)])
    assert later.report["batches_of_earlier_runs"] == 1
    assert target.count("job") == polls + 1  # before anything was sent


def test_invalid_records_are_counted_by_reason_and_nobody_is_named(
    target: Runner,
) -> None:
    for name, reason in (("user-1", "user-1 has no match"), ("user-2", "bad hash")):
        target.fault("partially_succeeded", external_user_ids=[name], reason=reason)
    ran = target.good(people(*range(4)), batch_size_rows=2, **WAIT)
    assert ran.report["invalid"] == 2
    assert ran.report["invalid_by_reason"] == {"*** has no match": 1, "bad hash": 1}
    assert ran.noted("in part only")
    assert ran.noted("PARTIALLYSUCCEEDED")
    target.client.clear_faults()
    target.fault("partially_succeeded", every=3, reason="no match")
    ran = target.good(people(*range(10, 20)), **WAIT)
    assert ran.report["invalid_by_reason"] == {"no match": 3}
    assert len(target.members()) == 2 + 7


def test_what_amazon_itself_finds_invalid(target: Runner) -> None:
    target.client.change(require_consent=True)
    rows = [person(1), person(2, countrycode="DE"), person(3, countrycode="FR")]
    ran = target.good(rows, consent_mode="off", **WAIT)
    assert ran.report["invalid_by_reason"] == {"User consent is missing": 2}
    assert target.members() == names(1)


@pytest.mark.parametrize("word", ["SUCCEEDED", "COMPLETED"])
def test_both_words_of_success(target: Runner, word: str) -> None:
    target.fault("status_word", word=word)
    assert target.good([person(1)], **WAIT).report["result"] == "complete"


def test_a_failed_job_is_sent_again_once(target: Runner) -> None:
    target.fault("job_failed", times=1)
    report = target.good(people(*range(10)), **WAIT).report
    assert report["result"] == "complete"
    assert (report["batches"], report["batches_completed"]) == (1, 1)
    assert report["sent"] == 10
    assert target.members() == names(*range(10))
    assert [job.state for job in target.jobs()] == ["FAILED", "SUCCEEDED"]


def test_a_job_that_fails_twice_is_kept_and_the_next_run_sends_it_again(
    target: Runner,
) -> None:
    """Its STATE has passed: the tap does not send these records again."""
    target.fault("job_failed", times=2)
    ran = target.run([*people(*range(10)), state(1)], **WAIT)
    assert ran.states == [1]
    assert "Amazon's job for 10 records failed" in str(ran.error)
    assert "their CREATE was not carried out" in str(ran.error)
    assert "the next run sends them again" in str(ran.error)
    assert ran.report["batches_failed"] == 1
    assert ran.report["batches_pending"] == 0
    assert target.rejects() == []
    assert len(target.jobs()) == 2
    assert target.members() == set()
    # nothing of them is in this input
    later = target.good([], **WAIT)
    assert later.report["batches_of_earlier_runs"] == 1
    assert target.members() == names(*range(10))
    assert len(target.jobs()) == 3
    assert target.good([], **WAIT).report["batches_of_earlier_runs"] == 0


def test_people_that_could_not_be_deleted_are_deleted_by_the_next_run(
    target: Runner,
) -> None:
    target.good(people(1, 2, 3), **WAIT)
    target.fault("job_failed", times=2)
    ran = target.run(people(1, 2), upload_mode="DELETE", **WAIT)
    assert "their DELETE was not carried out" in str(ran.error)
    assert target.members() == names(1, 2, 3)
    target.good([], upload_mode="DELETE", **WAIT)
    assert target.members() == names(3)


def test_a_job_that_fails_in_run_after_run_goes_to_the_rejects(
    target: Runner,
) -> None:
    target.fault("job_failed")
    ran = target.run(people(*range(10)), **WAIT)
    runs = 1
    while not target.rejects():
        assert "the next run sends them again" in str(ran.error)
        ran = target.run([], **WAIT)
        runs += 1
    assert "their CREATE was not carried out" in str(ran.error)
    assert (runs, len(target.jobs())) == (5, 6)
    assert [line["reason"] for line in target.rejects()] == [
        "job failed at Amazon"
    ] * 10
    # nothing is left over: the next run begins afresh
    target.client.clear_faults()
    assert target.good([]).report["batches_of_earlier_runs"] == 0
    target.good(people(*range(10)), **WAIT)
    assert target.members() == names(*range(10))


def test_what_has_failed_twice_is_not_green_while_it_is_tried_again(
    target: Runner,
) -> None:
    """Also without waiting: each run only sees the job of the one before."""
    target.fault("job_failed")
    target.good([*people(1, 2), state(1)])
    assert target.good([]).noted("at attempt 1 of 6: they are sent again")
    for times in range(2, 6):
        ran = target.run([])
        assert f"has failed {times} times" in str(ran.error)
        assert ran.summary["result"] != "complete"
    assert "their CREATE was not carried out" in str(target.run([]).error)
    assert len(target.rejects()) == 2


def test_a_failed_job_is_kept_where_nothing_can_be_sent(target: Runner) -> None:
    target.fault("job_failed", times=1)
    target.good([*people(1, 2), state(1)])
    target.fault("status", "records", code=403, times=1)
    ran = target.run([])
    assert "HTTP 403" in str(ran.error)
    assert target.members() == set()
    target.good([])
    assert target.members() == names(1, 2)


def test_a_failed_job_of_an_earlier_run_is_sent_again_too(target: Runner) -> None:
    target.fault("job_failed", times=1)
    target.good(people(0, 1, 2))
    assert target.members() == set()
    ran = target.good([])
    assert target.members() == names(0, 1, 2)
    assert ran.noted("at attempt 1 of 6: they are sent again")


def test_what_this_run_deletes_is_not_created_again_by_an_older_batch(
    target: Runner,
) -> None:
    target.fault("job_failed", times=1)
    target.good(people(0, 1, 2))
    target.fault("status", "job", code=403, times=1)
    target.good([person(1)], upload_mode="DELETE")
    ran = target.run([])
    assert "their CREATE was not carried out" in str(ran.error)
    assert target.members() == set()


def test_an_unknown_word_is_not_an_end(target: Runner) -> None:
    target.fault("status_word", "job", word="SIMMERING")
    ran = target.run(people(1), wait_until_finish=True, max_wait_time=5)
    assert "calls a job 'SIMMERING', a word this release does not know" in str(
        ran.error
    )
    assert ran.report["batches_pending"] == 1
    assert target.members() == names(1)


def test_a_job_amazon_does_not_know_yet_and_one_it_has_lost(target: Runner) -> None:
    target.fault("status", "job", code=404, times=2)
    assert target.good([person(1)], **WAIT).report["result"] == "complete"
    assert len(target.jobs()) == 1

    def lose(moment: str) -> None:
        known = target.jobs()
        if moment == "answer" and len(known) == 2 and not target.client.faults():
            target.fault("status", "job", account=known[-1].job_id, code=404)

    target.client.clear_faults()
    target.emulator.observer = lose
    assert target.seconds_of([person(2)], **WAIT) > 900
    assert len(target.jobs()) == 3
    assert target.members() == names(1, 2)


def test_polls_that_fail_leave_the_job_pending(target: Runner) -> None:
    target.fault("status", "job", code=500, times=5)
    target.fault("throttle", "job", times=3)
    target.fault("status", "job", code=403, times=1)
    ran = target.good([person(1)], **WAIT)
    assert ran.report["batches_pending"] == 1
    assert ran.noted("could not be looked at")


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
        assert schedule.due(now) == []  # it is being polled
        schedule.postpone(1, now)
    assert gaps[0] == 30
    assert 27 <= gaps[1] <= 33
    assert 270 <= gaps[-1] <= 330
    schedule.drop(1)
    assert len(schedule) == 0
