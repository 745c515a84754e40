"""APPEND, DELETE and MIRROR, against the emulator over HTTP.

Each test ends with the emulator's member set: it is what the input wanted.
"""

from __future__ import annotations

import pytest

from support.audience_rooms import WAITING, Room, hashed, names
from support.audience_runs import person, state

DAY = 86400
DENIED = {"amznuserdata": "DENIED"}


@pytest.fixture(params=["pii", "user_id"])
def amazon(request: pytest.FixtureRequest, room: Room) -> Room:
    """Both things that a DELETE may mean to Amazon."""
    room.client.change(delete_by=request.param)
    return room


def people(*numbers: int, **values: object) -> list[dict[str, object]]:
    return [person(n, **values) for n in numbers]


def test_append_and_delete(amazon: Room) -> None:
    amazon.good(people(*range(10)), batch_size_rows=4)
    amazon.good(people(3, 4, 99), upload_mode="DELETE")
    assert amazon.who() == names(0, 1, 2, 5, 6, 7, 8, 9)
    [job] = [job for job in amazon.jobs() if job.removed]
    assert (job.removed, job.without_effect) == (2, 1)
    assert amazon.pii("user-0") == [hashed(email="person0@example.com")]


def test_delete_after_a_mirror_takes_all_that_is_held(amazon: Room) -> None:
    amazon.mirror([person(1, city="x"), person(2)])
    # the record knows less of the person than the mirror had sent
    amazon.good([person(1)], upload_mode="DELETE")
    assert amazon.who() == names(2)
    amazon.mirror([person(2), person(3)])
    assert amazon.who() == names(2, 3)


def test_a_mirror_makes_the_audience_what_was_sent(amazon: Room) -> None:
    amazon.mirror(people(1, 2, 3))
    ran = amazon.mirror([person(2), person(3, city="x"), person(4), state(1)])
    assert amazon.who() == names(2, 3, 4)
    counts = ran.report["mirror"]
    assert (counts["new"], counts["changed"], counts["removed"]) == (1, 1, 1)
    assert amazon.pii("user-3") == [hashed(email="person3@example.com", city="x")]
    assert ran.states == [1]
    uploads = len(amazon.jobs())
    amazon.mirror([person(2), person(3, city="x"), person(4)])
    assert len(amazon.jobs()) == uploads


def test_what_was_appended_to_a_mirrored_audience_is_removed_by_it(
    amazon: Room,
) -> None:
    amazon.mirror(people(1, 2))
    amazon.good([person(2, city="x"), person(3)])
    assert amazon.who() == names(1, 2, 3)
    amazon.mirror(people(1, 2))
    assert amazon.who() == names(1, 2)
    assert amazon.pii("user-2") == [hashed(email="person2@example.com")]


def test_the_first_mirror_removes_nobody_and_says_so(amazon: Room) -> None:
    amazon.good(people(1, 2))
    ran = amazon.mirror(people(2, 3))
    assert amazon.who() == names(1, 2, 3)
    assert any("first mirror" in note for note in ran.report["notes"])
    amazon.database.unlink()
    again = amazon.mirror(people(3))
    assert again.error is None
    assert amazon.who() == names(1, 2, 3)


def test_too_many_removals_and_empty_input_remove_nobody(amazon: Room) -> None:
    amazon.mirror(people(*range(10)))
    ran = amazon.mirror(people(*range(3, 11)), mirror_max_delete_percent=20)
    assert "3 of 10 members are missing" in str(ran.error)
    assert amazon.who() == names(*range(11))
    empty = amazon.mirror([])
    assert "removed nobody" in str(empty.error)
    assert amazon.who() == names(*range(11))
    amazon.mirror(people(*range(2, 11)), mirror_max_delete_percent=20)
    assert amazon.who() == names(*range(2, 11))


def test_slow_jobs_old_hashes_go_before_new_ones_come(amazon: Room) -> None:
    amazon.mirror(people(1, 2))
    amazon.client.change(job_ready_after_seconds=2700)
    ran = amazon.mirror([person(1, city="x"), person(2)])
    assert ran.report["result"] == "done"
    assert amazon.pii("user-1") == [hashed(email="person1@example.com", city="x")]
    delete, create = amazon.jobs()[-2:]
    assert delete.settled_at
    assert delete.settled_at <= create.created_at


def test_a_change_amazon_is_too_slow_for_is_completed_by_the_next_run(
    amazon: Room,
) -> None:
    amazon.mirror(people(1, 2))
    amazon.client.change(job_ready_after_seconds=[7200, 7200])
    changed = [person(1, city="x"), person(2)]
    slow = amazon.mirror(changed, max_wait_time=10)
    assert slow.error is None
    assert slow.report["result"] == "pending"
    assert any("the next run completes" in note for note in slow.report["notes"])
    amazon.client.advance(DAY)
    amazon.client.change(job_ready_after_seconds=0)
    assert amazon.mirror(changed).report["result"] == "done"
    assert amazon.who() == names(1, 2)
    assert amazon.pii("user-1") == [hashed(email="person1@example.com", city="x")]


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_member_just_created_is_deleted_only_after_that(
    amazon: Room, *, is_changed: bool
) -> None:
    """Two jobs under way at once might be carried out in any order."""
    amazon.client.change(job_ready_after_seconds=3600)
    amazon.mirror(people(1, 2), wait_until_finish=False, max_wait_time=None)
    changed = [person(1, city="x")] if is_changed else []
    amazon.mirror([*changed, person(2)])
    create, delete = amazon.jobs()[:2]
    assert create.settled_at
    assert create.settled_at <= delete.created_at
    amazon.client.advance(DAY)
    assert amazon.who() == (names(1, 2) if is_changed else names(2))
    if is_changed:
        assert amazon.pii("user-1") == [hashed(email="person1@example.com", city="x")]


def test_members_never_expire_while_the_mirror_runs_daily(room: Room) -> None:
    ttl = {"time_to_live": 10 * DAY}
    sent = []
    for _ in range(14):
        ran = room.mirror(people(1, 2), **ttl)
        sent.append(ran.report["mirror"]["sent_again"])
        room.client.advance(DAY)
        assert room.who() == names(1, 2)
    assert sent == [0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0]


def test_a_rejected_record_keeps_its_member_a_denied_one_does_not(
    amazon: Room,
) -> None:
    amazon.mirror(people(1, 2, 3, 4))
    rows = [person(1), person(2), person(3, **DENIED), person(4, countrycode="Land")]
    rows[1]["record"]["email"] = "broken"
    ran = amazon.mirror(rows)
    assert ran.error is None
    assert amazon.who() == names(1, 2, 4)
    assert ran.report["skipped_by_reason"] == {
        "consent denied": 1,
        "country code unknown": 1,
        "no usable personal data": 1,
    }


def test_denied_consent_is_never_sent_and_deleting_needs_none(amazon: Room) -> None:
    german = {"country_code": "DE", "consent": {"amznuserdata": "GRANTED"}}
    ran = amazon.good([*people(1, 2), person(3, **DENIED)], **german)
    assert amazon.who() == names(1, 2)
    assert ran.report["skipped_by_reason"] == {"consent denied": 1}
    amazon.good([person(1), person(2, **DENIED)], upload_mode="DELETE", **german)
    assert amazon.who() == set()


def test_records_of_one_person_are_one_member(room: Room) -> None:
    rows = [person(1), *people(*range(10, 20)), person(1, city="x")]
    room.good(rows, batch_size_rows=4, **WAITING)
    both = [
        hashed(email="person1@example.com"),
        hashed(email="person1@example.com", city="x"),
    ]
    assert sorted(map(str, room.pii("user-1"))) == sorted(map(str, both))
    assert all(job.repeated == 0 for job in room.jobs())
    ran = room.good([person(1), person(1, city="y")], duplicate_users="last")
    assert (ran.report["merged"], ran.report["sent"]) == (1, 1)


def test_members_amazon_finds_invalid_are_sent_again(room: Room) -> None:
    room.client.add_fault(
        "invalid_record",
        operation="records",
        external_user_ids=["user-2"],
        reason="no match for user-2",
        times=1,
    )
    ran = room.mirror(people(1, 2))
    assert room.who() == names(1)
    assert ran.report["invalid_by_reason"] == {"no match for ***": 1}
    again = room.mirror(people(1, 2))
    assert again.report["mirror"]["sent_again"] == 1
    assert room.who() == names(1, 2)
