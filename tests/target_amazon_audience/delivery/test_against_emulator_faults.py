"""Uploads when Amazon is slow, strict or gone.

Whatever happened, the emulator's member set is the wanted one at the end.
"""

from __future__ import annotations

import json

import pytest

from singer_amazon.errors import TransientError
from support.audience.runner import END, WAIT, Runner, names, people, person, state

TEN = people(*range(10))
ALL = names(*range(10))
SMALL = {"batch_size_rows": 3}
MODES = pytest.mark.parametrize("mode", ["APPEND", "MIRROR"])


def start(target: Runner, mode: str) -> dict[str, object]:
    """Let there be members to delete, change and keep; return settings for MIRROR."""
    target.mirror(person(0), person(1, city="old"), person(50), person(51))
    more: dict[str, object] = {"upload_mode": mode}
    if mode == "MIRROR":
        return {**more, **WAIT, "mirror_max_delete_percent": 100}
    target.good(people(50, 51, 1), upload_mode="DELETE")
    return more


@MODES
def test_a_token_that_expires_in_mid_run(target: Runner, mode: str) -> None:
    more = start(target, mode)
    target.fault("unauthorized", times=1, skip=1)
    target.good([*TEN, state(1)], **SMALL, **more)
    assert target.members() == ALL
    assert target.count("token") >= 2


def test_tokens_that_are_all_taken_back_in_mid_run(target: Runner) -> None:
    target.client.change(token_lifetime_seconds=60)
    target.fault("throttle", retry_after=90, times=1)
    target.good([*TEN, state(1)], **SMALL)
    assert target.members() == ALL
    assert target.count("token") == 2


def test_a_token_that_stays_refused(target: Runner) -> None:
    target.fault("unauthorized")
    ran = target.run([person(1), state(1)])
    assert "HTTP 401" in str(ran.error)
    assert ran.states == []
    assert target.count("records") == 2


@MODES
@pytest.mark.parametrize("hint", [None, 7])
def test_a_storm_of_429(target: Runner, mode: str, hint: int | None) -> None:
    more = start(target, mode)
    began = target.clock.now()
    for operation in ("records", "job", "connections", "audience"):
        target.fault("throttle", operation, retry_after=hint, times=4)
    ran = target.good([*TEN, state(1)], **SMALL, **more)
    assert target.members() == ALL
    assert ran.states == [1]
    assert ran.report["throttled"] >= 4
    assert (target.clock.now() - began).total_seconds() >= 4 * (hint or 1)


def test_each_429_is_counted_and_waited_out(target: Runner) -> None:
    target.fault("throttle", times=7)
    target.fault("throttle", retry_after=120, times=2)
    target.fault("throttle", "audience", times=2)
    target.fault("throttle", "terms", times=2)
    began = target.clock.now()
    ran = target.good([*people(*range(30)), state(1)], batch_size_rows=10)
    assert ran.states == [1]
    assert ran.report["throttled"] == 9
    assert target.members() == names(*range(30))
    assert (target.clock.now() - began).total_seconds() > 240


def test_states_of_a_throttled_run_wait_too(target: Runner) -> None:
    target.fault("throttle", retry_after=3600, times=1)
    rows = [person(1), state(1), person(2), state(2)]
    assert target.good(rows, batch_size_rows=1).states[-1] == 2
    assert target.members() == names(1, 2)


@MODES
@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_an_error_of_the_server_then_success(
    target: Runner, mode: str, code: int
) -> None:
    more = start(target, mode)
    for operation in ("records", "job", "terms"):
        target.fault("status", operation, code=code, times=2, skip=1)
    target.fault("reset", times=1)
    target.fault("html", times=1)
    assert target.good([*TEN, state(1)], **SMALL, **more).states == [1]
    assert target.members() == ALL


@MODES
def test_an_error_that_stays_and_the_next_run(target: Runner, mode: str) -> None:
    more = start(target, mode)
    target.fault("status", code=500, skip=1)
    ran = target.run([*TEN, state(1)], **SMALL, **more)
    assert "failed 5 times, last: HTTP 500" in str(ran.error)
    assert ran.states == []
    target.client.clear_faults()
    assert target.good([*TEN, state(1)], **SMALL, **more).states == [1]
    assert target.members() == ALL


@MODES
def test_too_large_requests_are_split(target: Runner, mode: str) -> None:
    more = start(target, mode)
    target.client.change(max_request_bytes=800)
    ran = target.good([*TEN, END], **more)
    assert target.members() == ALL
    assert target.count("records", 413) >= 1
    assert ran.report["sent"] >= 8


@MODES
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_lost_answer_to_a_request_that_was_accepted(
    target: Runner, mode: str, skip: int
) -> None:
    more = start(target, mode)
    before = len(target.jobs())
    target.fault("lost_answer", times=1, skip=skip)
    ran = target.good([*TEN, state(1)], **SMALL, **more)
    assert target.members() == ALL
    if mode == "APPEND":
        assert ran.report["sent"] == 10
        assert len(target.jobs()) == before + 4 + 1


@MODES
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_lost_answer_and_a_run_that_ends_there(
    target: Runner, mode: str, skip: int
) -> None:
    more = start(target, mode)
    target.fault("lost_answer", skip=skip)
    ran = target.run([*TEN, state(1)], **SMALL, **more, max_attempts=1)
    assert ran.error is not None
    assert ran.states == []
    target.client.clear_faults()
    # it is not believed that nothing happened, nor that everything did
    target.mirror(*people(*range(5)))
    assert target.members() == names(*range(5))


def test_an_answer_lost_when_the_audience_is_made(target: Runner) -> None:
    target.fault("lost_answer", "create_audience", times=1)
    ran = target.good([*TEN, state(1)])
    assert target.members() == ALL
    assert ran.report["audience_id"] == str(target.audience().audience_id)


@MODES
def test_a_bad_row_costs_one_row(target: Runner, mode: str) -> None:
    more = start(target, mode)
    words = "user-7 is not allowed"
    target.fault("refuse_record", external_user_ids=["user-7"], reason=words)
    ran = target.run([*TEN, state(1)], **more)
    assert "Amazon refused 1 records" in str(ran.error)
    assert ran.states == [1]
    assert target.members() == ALL - {"user-7"}
    [line] = target.rejects()
    assert line["reason"] == "refused by Amazon: *** is not allowed"
    assert "user-7" not in json.dumps(line)
    target.client.clear_faults()
    target.good(TEN, **more)
    assert target.members() == ALL


def test_a_target_amazon_does_not_support(target: Runner) -> None:
    target.fault("status", code=501)
    ran = target.run([person(1)])
    assert "does not support this target" in str(ran.error)
    assert not isinstance(ran.error, TransientError)


def test_no_rights(target: Runner) -> None:
    target.fault("status", code=403)
    ran = target.run([person(1), person(2), state(1)], batch_size_rows=1)
    assert "approved for 'Data Provider'" in str(ran.error)
    assert target.count("records") == 1
    assert ran.states == []


def test_a_refresh_token_that_is_dead(target: Runner) -> None:
    ran = target.run([*TEN, state(1)], refresh_token="Atzr|dead")
    assert "invalid_grant" in str(ran.error)
    assert "Atzr|dead" not in str(ran.error)
    assert ran.states == []
    assert len(target.emulator.exchanges) == target.count("token") == 1


def test_amazon_may_write_message_with_a_capital(target: Runner) -> None:
    target.client.change(capital_message=True, repeated_external_id="refuse")
    target.good(TEN)
    target.database.unlink()
    assert "already exists" in str(target.run(TEN).error)
