"""Batches, their JSON, the pace they go at and the STATE they cover."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.rate_limits import Quota
from singer_amazon.target.state_tracker import StateTracker
from target_amazon_audience.amc import payload, rate_limits
from target_amazon_audience.amc.payload import NO_DESTINATION
from target_amazon_audience.amc.rate_limits import record_quota
from target_amazon_audience.delivery.batches import Batch, Batcher, BatchLimits
from target_amazon_audience.delivery.requests import rows_of
from target_amazon_audience.matching.member import CREATE, DELETE, Member


def person(number: int | str, mail: str = "1", consent: str | None = None) -> Member:
    return Member(f"user-{number}", (f'{{"email":"{mail}"}}',), "US", consent)


def rows(batch: Batch | None) -> list[str]:
    assert batch is not None
    return list(batch.members)


def test_a_batch_is_full_at_its_rows() -> None:
    batcher = Batcher(BatchLimits(rows=2), payload.FORMAT)
    assert batcher.add(person(1), 0) is None
    assert batcher.add(person(2), 0) is None
    assert rows(batcher.add(person(3), 0)) == ["user-1", "user-2"]
    assert rows(batcher.close()) == ["user-3"]
    assert batcher.close() is None


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30))
def test_a_batch_never_has_more_bytes_than_its_limit(sizes: list[int]) -> None:
    batcher = Batcher(BatchLimits(bytes=1000), payload.FORMAT)
    found = [
        full
        for n, size in enumerate(sizes)
        if (full := batcher.add(person(n, "x" * size), 0))
    ]
    last = batcher.close()
    for batch in [*found, *([last] if last else [])]:
        rows = batch.request(CREATE, NO_DESTINATION).rows
        assert len(rows) - 2 <= batch.bytes <= 1000
        assert batch.bytes - (len(rows) - 2) == 1  # the comma behind the last


def test_records_of_one_person_are_merged() -> None:
    batcher = Batcher(BatchLimits(), payload.FORMAT)
    batcher.add(person(1, "a", '{"c":1}'), 0)
    batcher.add(person(2), 0)
    batcher.add(Member("user-1", ('{"email":"b"}', '{"email":"a"}'), "DE"), 0)
    batch = batcher.close()
    assert batch is not None
    assert rows(batch) == ["user-2", "user-1"]
    found = batch.members["user-1"]
    assert found.pii == ('{"email":"a"}', '{"email":"b"}')
    assert (found.country, found.consent) == ("DE", None)
    assert batch.merged == 1
    assert batch.bytes == sum(map(payload.size, batch.members.values()))


def test_merged_records_keep_a_hundred_objects() -> None:
    batcher = Batcher(BatchLimits(), payload.FORMAT)
    for n in range(150):
        batcher.add(person(1, str(n)), 0)
    batch = batcher.close()
    assert batch is not None
    assert len(batch.members["user-1"].pii) == 100


def test_or_the_last_record_wins() -> None:
    batcher = Batcher(BatchLimits(), payload.FORMAT, merges=False)
    batcher.add(person(1, "a"), 0)
    batcher.add(person(1, "b"), 0)
    batch = batcher.close()
    assert batch is not None
    assert batch.members["user-1"].pii == ('{"email":"b"}',)


def test_a_denied_person_leaves_the_open_batch() -> None:
    batcher = Batcher(BatchLimits(), payload.FORMAT)
    batcher.add(person(1), 0)
    assert batcher.drop("user-1")
    assert not batcher.drop("user-1")
    assert batcher.close() is None


def test_the_json_of_a_record() -> None:
    member = Member("u-1", ('{"email":"a"}', '{"email":"b"}'), "GB", '{"x":1}')
    [row] = payload.rows([member], DELETE)
    assert json.loads(row) == {
        "externalUserId": "u-1",
        "action": "DELETE",
        "countryCode": "GB",
        "hashedPII": [{"email": "a"}, {"email": "b"}],
        "userConsent": {"x": 1},
    }
    request = NO_DESTINATION.request([row, row], 2, has_consent=False)
    assert json.loads(request.body)["records"] == json.loads(bytes(request.rows))
    assert rows_of(request.payload()) == [row, row]
    assert payload.ids_of(request.rows) == ["u-1", "u-1"]
    assert list(payload.members_of(request.rows)) == [member, member]
    assert NO_DESTINATION.repeat(bytes(request.payload()), 2) == request


def test_many_rows_are_one_array() -> None:
    rows = list(payload.rows(map(person, range(1000)), CREATE))
    request = NO_DESTINATION.request(rows, 1000, has_consent=False)
    assert rows_of(request.rows) == rows
    assert rows_of(NO_DESTINATION.request([], 0, has_consent=False).rows) == []


def test_ip_addresses_are_not_kept() -> None:
    consent = '{"geo":{"countryCode":"GB","ipAddress":"192.0.2.1"},"consent":{}}'
    [row] = payload.rows([person(1, consent=consent)], CREATE)
    request = NO_DESTINATION.request([row], 1, has_consent=True)
    assert b"192.0.2.1" in request.body
    [kept] = json.loads(bytes(request.payload()))
    assert kept["userConsent"]["geo"] == {"countryCode": "GB"}


people = st.builds(
    Member,
    external_id=st.sampled_from([f"user-{n}" for n in range(12)]),
    pii=st.lists(st.sampled_from(["{}", '{"email":"1"}']), min_size=1, max_size=3).map(
        tuple
    ),
    country=st.just("US"),
    consent=st.sampled_from([None, '{"geo":{}}']),
)


@given(
    blocks=st.lists(st.lists(people, max_size=8), max_size=6),
    merges=st.booleans(),
    rows=st.integers(1, 9),
    size=st.integers(200, 1200),
)
def test_members_taken_together_make_the_batches_they_make_singly(
    blocks: list[list[Member]], rows: int, size: int, *, merges: bool
) -> None:
    limits = BatchLimits(rows, size)
    singly, together = (
        Batcher(limits, payload.FORMAT, merges=merges, max_objects=2) for _ in range(2)
    )
    for number, block in enumerate(blocks):
        one = [
            (n, full)
            for n, member in enumerate(block, 1)
            if (full := singly.add(member, number))
        ]
        assert list(together.add_all(block, number)) == one
        assert payload.sizes(block) == sum(map(payload.size, block))
    assert together.close() == singly.close()


def test_a_batch_knows_that_it_holds_consent() -> None:
    consent = '{"geo":{"countryCode":"GB","ipAddress":"192.0.2.1"},"consent":{}}'
    for people in (
        [person(1, consent=consent), person(2)],
        [person(1), person(1, "2", consent=consent)],  # one joins the other
    ):
        batcher = Batcher(BatchLimits(), payload.FORMAT)
        for somebody in people:
            batcher.add(somebody, 0)
        batch = batcher.close()
        assert batch is not None
        request = batch.request(CREATE, NO_DESTINATION)
        assert b"192.0.2.1" in request.body
        assert b"192.0.2.1" not in bytes(request.payload())


def seconds(at: float) -> datetime:
    return datetime.fromtimestamp(at, timezone.utc)


def wait(quota: Quota, now: float, records: int = 0) -> float:
    return (quota.ready_at(seconds(now), records) - seconds(now)).total_seconds()


@pytest.fixture
def _volume(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "RECORDS_PER_HOUR", 1000)


@pytest.mark.usefixtures("_volume")
def test_the_hourly_volume_stays_below_amazons_limit() -> None:
    quota = record_quota()
    quota.take(seconds(0), 600)
    quota.take(seconds(10), 399)
    assert wait(quota, 20) == 0
    assert wait(quota, 20, 1) == 3580
    assert wait(quota, 20, 900) == 3590
    assert wait(quota, 3600, 600) == 0
    assert wait(quota, 3600, 601) == 10


@pytest.mark.usefixtures("_volume")
def test_rows_of_earlier_runs_count_to_the_volume() -> None:
    assert wait(record_quota([(100.0, 999)]), 200, 1) == 3500


def test_a_refusal_is_waited_out_as_amazon_says_or_longer_each_time() -> None:
    quota = record_quota()
    quota.refused(seconds(0), seconds(0), 7.0, 0.5)
    assert wait(quota, 0) == 7
    assert wait(quota, 7) == 0
    waits = []
    for _ in range(8):
        quota.refused(seconds(100), seconds(100), None, 0.5)
        waits.append(wait(quota, 100))
    assert waits == sorted(waits)
    assert 2 <= waits[0] <= 4
    assert 30 <= waits[-1] <= 60
    quota.succeeded()
    quota.refused(seconds(1000), seconds(1000), None, 0.5)
    assert wait(quota, 1000) <= 2
    assert quota.throttled == 10


@given(st.lists(st.sampled_from(["state", "open", "settle", "echo"]), max_size=60))
def test_no_state_passes_a_batch_that_is_not_settled(steps: list[str]) -> None:
    tracker = StateTracker(lambda _state: None)
    open_numbers, states, echoed = list[int](), 0, 0
    for step in steps:
        if step == "state":
            states += 1
            tracker.take(str(states).encode())
        elif step == "open":
            open_numbers.append(tracker.opened())
        elif step == "settle" and open_numbers:
            tracker.complete(open_numbers.pop(0))
        elif step == "echo" and (due := tracker.due()):
            assert int(due) > echoed
            echoed = int(due)
            tracker.echo()
            assert all(number >= echoed for number in open_numbers)
    for number in open_numbers:
        tracker.complete(number)
    assert (tracker.due() is None) == (echoed == states)
