"""Uploads: batches cut, split, merged, and rows that Amazon does not want."""

from __future__ import annotations

import json

import pytest

from support.audience.emulator import RECORDS
from support.audience.runner import Runner, names, people, person, state
from target_amazon_audience.delivery import uploader


def test_batches_are_cut_by_rows(target: Runner) -> None:
    ran = target.good(people(*range(25)), batch_size_rows=10)
    sizes = [len(body["records"]) for body in target.emulator.uploads()]
    assert sizes == [10, 10, 5]
    assert ran.report["batches"] == 3
    assert ran.report["sent"] == 25


def test_batches_are_cut_by_bytes(target: Runner) -> None:
    target.good(people(*range(100)), batch_size_bytes=2000)
    largest = max(len(call.body) for call in target.emulator.calls("POST", RECORDS))
    assert largest < 2200  # the envelope comes on top
    assert target.members() == names(*range(100))


def test_a_batch_too_large_for_amazon_is_split_and_the_next_are_smaller(
    target: Runner,
) -> None:
    target.client.change(max_request_bytes=3000)
    target.good(people(*range(200)), batch_size_rows=100)
    statuses = [call.status for call in target.emulator.calls("POST", RECORDS)]
    assert 413 in statuses
    assert statuses[-1] == 202
    # what was learnt from the first holds for those read after it
    assert statuses.count(413) < 20
    assert target.members() == names(*range(200))


def test_one_row_too_large_costs_one_row(target: Runner) -> None:
    target.client.change(max_request_bytes=600)
    huge = person("huge", amznuserdata="GRANTED", tcf="C" * 900)
    ran = target.run([person(1), huge, person(2), state(1)])
    assert target.members() == names(1, 2)
    assert ran.report["skipped_by_reason"] == {"refused by Amazon": 1}
    assert len(target.rejects()) == 1


def test_bad_rows_cost_at_most_200_more_calls(target: Runner) -> None:
    for end in range(1, 10, 2):
        bad = [f"user-{n}" for n in range(end, 1000, 10)]
        target.fault("refuse_record", external_user_ids=bad, reason=f"words {end}")
    ran = target.run(people(*range(1000)))
    assert target.count("records") <= 1 + uploader.MAX_EXTRA_CALLS + 1
    report = ran.report
    assert report["sent"] + report["skipped"] == 1000
    assert report["sent"] > 0


def test_when_every_row_fails_alike_the_run_stops(target: Runner) -> None:
    for end in range(10):
        bad = [f"user-{n}" for n in range(end, 999, 10)]
        reason = f"Audience 'x{end}' is closed"
        target.fault("refuse_record", external_user_ids=bad, reason=reason)
    ran = target.run([*people(*range(999)), state(1)])
    assert "Amazon refuses every record alike (Audience ... is closed)" in str(
        ran.error
    )
    assert target.count("records") < 40
    assert ran.states == []
    target.client.clear_faults()
    target.client.clear_statistics()
    target.fault("refuse_record", reason="no 17")
    ran = target.run(people(*range(100)))
    assert "Amazon refuses every record alike" in str(ran.error)
    assert target.count("records") < 30
    assert target.members() == set()


def test_one_person_twice_is_one_row(target: Runner) -> None:
    twice = [person(1), person(2), person(1, phone="2065550100")]
    ran = target.good(twice)
    found = {row["externalUserId"]: row["hashedPII"] for row in target.emulator.sent()}
    assert [len(found["user-1"]), len(found["user-2"])] == [2, 1]
    assert ran.report["merged"] == 1
    target.good(twice, duplicate_users="last")
    records = target.emulator.uploads()[-1]["records"]
    found = {row["externalUserId"]: row["hashedPII"] for row in records}
    assert [len(found["user-1"]), set(found["user-1"][0])] == [1, {"email", "phone"}]


def test_a_person_denied_later_is_not_sent(target: Runner) -> None:
    denied = person(1, amznuserdata="DENIED")
    ran = target.good([person(1), person(2), denied, state(1)])
    assert target.members() == names(2)
    assert ran.report["skipped_by_reason"] == {"consent denied": 1}
    assert ran.states == [1]
    assert target.good([person(1), denied, state(2)]).states == [2]


@pytest.mark.parametrize(
    ("most", "fails"), [(50, False), (49, True), (0, True), (100, False)]
)
def test_too_many_rejected_records(target: Runner, most: int, fails: bool) -> None:
    bad = [person("not allowed"), person("neither this"), person("nor this")]
    rows = [person(1), *bad, person(2, amznuserdata="DENIED"), person(3)]
    ran = target.run(rows, max_rejected_percent=most)
    assert ("max_rejected_percent" in str(ran.error)) is fails
    assert target.members() == names(1, 3)


def test_the_hourly_volume_counts_over_runs(
    target: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_amazon_audience.amc.rate_limits.RECORDS_PER_HOUR", 21)
    target.good(people(*range(15)), batch_size_rows=10)
    assert 3500 < target.seconds_of(people(*range(15)), batch_size_rows=10) < 3700


def test_the_hourly_volume_is_kept_when_amazon_counts_less(target: Runner) -> None:
    target.client.change(records_per_hour=6)
    assert 3600 <= target.seconds_of(people(*range(10)), batch_size_rows=3) < 3700
    assert target.members() == names(*range(10))


def test_many_calls_at_once(target: Runner) -> None:
    target.threads = 4
    target.fault("delay", seconds=0.05)
    rows = [*people(*range(40)), state(1)]
    target.good(rows, batch_size_rows=3, max_concurrency=4)
    assert target.members() == names(*range(40))
    assert 2 <= target.client.statistics().peak["records"] <= 4


def test_state_never_passes_a_batch_that_is_not_accepted(target: Runner) -> None:
    target.threads = 2
    target.fault("delay", seconds=0.4, times=1)
    seen: list[tuple[int, set[str]]] = []

    def write(text: bytes) -> None:
        held = {name for _ in target.client.audiences() for name in target.members()}
        seen.append((json.loads(text)["bookmarks"], held))

    target.write = write
    rows = [m for n in range(12) for m in (person(n), state(n))]
    target.run(rows, batch_size_rows=2, max_concurrency=2)
    assert seen[-1][0] == 11
    for number, held in seen:
        assert names(*range(number + 1)) <= held
    assert [number for number, _ in seen] == sorted({number for number, _ in seen})
