"""Uploads when Amazon is slow, strict, full or gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from singer_amazon.errors import TransientError
from support.audience_amazon import METADATA, RECORDS, Fault
from support.audience_runs import Bench, Ran, person, state
from target_amazon_audience.delivery import uploader


def people(count: int) -> list[dict[str, Any]]:
    return [person(n) for n in range(count)]


def good(ran: Ran) -> Ran:
    assert ran.error is None, ran.error
    return ran


def everybody(count: int) -> set[str]:
    return {f"user-{n}" for n in range(count)}


def test_batches_are_cut_by_rows(bench: Bench) -> None:
    ran = good(bench.run(people(25), batch_size_rows=10))
    assert [len(body["records"]) for body in bench.amazon.uploads()] == [10, 10, 5]
    assert ran.report["batches"] == 3
    assert ran.report["sent"] == 25


def test_batches_are_cut_by_bytes(bench: Bench) -> None:
    good(bench.run(people(100), batch_size_bytes=2000))
    assert bench.amazon.largest < 2200  # the envelope comes on top
    assert set(bench.amazon.who()) == everybody(100)


def test_a_batch_too_large_for_amazon_is_split_and_the_next_are_smaller(
    bench: Bench,
) -> None:
    bench.amazon.most_bytes = 3000
    good(bench.run(people(200), batch_size_rows=100))
    statuses = [call.status for call in bench.amazon.calls("POST", RECORDS)]
    assert 413 in statuses
    assert statuses[-1] == 202
    # what was learnt from the first holds for those read after it
    assert statuses.count(413) < 20
    assert set(bench.amazon.who()) == everybody(200)


def test_one_row_too_large_costs_one_row(bench: Bench) -> None:
    bench.amazon.most_bytes = 600
    huge = person("huge", amznuserdata="GRANTED", tcf="C" * 900)
    ran = bench.run([person(1), huge, person(2), state(1)])
    assert set(bench.amazon.who()) == {"user-1", "user-2"}
    assert ran.report["skipped_by_reason"] == {"refused by Amazon": 1}
    assert len(bench.rejects()) == 1


def test_a_bad_row_costs_one_row(bench: Bench) -> None:
    bench.amazon.bad_ids = {"user-37": "user-37 is not welcome"}
    ran = bench.run([*people(100), state(1)])
    assert set(bench.amazon.who()) == everybody(100) - {"user-37"}
    assert "Amazon refused 1 records" in str(ran.error)
    assert ran.states == [1]
    [reject] = bench.rejects()
    assert reject["reason"] == "refused by Amazon: *** is not welcome"
    assert "user-37" not in json.dumps(reject)


def test_bad_rows_cost_at_most_200_more_calls(bench: Bench) -> None:
    bench.amazon.bad_ids = {f"user-{n}": f"words {n}" for n in range(1, 1000, 2)}
    ran = bench.run(people(1000))
    calls = len(bench.amazon.calls("POST", RECORDS))
    assert calls <= 1 + uploader.MAX_EXTRA_CALLS + 1
    report = ran.report
    assert report["sent"] + report["skipped"] == 1000
    assert report["sent"] > 0


def test_when_every_row_fails_alike_the_run_stops(bench: Bench) -> None:
    bench.amazon.bad_ids = {
        f"user-{n}": f"Audience 'x{n}' is closed" for n in range(999)
    }
    ran = bench.run([*people(999), state(1)])
    assert "Amazon refuses every record alike (Audience ... is closed)" in str(
        ran.error
    )
    assert len(bench.amazon.calls("POST", RECORDS)) < 40
    assert ran.states == []


def test_an_expired_token_in_mid_run(bench: Bench) -> None:
    def expire(_body: bytes) -> bool:
        if len(bench.amazon.calls("POST", RECORDS)) == 1:
            bench.amazon.good_tokens = set()
        return False

    bench.amazon.faults = [Fault("POST", RECORDS, 200, when=expire)]
    good(bench.run(people(30), batch_size_rows=10))
    assert bench.amazon.tokens == 2
    assert set(bench.amazon.who()) == everybody(30)


def test_a_token_that_stays_refused(bench: Bench) -> None:
    bench.amazon.faults = [Fault("POST", RECORDS, 401, times=9)]
    ran = bench.run([person(1), state(1)])
    assert "HTTP 401" in str(ran.error)
    assert ran.states == []
    assert len(bench.amazon.calls("POST", RECORDS)) == 2


def test_a_storm_of_429_is_waited_out(bench: Bench) -> None:
    bench.amazon.faults = [
        Fault("POST", RECORDS, 429, times=7),
        Fault("POST", RECORDS, 429, headers={"Retry-After": "120"}, times=2),
        Fault("GET", METADATA, 429, times=2),
        Fault("GET", "/amc/audiences/connections/terms", 429, times=2),
    ]
    before = bench.clock.now()
    ran = good(bench.run([*people(30), state(1)], batch_size_rows=10))
    assert ran.states == [1]
    assert ran.report["throttled"] == 9
    assert set(bench.amazon.who()) == everybody(30)
    assert (bench.clock.now() - before).total_seconds() > 240


def test_500_then_success(bench: Bench) -> None:
    bench.amazon.faults = [Fault("POST", RECORDS, 500, times=2)]
    good(bench.run(people(5)))
    assert set(bench.amazon.who()) == everybody(5)


def test_500_for_good_stops_and_sends_again_next_time(bench: Bench) -> None:
    bench.amazon.faults = [Fault("POST", RECORDS, 503, times=3)]
    ran = bench.run([*people(5), state(1)])
    assert ran.error is not None
    assert "failed 3 times" in str(ran.error)
    assert ran.states == []
    again = good(bench.run([*people(5), state(1)]))
    assert again.states == [1]
    assert set(bench.amazon.who()) == everybody(5)


def test_an_answer_that_is_lost_after_the_request_was_accepted(bench: Bench) -> None:
    bench.amazon.faults = [Fault("POST", RECORDS, 0, is_after=True)]
    ran = good(bench.run([*people(5), state(1)]))
    assert len(bench.amazon.jobs) == 2
    assert ran.report["sent"] == 5
    assert set(bench.amazon.who()) == everybody(5)


def test_a_target_amazon_does_not_support(bench: Bench) -> None:
    bench.amazon.faults = [Fault("POST", RECORDS, 501, times=9)]
    ran = bench.run([person(1)])
    assert "does not support this target" in str(ran.error)
    assert not isinstance(ran.error, TransientError)


def test_no_rights(bench: Bench) -> None:
    bench.amazon.faults = [Fault("POST", RECORDS, 403, times=9)]
    ran = bench.run([person(1), person(2), state(1)], batch_size_rows=1)
    assert "approved for 'Data Provider'" in str(ran.error)
    assert len(bench.amazon.calls("POST", RECORDS)) == 1
    assert ran.states == []


def test_a_refused_refresh_token(bench: Bench) -> None:
    refusal = {"error": "invalid_grant", "error_description": "gone"}
    bench.amazon.faults = [Fault("POST", "/auth/o2/token", 400, body=refusal, times=9)]
    ran = bench.run([person(1)])
    assert "invalid_grant" in str(ran.error)
    assert len(bench.amazon.exchanges) == 1


def test_one_person_twice_is_one_row(bench: Bench) -> None:
    twice = [person(1), person(2), person(1, phone="2065550100")]
    ran = good(bench.run(twice))
    [body] = bench.amazon.uploads()
    found = {row["externalUserId"]: row["hashedPII"] for row in body["records"]}
    assert [len(found["user-1"]), len(found["user-2"])] == [2, 1]
    assert ran.report["merged"] == 1
    good(bench.run(twice, duplicate_users="last"))
    found = {
        row["externalUserId"]: row["hashedPII"]
        for row in bench.amazon.uploads()[-1]["records"]
    }
    assert [len(found["user-1"]), set(found["user-1"][0])] == [1, {"email", "phone"}]


def test_a_person_denied_later_is_not_sent(bench: Bench) -> None:
    ran = good(
        bench.run([person(1), person(2), person(1, amznuserdata="DENIED"), state(1)])
    )
    assert set(bench.amazon.who()) == {"user-2"}
    assert ran.report["skipped_by_reason"] == {"consent denied": 1}
    assert ran.states == [1]
    only = good(bench.run([person(1), person(1, amznuserdata="DENIED"), state(2)]))
    assert only.states == [2]


@pytest.mark.parametrize(
    ("most", "fails"), [(50, False), (49, True), (0, True), (100, False)]
)
def test_too_many_rejected_records(bench: Bench, most: int, fails: bool) -> None:
    rows = [
        person(1),
        person("not allowed"),
        person(2, amznuserdata="DENIED"),
        person(3),
    ]
    rows.append(person("neither this"))
    rows.append(person("nor this"))
    ran = bench.run(rows, max_rejected_percent=most)
    assert ("max_rejected_percent" in str(ran.error)) is fails
    assert set(bench.amazon.who()) == {"user-1", "user-3"}


def test_the_hourly_volume_counts_over_runs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = "target_amazon_audience.amc.rate_limits.VolumeLimiter"
    monkeypatch.setattr(f"{limiter}.__init__.__defaults__", (21,))
    good(bench.run(people(15), batch_size_rows=10))
    before = bench.clock.now()
    good(bench.run(people(15), batch_size_rows=10))
    assert 3500 < (bench.clock.now() - before).total_seconds() < 3700
