"""Everything that goes wrong on the way, against the emulator over HTTP.

Whatever happened, the emulator's member set is the wanted one at the end.
"""

from __future__ import annotations

import json

import pytest

from support.audience_rooms import WAITING, Room, names
from support.audience_runs import person, state

TEN = [person(n) for n in range(10)]
SMALL = {"batch_size_rows": 3}
MODES = pytest.mark.parametrize("mode", ["APPEND", "MIRROR"])


def everyone(room: Room) -> None:
    assert room.who() == names(*range(10))


def start(room: Room, mode: str) -> dict[str, object]:
    """Let there be members to delete, change and keep; return settings for MIRROR."""
    room.mirror([person(0), person(1, city="old"), person(50), person(51)])
    more: dict[str, object] = {"upload_mode": mode}
    if mode == "MIRROR":
        return {**more, **WAITING, "mirror_max_delete_percent": 100}
    room.good([person(50), person(51), person(1)], upload_mode="DELETE")
    return more


# Calls that fail


@MODES
def test_a_token_that_expires_in_mid_run(room: Room, mode: str) -> None:
    more = start(room, mode)
    room.client.add_fault("unauthorized", operation="records", times=1, skip=1)
    room.good([*TEN, state(1)], **SMALL, **more)
    everyone(room)
    assert room.count("token") >= 2


def test_tokens_that_are_all_taken_back_in_mid_run(room: Room) -> None:
    room.client.change(token_lifetime_seconds=60)
    room.client.add_fault("throttle", operation="records", retry_after=90, times=1)
    room.good([*TEN, state(1)], **SMALL)
    everyone(room)
    assert room.count("token") == 2


@MODES
@pytest.mark.parametrize("hint", [None, 7])
def test_a_storm_of_429(room: Room, mode: str, hint: int | None) -> None:
    more = start(room, mode)
    began = room.client.now()
    for operation in ("records", "job", "connections", "audience"):
        room.client.add_fault(
            "throttle", operation=operation, retry_after=hint, times=4
        )
    ran = room.good([*TEN, state(1)], **SMALL, **more)
    everyone(room)
    assert ran.states == [1]
    assert ran.report["throttled"] >= 4
    assert (room.client.now() - began).total_seconds() >= 4 * (hint or 1)


@MODES
@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_an_error_of_the_server_then_success(room: Room, mode: str, code: int) -> None:
    more = start(room, mode)
    for operation in ("records", "job", "terms"):
        room.client.add_fault("status", operation=operation, code=code, times=2, skip=1)
    room.client.add_fault("reset", operation="records", times=1)
    room.client.add_fault("html", operation="records", times=1)
    assert room.good([*TEN, state(1)], **SMALL, **more).states == [1]
    everyone(room)


@MODES
def test_an_error_that_stays_and_the_next_run(room: Room, mode: str) -> None:
    more = start(room, mode)
    room.client.add_fault("status", operation="records", code=500, skip=1)
    ran = room.run([*TEN, state(1)], **SMALL, **more)
    assert "failed 5 times, last: HTTP 500" in str(ran.error)
    assert ran.states == []
    room.client.clear_faults()
    assert room.good([*TEN, state(1)], **SMALL, **more).states == [1]
    everyone(room)


@MODES
def test_too_large_requests_are_split(room: Room, mode: str) -> None:
    more = start(room, mode)
    room.client.change(max_request_bytes=800)
    ran = room.good(TEN, **more)
    everyone(room)
    assert room.count("records", 413) >= 1
    assert ran.report["sent"] >= 8


@MODES
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_lost_answer_to_a_request_that_was_accepted(
    room: Room, mode: str, skip: int
) -> None:
    more = start(room, mode)
    room.client.add_fault("lost_answer", operation="records", times=1, skip=skip)
    room.good([*TEN, state(1)], **SMALL, **more)
    everyone(room)


@MODES
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_lost_answer_and_a_run_that_ends_there(
    room: Room, mode: str, skip: int
) -> None:
    more = start(room, mode)
    room.client.add_fault("lost_answer", operation="records", skip=skip)
    ran = room.run([*TEN, state(1)], **SMALL, **more, max_attempts=1)
    assert ran.error is not None
    assert ran.states == []
    room.client.clear_faults()
    # it is not believed that nothing happened, nor that everything did
    room.mirror([person(n) for n in range(5)])
    assert room.who() == names(*range(5))


def test_an_answer_lost_when_the_audience_is_made(room: Room) -> None:
    room.client.add_fault("lost_answer", operation="create_audience", times=1)
    ran = room.good([*TEN, state(1)])
    everyone(room)
    assert ran.report["audience_id"] == str(room.audience().audience_id)


@MODES
def test_a_bad_row_costs_one_row(room: Room, mode: str) -> None:
    more = start(room, mode)
    room.client.add_fault(
        "refuse_record",
        operation="records",
        external_user_ids=["user-7"],
        reason="user-7 is not allowed",
    )
    ran = room.run([*TEN, state(1)], **more)
    assert "Amazon refused 1 records" in str(ran.error)
    assert ran.states == [1]
    assert room.who() == names(*range(10)) - {"user-7"}
    [line] = room.rejects()
    assert line["reason"] == "refused by Amazon: *** is not allowed"
    room.client.clear_faults()
    room.good(TEN, **more)
    everyone(room)


def test_when_every_row_fails_alike_the_run_stops(room: Room) -> None:
    room.client.add_fault("refuse_record", operation="records", reason="no 17")
    ran = room.run([person(n) for n in range(100)])
    assert "Amazon refuses every record alike" in str(ran.error)
    assert room.count("records") < 30
    assert room.who() == set()


def test_amazon_may_write_message_with_a_capital(room: Room) -> None:
    room.client.change(capital_message=True, repeated_external_id="refuse")
    room.good(TEN)
    room.database.unlink()
    assert "already exists" in str(room.run(TEN).error)


def test_a_refresh_token_that_is_dead(room: Room) -> None:
    ran = room.run([*TEN, state(1)], refresh_token="Atzr|dead")
    assert ran.error is not None
    assert "Atzr|dead" not in str(ran.error)
    assert ran.states == []
    assert room.count("token") == 1


def test_the_hourly_volume_is_kept_when_amazon_counts_less(room: Room) -> None:
    room.client.change(records_per_hour=6)
    began = room.client.now()
    room.good(TEN, **SMALL)
    everyone(room)
    assert 3600 <= (room.client.now() - began).total_seconds() < 3700


def test_many_calls_at_once(room: Room) -> None:
    room.threads = 4
    room.client.add_fault("delay", operation="records", seconds=0.05)
    rows = [person(n) for n in range(40)]
    room.good([*rows, state(1)], batch_size_rows=3, max_concurrency=4)
    assert room.who() == names(*range(40))
    assert 2 <= room.client.statistics().peak["records"] <= 4


# Jobs


def test_a_failed_job_is_sent_again_once(room: Room) -> None:
    room.client.add_fault("job_failed", operation="records", times=1)
    ran = room.good(TEN, **WAITING)
    everyone(room)
    assert (ran.report["batches"], ran.report["batches_completed"]) == (1, 1)
    assert [job.state for job in room.jobs()] == ["FAILED", "SUCCEEDED"]


def test_a_job_that_fails_twice_goes_to_the_rejects(room: Room) -> None:
    room.client.add_fault("job_failed", operation="records", times=2)
    ran = room.run([*TEN, state(1)], **WAITING)
    assert "Amazon's job for 10 records failed" in str(ran.error)
    assert ran.report["batches_failed"] == 1
    reasons = {line["reason"] for line in room.rejects()}
    assert reasons == {"job failed at Amazon"}
    assert len(room.rejects()) == 10
    assert len(room.jobs()) == 2
    # nothing is left over: the next run begins afresh
    room.good(TEN, **WAITING)
    everyone(room)


def test_a_removal_that_fails_twice_is_made_by_the_next_mirror(room: Room) -> None:
    room.mirror([*TEN, person(50)])
    room.client.add_fault("job_failed", operation="records", times=2)
    assert "their DELETE was not carried out" in str(room.mirror(TEN).error)
    assert room.who() == names(*range(10), 50)
    assert room.mirror(TEN).error is None
    everyone(room)


def test_still_pending_is_a_result_of_its_own_and_looked_at_first(room: Room) -> None:
    rule = room.client.add_fault("never_ready", operation="records")
    began = room.client.now()
    ran = room.good([*TEN, state(1)], wait_until_finish=True, max_wait_time=5)
    assert 300 <= (room.client.now() - began).total_seconds() < 320
    assert ran.report["result"] == "pending"
    assert ran.report["batches_pending"] == 1
    assert ran.states == [1]
    looks = room.count("job")
    room.client.remove_fault(rule)
    room.client.add_fault("reset", operation="records")
    later = room.run([person(11)])
    assert later.report["batches_of_earlier_runs"] == 1
    assert room.count("job") == looks + 1  # before anything was sent


def test_a_job_that_ends_between_two_runs(room: Room) -> None:
    room.client.change(job_ready_after_seconds=900)
    first = room.good(TEN)
    assert first.report["batches_pending"] == 1
    room.client.advance(3600)
    second = room.good([person(3)], **WAITING)
    assert second.report["batches_completed"] == 2
    assert second.report["batches_pending"] == 0
    everyone(room)


def test_invalid_records_are_counted_by_reason(room: Room) -> None:
    room.client.add_fault(
        "partially_succeeded", operation="records", every=3, reason="no match"
    )
    ran = room.good(TEN, **WAITING)
    assert ran.report["invalid"] == 3
    assert ran.report["invalid_by_reason"] == {"no match": 3}
    assert any("PARTIALLYSUCCEEDED" in note for note in ran.report["notes"])
    assert len(room.who()) == 7


def test_what_amazon_itself_finds_invalid(room: Room) -> None:
    room.client.change(require_consent=True)
    rows = [person(1), person(2, countrycode="DE"), person(3, countrycode="FR")]
    ran = room.good(rows, consent_mode="off", **WAITING)
    assert ran.report["invalid_by_reason"] == {"User consent is missing": 2}
    assert room.who() == names(1)


def test_a_word_nobody_knows_is_not_an_end(room: Room) -> None:
    room.client.add_fault("status_word", operation="job", word="SIMMERING")
    ran = room.run(TEN, wait_until_finish=True, max_wait_time=1)
    assert "'SIMMERING', a word this release does not know" in str(ran.error)
    assert ran.report["batches_pending"] == 1
    everyone(room)


# STATE


def test_state_never_passes_a_batch_that_is_not_accepted(room: Room) -> None:
    room.threads = 2
    room.client.add_fault("delay", operation="records", seconds=0.4, times=1)
    seen: list[tuple[int, set[str]]] = []

    def write(text: bytes) -> None:
        held = {name for a in room.client.audiences() for name in room.who()}
        seen.append((json.loads(text)["bookmarks"], held))

    room.write = write
    rows = [m for n in range(12) for m in (person(n), state(n))]
    room.run(rows, batch_size_rows=2, max_concurrency=2)
    assert seen[-1][0] == 11
    for number, held in seen:
        assert names(*range(number + 1)) <= held
    assert [number for number, _ in seen] == sorted({number for number, _ in seen})


def test_states_of_a_throttled_run_wait_too(room: Room) -> None:
    room.client.add_fault("throttle", operation="records", retry_after=3600, times=1)
    ran = room.good([person(1), state(1), person(2), state(2)], batch_size_rows=1)
    assert ran.states[-1] == 2
    assert room.who() == names(1, 2)
