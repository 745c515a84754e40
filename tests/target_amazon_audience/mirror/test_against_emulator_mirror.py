"""MIRROR: the audience becomes what the run sent, whatever happens on the way."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from support.audience.runner import (
    MIRROR,
    STREAM,
    WAIT,
    Runner,
    hashed,
    names,
    people,
    person,
    schema,
    state,
)
from target_amazon_audience.mirror.diff import Counts
from target_amazon_audience.mirror.sync import age_limits, held_back

DAY = 86400
DENIED = {"amznuserdata": "DENIED"}
CHANGED = person(1, city="x")
CHANGED_PII = [hashed(email="person1@example.com", city="x")]


@pytest.fixture(params=["pii", "user_id"])
def amazon(request: pytest.FixtureRequest, target: Runner) -> Runner:
    """Both things that a DELETE may mean to Amazon."""
    target.client.change(delete_by=request.param)
    return target


def never_ready(target: Runner) -> None:
    """Let jobs be carried out, and shown as pending until the rules are cleared."""
    target.fault("never_ready", "job")


def hash_sets(target: Runner) -> dict[str, int]:
    """Members with the number of hash sets Amazon holds of each."""
    found = target.client.audience_members(target.audience().audience_id)
    return {name: len(member.hashed_pii) for name, member in found.items()}


def known(target: Runner) -> dict[str, tuple[int, int]]:
    connection = sqlite3.connect(target.database)
    rows = connection.execute("select external_id, confirmed, removing from members")
    found = {row[0]: (row[1], row[2]) for row in rows}
    connection.close()
    return found


# APPEND and DELETE beside it


def test_append_and_delete(amazon: Runner) -> None:
    amazon.good(people(*range(10)), batch_size_rows=4)
    amazon.good(people(3, 4, 99), upload_mode="DELETE")
    assert amazon.members() == names(0, 1, 2, 5, 6, 7, 8, 9)
    [job] = [job for job in amazon.jobs() if job.removed]
    assert (job.removed, job.without_effect) == (2, 1)
    assert amazon.pii("user-0") == [hashed(email="person0@example.com")]
    deleted = amazon.emulator.sent()[-1]
    assert deleted["action"] == "DELETE"
    assert deleted["hashedPII"]


def test_delete_after_a_mirror_takes_all_that_is_held(amazon: Runner) -> None:
    amazon.mirror(CHANGED, person(2))
    # the record knows less of the person than the mirror had sent
    amazon.good([person(1)], upload_mode="DELETE")
    assert amazon.members() == names(2)
    amazon.mirror(*people(2, 3))
    assert amazon.members() == names(2, 3)


def test_denied_consent_is_never_sent_and_deleting_needs_none(amazon: Runner) -> None:
    german = {"country_code": "DE", "consent": {"amznuserdata": "GRANTED"}}
    ran = amazon.good([*people(1, 2), person(3, **DENIED)], **german)
    assert amazon.members() == names(1, 2)
    assert ran.report["skipped_by_reason"] == {"consent denied": 1}
    gone = [person(1), person(2, **DENIED)]
    amazon.good(gone, upload_mode="DELETE", country_code="DE")
    assert amazon.members() == set()


def test_a_delete_run_is_known_to_the_next_mirror(target: Runner) -> None:
    target.mirror(*people(1, 2))
    target.good([person(1)], upload_mode="DELETE")
    target.mirror(*people(1, 2))
    assert target.members() == names(1, 2)


def test_what_was_appended_to_a_mirrored_audience_is_removed_by_it(
    amazon: Runner,
) -> None:
    amazon.mirror(*people(1, 2))
    amazon.good([person(2, city="x"), person(3)])
    assert amazon.members() == names(1, 2, 3)
    amazon.mirror(*people(1, 2))
    assert amazon.members() == names(1, 2)
    assert amazon.pii("user-2") == [hashed(email="person2@example.com")]


# What is sent


def test_a_mirror_makes_the_audience_what_was_sent(amazon: Runner) -> None:
    first = amazon.mirror(*people(1, 2, 3))
    assert first.noted("first mirror")
    assert first.report["mirror"]["new"] == 3
    rows = [person(2), person(3, city="x"), person(4)]
    second = amazon.mirror(*rows, state(1))
    assert amazon.members() == set(known(amazon)) == names(2, 3, 4)
    counts = second.report["mirror"]
    assert (counts["new"], counts["changed"], counts["removed"]) == (1, 1, 1)
    assert counts["known"] == 3
    assert not second.noted("first mirror")
    assert amazon.pii("user-3") == [hashed(email="person3@example.com", city="x")]
    assert second.states == [1]
    uploads = len(amazon.jobs())
    third = amazon.mirror(*rows, state(1))
    assert len(amazon.jobs()) == uploads
    assert third.report["sent"] == 0
    assert third.states == [1]


def test_removals_carry_the_hashes_the_members_were_made_with(target: Runner) -> None:
    target.mirror(person(1, phone="2065550100"), person(2))
    target.mirror(person(2))
    deleted = target.emulator.sent()[-1]
    assert deleted["action"] == "DELETE"
    assert set(deleted["hashedPII"][0]) == {"email", "phone"}
    assert target.members() == names(2)


def test_slow_jobs_old_hashes_go_before_new_ones_come(amazon: Runner) -> None:
    amazon.mirror(*people(1, 2))
    amazon.client.change(job_ready_after_seconds=2700)
    ran = amazon.mirror(CHANGED, person(2))
    assert ran.report["result"] == "complete"
    assert ran.report["mirror"]["changed"] == 1
    actions = [row["action"] for row in amazon.emulator.sent()[2:]]
    assert actions == ["DELETE", "CREATE"]
    assert hash_sets(amazon) == {"user-1": 1, "user-2": 1}
    assert amazon.pii("user-1") == CHANGED_PII
    delete, create = amazon.jobs()[-2:]
    assert delete.settled_at
    assert delete.settled_at <= create.created_at


def test_changed_members_are_waited_for_even_without_waiting(target: Runner) -> None:
    plain = {"wait_until_finish": False, "max_wait_time": None}
    target.mirror(person(1), **plain)
    target.mirror(CHANGED, **plain)
    assert hash_sets(target) == {"user-1": 1}


def test_a_change_amazon_is_too_slow_for_is_completed_by_the_next_run(
    amazon: Runner,
) -> None:
    amazon.mirror(*people(1, 2))
    amazon.client.change(job_ready_after_seconds=[7200, 7200])
    slow = amazon.mirror(CHANGED, person(2), max_wait_time=10)
    assert slow.report["result"] == "waiting"
    assert slow.noted("the next run completes them")
    amazon.client.advance(DAY)
    amazon.client.change(job_ready_after_seconds=0)
    assert amazon.mirror(CHANGED, person(2)).report["result"] == "complete"
    assert amazon.members() == names(1, 2)
    assert amazon.pii("user-1") == CHANGED_PII


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_member_just_created_is_deleted_only_after_that(
    amazon: Runner, *, is_changed: bool
) -> None:
    """Two jobs under way at once might be carried out in any order."""
    amazon.client.change(job_ready_after_seconds=3600)
    amazon.mirror(*people(1, 2), wait_until_finish=False, max_wait_time=None)
    amazon.mirror(*([CHANGED] if is_changed else []), person(2))
    create, delete = amazon.jobs()[:2]
    assert create.settled_at
    assert create.settled_at <= delete.created_at
    amazon.client.advance(DAY)
    assert amazon.members() == (names(1, 2) if is_changed else names(2))
    if is_changed:
        assert amazon.pii("user-1") == CHANGED_PII


def test_records_of_one_person_are_one_member(target: Runner) -> None:
    rows = [person(1), *people(*range(10, 20)), CHANGED]
    target.good(rows, batch_size_rows=4, **WAIT)
    both = [hashed(email="person1@example.com"), *CHANGED_PII]
    assert sorted(map(str, target.pii("user-1"))) == sorted(map(str, both))
    assert all(job.repeated == 0 for job in target.jobs())
    ran = target.good([person(1), person(1, city="y")], duplicate_users="last")
    assert (ran.report["merged"], ran.report["sent"]) == (1, 1)


def test_records_of_one_person_far_apart_are_one_member(target: Runner) -> None:
    rows = [person(1), *people(*range(10, 40)), CHANGED]
    target.mirror(*rows, batch_size_rows=10)
    assert hash_sets(target)["user-1"] == 2
    before = len(target.emulator.sent())
    target.mirror(*reversed(rows), batch_size_rows=10)
    assert len(target.emulator.sent()) == before
    last = target.mirror(*rows, batch_size_rows=10, duplicate_users="last")
    assert last.report["mirror"]["changed"] == 1
    assert hash_sets(target)["user-1"] == 1


def test_members_never_expire_while_the_mirror_runs_daily(target: Runner) -> None:
    sent = []
    for _ in range(14):
        ran = target.mirror(*people(1, 2), time_to_live=10 * DAY)
        sent.append(ran.report["mirror"]["sent_again"])
        target.client.advance(DAY)
        assert target.members() == names(1, 2)
    # the run of day 5 would be too late: the next one is as far away as the last
    assert sent == [0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0]


def test_when_a_member_was_sent_too_long_ago() -> None:
    assert age_limits(100 * DAY, 10 * DAY, None).resend_before == 95 * DAY
    assert age_limits(100 * DAY, 10 * DAY, 99 * DAY).resend_before == 96 * DAY


# Whom a mirror keeps


def test_the_first_mirror_removes_nobody_and_says_so(amazon: Runner) -> None:
    amazon.good(people(1, 2))
    assert amazon.mirror(*people(2, 3)).noted("first mirror")
    assert amazon.members() == names(1, 2, 3)
    update = {"action": "UPDATE", "audience_id": str(amazon.audience().audience_id)}
    for changes in ({}, update):
        amazon.database.unlink()
        assert amazon.mirror(person(3), **changes).noted("first mirror")
        assert amazon.members() == names(1, 2, 3)


def test_too_many_removals_and_empty_input_remove_nobody(amazon: Runner) -> None:
    amazon.mirror(*people(*range(10)))
    few = {"mirror_max_delete_percent": 20}
    ran = amazon.refused_mirror(*people(*range(3, 11)), **few)
    assert "3 of 10 members are missing" in str(ran.error)
    assert ran.report["mirror"]["removed"] == 0
    assert amazon.members() == names(*range(11))
    empty = amazon.refused_mirror()
    words = "MIRROR removed nobody: the input held no usable record"
    assert words in str(empty.error)
    assert amazon.members() == names(*range(11))
    amazon.mirror(*people(*range(2, 11)), **few)
    assert amazon.members() == names(*range(2, 11))


def test_empty_input_for_an_audience_without_members_is_fine(target: Runner) -> None:
    target.mirror()
    assert not target.client.audiences()


def test_what_holds_removals_back() -> None:
    fine = Counts(known=10, wanted=8, new=0, changed=0, again=0, gone=2)
    assert held_back(fine, 20) is None
    assert held_back(Counts(10, 8, 0, 0, 0, 3), 20) is not None
    assert held_back(Counts(10, 0, 0, 0, 0, 0), 0) is None


def test_lines_that_cannot_be_read_hold_removals_back(target: Runner) -> None:
    target.mirror(*people(1, 2))
    ran = target.refused_mirror(person(1), '{"type": "RECORD", "rec\n')
    assert "1 line of the input could not be read" in str(ran.error)
    assert "1 lines of the input could not be read" in ran.report["failures"][0]
    assert target.members() == names(1, 2)


def test_records_that_nobody_can_read_hold_removals_back(target: Runner) -> None:
    target.mirror(*people(1, 2))
    maps = {"customers": {"externaluserid": "externaluserid", "email": "email.lower()"}}
    rows = people(1, 2)
    rows[1]["record"]["email"] = None
    ran = target.refused_mirror(*rows, stream_maps=maps)
    assert "1 records could not be read" in str(ran.error)
    assert target.members() == names(1, 2)


def test_a_rejected_record_keeps_its_member_a_denied_one_does_not(
    amazon: Runner,
) -> None:
    amazon.mirror(*people(1, 2, 3, 4))
    rows = [person(1), person(2), person(3, **DENIED), person(4, countrycode="Land")]
    rows[1]["record"]["email"] = "broken"
    ran = amazon.mirror(*rows)
    assert amazon.members() == names(1, 2, 4)
    assert ran.report["skipped_by_reason"] == {
        "consent denied": 1,
        "country code unknown": 1,
        "no usable personal data": 1,
    }


def test_records_without_a_usable_id_are_noted(target: Runner) -> None:
    target.mirror(*people(1, 2))
    ran = target.mirror(*people(1), person("a b"))
    assert ran.noted("1 rejected records have no usable")
    assert target.members() == names(1)


def test_the_last_word_on_consent_counts(target: Runner) -> None:
    target.mirror(*people(1, 2))
    rows = [*people(1, 2, *range(10, 25)), *people(1, 2, **DENIED), person(2)]
    target.mirror(*rows, batch_size_rows=5)
    assert target.members() == names(2, *range(10, 25))


def test_state_passes_only_when_the_mirror_is_complete(target: Runner) -> None:
    rows = [person(1), state(1), person(2), state(2), schema("x"), {"type": "BATCH"}]
    ran = target.refused_mirror(*rows)
    assert "the input did not come to its end" in str(ran.summary)
    assert ran.states == []
    assert not target.client.audiences()


def test_a_dry_run_reports_what_would_be_done(target: Runner) -> None:
    target.mirror(*people(1, 2, 3))
    before = len(target.emulator.exchanges)
    ran = target.mirror(person(1), person(2, city="x"), person(4), dry_run=True)
    assert len(target.emulator.exchanges) == before
    counts = ran.report["mirror"]
    assert (counts["new"], counts["changed"], counts["removed"]) == (1, 1, 1)
    assert len(known(target)) == 3


# Jobs that fail, and jobs that do not end


def test_members_amazon_finds_invalid_are_sent_again(target: Runner) -> None:
    words = "no match for user-2"
    target.fault("invalid_record", external_user_ids=["user-2"], reason=words, times=1)
    ran = target.mirror(*people(1, 2))
    assert target.members() == names(1)
    assert known(target) == {"user-1": (1, 0), "user-2": (0, 0)}
    assert ran.report["invalid_by_reason"] == {"no match for ***": 1}
    again = target.mirror(*people(1, 2))
    assert again.report["mirror"]["sent_again"] == 1
    assert target.members() == names(1, 2)


def test_a_removal_that_fails_twice_is_made_by_the_next_mirror(target: Runner) -> None:
    target.mirror(*people(*range(10), 50))
    target.fault("job_failed", times=2)
    ran = target.refused_mirror(*people(*range(10)))
    assert "their DELETE was not carried out" in str(ran.error)
    assert known(target)["user-50"] == (2, 0)
    assert target.members() == names(*range(10), 50)
    target.mirror(*people(*range(10)))
    assert target.members() == names(*range(10))


def test_a_failed_replacement_is_sent_again_within_the_run(target: Runner) -> None:
    target.mirror(person(1))
    target.fault("job_failed", times=1)
    target.mirror(CHANGED)
    assert target.pii("user-1") == CHANGED_PII


def test_a_row_amazon_refuses_is_tried_again_and_forgotten_when_it_goes(
    target: Runner,
) -> None:
    target.fault("refuse_record", external_user_ids=["user-1"], reason="no")
    target.refused_mirror(*people(1, 2))
    assert known(target) == {"user-1": (0, 0), "user-2": (1, 0)}
    ran = target.refused_mirror(*people(1, 2))
    assert ran.report["mirror"]["sent_again"] == 1
    target.refused_mirror(person(2))
    assert set(known(target)) == {"user-2"}


def test_a_member_being_created_is_not_forgotten_when_its_removal_is_refused(
    target: Runner,
) -> None:
    target.mirror(person(1))
    never_ready(target)
    target.good([person(4)])
    target.fault("refuse_record", external_user_ids=["user-4"], reason="no")
    target.run([person(4)], upload_mode="DELETE")
    target.client.clear_faults()
    target.mirror(person(1))
    assert target.members() == names(1)


def test_a_member_deleted_and_appended_at_once_is_known_to_be_half_there(
    target: Runner,
) -> None:
    target.mirror(*people(1, 2))
    never_ready(target)
    target.good([person(1)], upload_mode="DELETE")
    target.good([CHANGED])
    target.client.clear_faults()
    target.mirror(person(1), CHANGED, person(2))
    assert hash_sets(target) == {"user-1": 2, "user-2": 1}


def test_a_removal_under_way_is_not_asked_for_twice(target: Runner) -> None:
    target.mirror(*people(1, 2))
    never_ready(target)
    target.mirror(person(2), max_wait_time=1)
    before = len(target.emulator.sent())
    again = target.mirror(person(2), max_wait_time=1)
    assert len(target.emulator.sent()) == before
    assert again.report["mirror"]["missing"] == 0
    target.client.clear_faults()
    target.mirror(person(2))
    assert target.members() == names(2)


def test_an_older_batch_that_failed_is_compared_anew_and_not_repeated(
    target: Runner,
) -> None:
    target.fault("job_failed", times=1)
    target.fault("status", "job", code=413, times=2)
    target.mirror(*people(1, 2))
    target.mirror(person(1))
    target.mirror(person(1))
    assert target.members() == names(1)


# What vouches for the end of the input

MARKS = {"progress_markers": {"replication_key_value": "3"}}
NOT_VOUCHED: dict[str, tuple[object, ...]] = {
    "no STATE at all": (),
    "a STATE and more records": (state(1), person(1)),
    "the SCHEMA of a stream that never comes": (state(1), schema("leads")),
    "in the middle of a stream (singer-python)": (
        {"type": "STATE", "value": {"currently_syncing": "customers"}},
    ),
    "in the middle of a stream (SDK)": (state({"customers": MARKS}),),
    "in the middle of a partition (SDK)": (
        state({"customers": {"partitions": [{"context": {}, **MARKS}]}}),
    ),
}


@pytest.mark.parametrize("end", NOT_VOUCHED.values(), ids=NOT_VOUCHED)
def test_nobody_goes_unless_the_end_of_the_input_is_vouched_for(
    target: Runner, end: tuple[object, ...]
) -> None:
    target.mirror(*people(1, 2, 3))
    ran = target.run([person(1), person(4), *end], **MIRROR)
    assert "MIRROR removed nobody: the" in str(ran.error)
    assert ran.report["mirror"]["removed"] == 0
    assert ran.states == []
    assert target.members() == names(1, 2, 3, 4)
    target.mirror(*people(1, 4))
    assert target.members() == names(1, 4)


@pytest.mark.parametrize("end", NOT_VOUCHED.values(), ids=NOT_VOUCHED)
def test_nobody_to_remove_is_no_fault_but_state_waits(
    target: Runner, end: tuple[object, ...]
) -> None:
    ran = target.good([*people(1, 2), *end], **MIRROR)
    assert ran.states == []
    assert ran.noted("MIRROR passes no STATE on: the")
    assert target.members() == names(1, 2)


@pytest.mark.parametrize(
    "end",
    [
        (state(1),),
        (state({"leads": MARKS}),),  # of a stream that is not in this run
        (state(1), {"type": "ACTIVATE_VERSION", "stream": STREAM, "version": 1}),
        ({"type": "STATE", "value": {"currently_syncing": None, "bookmarks": {}}},),
        ({"type": "STATE", "value": {}},),
        (state(1), "\n", "  \n"),
    ],
)
def test_a_last_state_vouches_for_the_end(target: Runner, end: Any) -> None:
    target.mirror(*people(1, 2))
    target.good([person(1), *end], **MIRROR)
    assert target.members() == names(1)


def test_nobody_goes_while_a_stream_of_the_last_mirror_is_missing(
    target: Runner,
) -> None:
    leads = [{**person(number), "stream": "leads"} for number in (3, 4)]
    target.mirror(*people(1, 2), schema("leads"), *leads)
    ran = target.refused_mirror(person(1), state(1))
    assert "stream leads, which the last mirror was made of, did not" in str(ran.error)
    assert ran.states == []
    assert target.members() == names(1, 2, 3, 4)
    target.mirror(person(1), schema("leads"), *leads)
    assert target.members() == names(1, 3, 4)
    target.mirror(person(1), stream_maps={"leads": None})
    assert target.members() == names(1)
    target.mirror(*people(1, 2))
