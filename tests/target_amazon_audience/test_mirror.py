"""MIRROR: the audience becomes what the run sent, whatever happens on the way."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from support.audience_amazon import FIRST_ID, RECORDS, Fault
from support.audience_runs import Bench, Ran, person, schema, state
from target_amazon_audience.mirror.diff import Counts
from target_amazon_audience.mirror.sync import age_limits, held_back

MIRROR: dict[str, Any] = {
    "upload_mode": "MIRROR",
    "wait_until_finish": True,
    "max_wait_time": 600,
    "mirror_max_delete_percent": 100,
}
DAY = 86400.0


def mirror(bench: Bench, *messages: object, **changes: object) -> Ran:
    return bench.run([*messages, state(1)], **{**MIRROR, **changes})


def good(ran: Ran) -> Ran:
    assert ran.error is None, ran.error
    return ran


def mails(bench: Bench) -> dict[str, int]:
    """Members with the number of hash sets Amazon holds of each."""
    return {name: len(held) for name, held in bench.amazon.who().items()}


def known(bench: Bench) -> dict[str, tuple[int, int]]:
    connection = sqlite3.connect(bench.database)
    rows = connection.execute("select external_id, confirmed, removing from members")
    found = {row[0]: (row[1], row[2]) for row in rows}
    connection.close()
    return found


def test_the_audience_becomes_what_was_sent(bench: Bench) -> None:
    first = good(mirror(bench, person(1), person(2), person(3)))
    assert any("first mirror" in note for note in first.report["notes"])
    assert first.report["mirror"]["new"] == 3
    second = good(mirror(bench, person(2), person(3), person(4)))
    assert set(bench.amazon.who()) == {"user-2", "user-3", "user-4"}
    counts = second.report["mirror"]
    assert (counts["new"], counts["removed"], counts["known"]) == (1, 1, 3)
    assert not any("first mirror" in note for note in second.report["notes"])
    assert set(known(bench)) == {"user-2", "user-3", "user-4"}


def test_what_has_not_changed_is_not_sent(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2)))
    before = len(bench.amazon.sent())
    ran = good(mirror(bench, person(1), person(2)))
    assert len(bench.amazon.sent()) == before
    assert ran.report["sent"] == 0
    assert ran.states == [1]


def test_removals_carry_the_hashes_the_members_were_made_with(bench: Bench) -> None:
    good(mirror(bench, person(1, phone="2065550100"), person(2)))
    good(mirror(bench, person(2)))
    deleted = bench.amazon.sent()[-1]
    assert deleted["action"] == "DELETE"
    assert set(deleted["hashedPII"][0]) == {"email", "phone"}
    assert set(bench.amazon.who()) == {"user-2"}


def test_a_changed_member_loses_the_old_hashes_first(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2)))
    bench.amazon.looks = 2
    ran = good(mirror(bench, person(1, phone="2065550100"), person(2)))
    assert ran.report["mirror"]["changed"] == 1
    actions = [row["action"] for row in bench.amazon.sent()[2:]]
    assert actions == ["DELETE", "CREATE"]
    assert mails(bench) == {"user-1": 1, "user-2": 1}
    [held] = bench.amazon.who()["user-1"]
    assert set(json.loads(held)) == {"email", "phone"}


def test_changed_members_are_waited_for_even_without_waiting(bench: Bench) -> None:
    plain = {"wait_until_finish": False, "max_wait_time": None}
    good(mirror(bench, person(1), **plain))
    good(mirror(bench, person(1, city="x"), **plain))
    assert mails(bench) == {"user-1": 1}


def test_a_change_that_amazon_is_too_slow_for_is_completed_next_time(
    bench: Bench,
) -> None:
    good(mirror(bench, person(1)))
    bench.amazon.looks = 10**6
    slow = good(mirror(bench, person(1, city="x"), max_wait_time=2))
    assert slow.report["result"] == "pending"
    assert any("the next run completes them" in note for note in slow.report["notes"])
    bench.amazon.settle()
    good(mirror(bench, person(1, city="x")))
    assert mails(bench) == {"user-1": 1}
    [held] = bench.amazon.who()["user-1"]
    assert set(json.loads(held)) == {"email", "city"}


def test_records_of_one_person_far_apart_are_one_member(bench: Bench) -> None:
    rows = [person(1), *[person(n) for n in range(10, 40)], person(1, city="x")]
    good(mirror(bench, *rows, batch_size_rows=10))
    assert mails(bench)["user-1"] == 2
    before = len(bench.amazon.sent())
    good(mirror(bench, *reversed(rows), batch_size_rows=10))
    assert len(bench.amazon.sent()) == before
    last = good(mirror(bench, *rows, batch_size_rows=10, duplicate_users="last"))
    assert last.report["mirror"]["changed"] == 1
    assert mails(bench)["user-1"] == 1


def test_empty_input_removes_nobody(bench: Bench) -> None:
    good(mirror(bench, person(1)))
    ran = mirror(bench)
    assert "MIRROR removed nobody: the input held no usable record" in str(ran.error)
    assert set(bench.amazon.who()) == {"user-1"}


def test_empty_input_for_an_audience_without_members_is_fine(bench: Bench) -> None:
    good(mirror(bench))
    assert not bench.amazon.audiences


def test_too_many_removals_remove_nobody_but_the_rest_is_sent(bench: Bench) -> None:
    good(mirror(bench, *[person(n) for n in range(10)]))
    rest = [person(n) for n in range(3, 11)]
    ran = mirror(bench, *rest, mirror_max_delete_percent=20)
    assert "3 of 10 members are missing" in str(ran.error)
    assert ran.report["mirror"]["removed"] == 0
    assert len(bench.amazon.who()) == 11
    good(mirror(bench, *rest, mirror_max_delete_percent=50))
    assert len(bench.amazon.who()) == 8


def test_lines_that_cannot_be_read_hold_removals_back(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2)))
    ran = mirror(bench, person(1), '{"type": "RECORD", "rec\n')
    assert "1 lines of the input could not be read" in str(ran.error)
    assert set(bench.amazon.who()) == {"user-1", "user-2"}


def test_a_rejected_record_keeps_its_member_and_a_denied_one_does_not(
    bench: Bench,
) -> None:
    good(mirror(bench, person(1), person(2), person(3)))
    rows = [person(1), person(2), person(3, amznuserdata="DENIED")]
    rows[1]["record"]["email"] = "broken"
    ran = good(mirror(bench, *rows))
    assert set(bench.amazon.who()) == {"user-1", "user-2"}
    assert ran.report["skipped_by_reason"] == {
        "consent denied": 1,
        "no usable personal data": 1,
    }


def test_records_that_nobody_can_read_hold_removals_back(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2)))
    maps = {"customers": {"externaluserid": "externaluserid", "email": "email.lower()"}}
    rows = [person(1), person(2)]
    rows[1]["record"]["email"] = None
    ran = mirror(bench, *rows, stream_maps=maps)
    assert "1 records could not be read" in str(ran.error)
    assert set(bench.amazon.who()) == {"user-1", "user-2"}


def test_records_without_a_usable_id_are_told(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2)))
    ran = good(mirror(bench, person(1), person("a b")))
    assert any("1 rejected records have no usable" in n for n in ran.report["notes"])
    assert set(bench.amazon.who()) == {"user-1"}


def test_the_last_word_on_consent_counts(bench: Bench) -> None:
    denied = {"amznuserdata": "DENIED"}
    good(mirror(bench, person(1), person(2)))
    rows = [person(1), person(2), *[person(n) for n in range(10, 25)]]
    rows += [person(1, **denied), person(2, **denied), person(2)]
    good(mirror(bench, *rows, batch_size_rows=5))
    assert "user-1" not in bench.amazon.who()
    assert "user-2" in bench.amazon.who()


def test_members_are_sent_again_before_half_their_time_has_passed(
    bench: Bench,
) -> None:
    ttl = {"time_to_live": int(10 * DAY)}
    good(mirror(bench, person(1), **ttl))
    sent = []
    for _ in range(5):
        bench.clock.sleep(DAY)
        ran = good(mirror(bench, person(1), **ttl))
        sent.append(ran.report["mirror"]["sent_again"])
    # the run of day 5 would be too late: the next one is as far away as the last
    assert sent == [0, 0, 0, 1, 0]


def test_when_a_member_was_sent_too_long_ago() -> None:
    assert age_limits(100 * DAY, int(10 * DAY), None).resend_before == 95 * DAY
    assert age_limits(100 * DAY, int(10 * DAY), 99 * DAY).resend_before == 96 * DAY


def test_what_holds_removals_back() -> None:
    fine = Counts(known=10, wanted=8, new=0, changed=0, again=0, gone=2)
    assert held_back(fine, 20) is None
    assert held_back(Counts(10, 8, 0, 0, 0, 3), 20) is not None
    assert held_back(Counts(10, 0, 0, 0, 0, 0), 0) is None


def test_a_lost_database_only_creates(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2)))
    bench.database.unlink()
    ran = good(mirror(bench, person(2), action="UPDATE", audience_id=str(FIRST_ID)))
    assert set(bench.amazon.who()) == {"user-1", "user-2"}
    assert any("first mirror" in note for note in ran.report["notes"])


def test_a_delete_run_is_known_to_the_next_mirror(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2)))
    good(bench.run([person(1)], upload_mode="DELETE"))
    bench.amazon.settle()
    good(mirror(bench, person(1), person(2)))
    assert set(bench.amazon.who()) == {"user-1", "user-2"}


def test_invalid_and_failed_members_are_sent_again_next_time(bench: Bench) -> None:
    bench.amazon.invalid = {"user-1": "no"}
    good(mirror(bench, person(1), person(2)))
    assert known(bench) == {"user-1": (0, 0), "user-2": (1, 0)}
    bench.amazon.invalid = {}
    ran = good(mirror(bench, person(1), person(2)))
    assert ran.report["mirror"]["sent_again"] == 1
    assert set(bench.amazon.who()) == {"user-1", "user-2"}


def test_a_failed_removal_is_sent_again_and_then_next_time(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2)))
    bench.amazon.states = ["FAILED", "FAILED"]
    ran = mirror(bench, person(2))
    assert "their DELETE was not carried out" in str(ran.error)
    assert known(bench)["user-1"] == (2, 0)
    good(mirror(bench, person(2)))
    assert set(bench.amazon.who()) == {"user-2"}


def test_a_failed_replacement_is_sent_again_within_the_run(bench: Bench) -> None:
    good(mirror(bench, person(1)))
    bench.amazon.states = ["FAILED"]
    good(mirror(bench, person(1, city="x")))
    [held] = bench.amazon.who()["user-1"]
    assert set(json.loads(held)) == {"email", "city"}


def test_a_row_amazon_refuses_is_tried_again_and_forgotten_when_it_goes(
    bench: Bench,
) -> None:
    bench.amazon.bad_ids = {"user-1": "no"}
    mirror(bench, person(1), person(2))
    assert known(bench) == {"user-1": (0, 0), "user-2": (1, 0)}
    ran = mirror(bench, person(1), person(2))
    assert ran.report["mirror"]["sent_again"] == 1
    mirror(bench, person(2))
    assert set(known(bench)) == {"user-2"}


def test_a_member_being_created_is_not_forgotten_when_its_removal_is_refused(
    bench: Bench,
) -> None:
    good(mirror(bench, person(1)))
    bench.amazon.looks = 10**6
    good(bench.run([person(4)]))
    bench.amazon.bad_ids = {"user-4": "no"}
    bench.run([person(4)], upload_mode="DELETE")
    bench.amazon.bad_ids = {}
    bench.amazon.settle()
    good(mirror(bench, person(1)))
    assert set(bench.amazon.who()) == {"user-1"}


def test_a_member_deleted_and_appended_at_once_is_known_to_be_half_there(
    bench: Bench,
) -> None:
    good(mirror(bench, person(1), person(2)))
    bench.amazon.looks = 10**6
    good(bench.run([person(1)], upload_mode="DELETE"))
    good(bench.run([person(1, city="x")]))
    bench.amazon.settle()
    good(mirror(bench, person(1), person(1, city="x"), person(2)))
    assert mails(bench) == {"user-1": 2, "user-2": 1}


def test_a_removal_under_way_is_not_asked_for_twice(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2)))
    bench.amazon.looks = 10**6
    good(mirror(bench, person(2), max_wait_time=1))
    before = len(bench.amazon.sent())
    good(mirror(bench, person(2), max_wait_time=1))
    assert len(bench.amazon.sent()) == before
    bench.amazon.settle()
    good(mirror(bench, person(2)))
    assert set(bench.amazon.who()) == {"user-2"}


def test_an_older_batch_that_failed_is_compared_anew_and_not_repeated(
    bench: Bench,
) -> None:
    bench.amazon.states = ["FAILED"]
    bench.amazon.faults = [Fault("GET", f"{RECORDS}/", 413, times=2)]
    good(mirror(bench, person(1), person(2)))
    good(mirror(bench, person(1)))
    good(mirror(bench, person(1)))
    assert set(bench.amazon.who()) == {"user-1"}


def test_state_passes_only_when_the_mirror_is_complete(bench: Bench) -> None:
    ran = bench.run(
        [person(1), state(1), person(2), state(2), schema("x"), {"type": "BATCH"}],
        **MIRROR,
    )
    assert ran.error is not None
    assert "the input did not come to its end" in str(ran.summary)
    assert ran.states == []
    assert not bench.amazon.audiences


def test_a_dry_run_tells_what_would_be_done(bench: Bench) -> None:
    good(mirror(bench, person(1), person(2), person(3)))
    before = len(bench.amazon.exchanges)
    rows = [person(1), person(2, city="x"), person(4)]
    ran = good(mirror(bench, *rows, dry_run=True))
    assert len(bench.amazon.exchanges) == before
    counts = ran.report["mirror"]
    assert (counts["new"], counts["changed"], counts["removed"]) == (1, 1, 1)
    assert len(known(bench)) == 3
