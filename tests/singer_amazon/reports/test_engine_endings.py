"""Any answer at any time, the end of the time, and downloads."""

from __future__ import annotations

import pytest

from singer_amazon.reports import model
from singer_amazon.reports.engine import CallKind
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome
from support.core.engine import at_work, harness, ready, requested, state_of
from support.core.reports import OUTCOMES, EngineHarness, request

# --- any answer at any time ---


@pytest.mark.parametrize("end", ["time", "account", "nothing"])
@pytest.mark.parametrize(
    ("kind", "outcome"),
    [(kind, outcome) for kind, outcomes in OUTCOMES.items() for outcome in outcomes],
    ids=lambda item: item.name if isinstance(item, CallKind) else repr(item),
)
def test_every_answer_is_understood_whenever_it_comes(
    kind: CallKind, outcome: Outcome, end: str
) -> None:
    """The time may be up, the account blocked, or nothing be special."""
    one = harness(stuck_after=3600)
    action = at_work(kind, one)
    if end == "time":
        one.engine.time_up()
    elif end == "account":
        one.ask(request(30))
        refused = model.Refused("no scope", scope="account")
        one.record(one.take_one(CallKind.CREATE), refused)
    one.record(action, outcome)
    if end != "nothing":
        assert state_of(action.report) not in {State.PLANNED, State.REQUESTED}
    one.drive(one.well)
    assert state_of(action.report).is_final
    assert one.engine.is_done


@pytest.mark.parametrize("kind", CallKind)
def test_what_waits_for_a_call_when_the_time_is_up_is_left(kind: CallKind) -> None:
    """But for documents: those are fetched all the same."""
    one = harness(stuck_after=3600)
    action = at_work(kind, one)
    one.record(action, model.Throttled(retry_after=60))
    one.engine.time_up()
    assert (
        state_of(action.report)
        is {
            CallKind.CREATE: State.UNASKED,
            CallKind.POLL: State.CARRIED,
            CallKind.CANCEL: State.CARRIED,
            CallKind.FETCH: State.READY,
        }[kind]
    )


# --- the end of the time ---


def test_when_the_time_is_up_nothing_new_is_asked_and_nothing_waited_for() -> None:
    one = EngineHarness()
    report = ready(one)
    one.ask(request(2), request(3))
    one.record(one.take(1)[0], one.accepted())
    one.engine.time_up()
    assert one.states() == {State.READY: 1, State.CARRIED: 1, State.UNASKED: 1}
    one.drive(one.well)
    assert state_of(report) is State.DELIVERED
    assert one.engine.is_done


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (model.Accepted("late"), State.CARRIED),
        (model.Throttled(), State.UNASKED),
        (model.Conflict("x", "another"), State.UNASKED),
        (model.Refused("HTTP 400"), State.REFUSED),
    ],
)
def test_answers_to_creates_under_way_at_the_end_are_taken_in(
    outcome: Outcome, state: State
) -> None:
    one = EngineHarness()
    (report,) = one.ask(request())
    action = one.take_one(CallKind.CREATE)
    assert one.engine.time_up() == []
    assert not one.engine.is_done
    one.record(action, outcome)
    assert state_of(report) is state
    assert (report.report_id == "late") is (state is State.CARRIED)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (model.Running(), State.CARRIED),
        (model.Empty(), State.CARRIED),
        (model.Failed("FAILED"), State.UNASKED),
        (model.Throttled(), State.CARRIED),
        (model.Unavailable("HTTP 503"), State.CARRIED),
        (model.Ready(), State.READY),
    ],
)
def test_answers_to_looks_under_way_at_the_end_are_taken_in(
    outcome: Outcome, state: State
) -> None:
    one = EngineHarness()
    report = requested(one)
    one.wake()
    action = one.take_one(CallKind.POLL)
    one.engine.time_up()
    one.record(action, outcome)
    assert state_of(report) is state


def test_a_download_under_way_at_the_end_is_delivered() -> None:
    one = EngineHarness()
    report = ready(one)
    action = one.take_one(CallKind.FETCH)
    one.engine.time_up()
    one.record(action, model.Unreadable("cut"))
    one.record(one.take_one(CallKind.FETCH), model.Fetched(object()))
    assert one.deliver() == 1
    assert state_of(report) is State.DELIVERED


# --- downloads ---


def test_downloads_wait_for_room_and_nothing_else_does() -> None:
    one = EngineHarness()
    ready(one)
    one.ask(request(2))
    (action,) = one.take(may_fetch=False)
    assert action.kind is CallKind.CREATE
    assert one.take_one(CallKind.FETCH)


@pytest.mark.parametrize("stream", ["first", "second", "elsewhere"])
def test_documents_of_the_streams_that_wait_come_first(stream: str) -> None:
    one = EngineHarness()
    one.ask(request(stream="first", account="1"))
    one.drive(one.well, seconds=0)
    while one.states()[State.FETCHED] < 1:
        one.wake()
        for action in one.take():
            one.record(action, one.well(action))
    one.ask(request(stream="second", account="2"))
    while one.states()[State.FETCHED] < 2:
        one.wake()
        for action in one.take():
            one.record(action, one.well(action))
    order = []
    while (report := one.engine.take_fetched(frozenset([stream]))) is not None:
        order.append(report.request.stream)
    assert order == (["second", "first"] if stream == "second" else ["first", "second"])
