"""What Amazon turns down or puts off, and how far that reaches."""

from __future__ import annotations

import pytest

from singer_amazon.rate_limits import AdaptiveRateLimiter
from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, CallKind, Engine, RetrySettings
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome
from singer_amazon.reports.rate_limiters import AdaptiveReportRateLimiters
from support.core.engine import harness, look, many, ready, requested, state_of
from support.core.reports import NOON, EngineHarness, pending, request

# --- HTTP 425 and 429 ---


def test_a_conflict_is_asked_again_every_minute() -> None:
    one = EngineHarness()
    (report,) = one.ask(request())
    at = []
    for _ in range(4):
        one.wake()
        at.append(one.seconds)
        one.record(one.take_one(CallKind.CREATE), model.Conflict("x", "another report"))
    assert at == [0, 60, 120, 180]
    assert state_of(report) is State.PLANNED
    one.engine.time_up()
    assert state_of(report) is State.UNASKED


def test_twenty_minutes_of_429_on_every_create_make_no_gap() -> None:
    one = EngineHarness()
    one.ask(*many(streams=5, accounts=4))

    def answer(action: Action) -> Outcome:
        if action.kind is CallKind.CREATE and one.seconds < 1200:
            return model.Throttled()
        return one.well(action)

    one.drive(answer)
    assert one.states() == {State.DELIVERED: 20}
    assert one.seconds < 1200 + 900
    assert one.engine.refused_types == set()


def test_a_429_puts_one_account_off_and_no_other() -> None:
    one = EngineHarness()
    one.ask(request(account="1"), request(account="2"))
    first, second = one.take()
    assert first.report.request.account == "1"
    one.record(first, model.Throttled(retry_after=500))
    one.record(second, one.accepted())
    one.drive(one.well, seconds=400)
    assert state_of(second.report) is State.DELIVERED
    assert state_of(first.report) is State.PLANNED
    assert one.counted(CallKind.CREATE) == 2
    one.wake()
    assert 500 <= one.seconds <= 501


def test_after_a_429_the_calls_of_an_account_go_one_by_one() -> None:
    one = EngineHarness()
    one.ask(*many(streams=8, accounts=1))
    actions = one.take()
    one.wait(0.3)
    for action in actions:
        one.record(action, model.Throttled(retry_after=0))
    one.wait(10)
    assert len(one.take()) == 1
    assert one.take() == []
    one.wait(1)
    assert len(one.take()) == 1


def test_a_throttled_look_does_not_stop_the_asking() -> None:
    one = EngineHarness()
    requested(one)
    one.wake()
    one.record(one.take_one(CallKind.POLL), model.Throttled(retry_after=500))
    one.ask(request(2))
    assert one.take_one(CallKind.CREATE)


def test_a_type_that_is_always_throttled_does_not_starve_the_others() -> None:
    one = EngineHarness()
    one.ask(*many(streams=6, accounts=1, windows=2))

    def answer(action: Action) -> Outcome:
        is_first = action.report.request.report_type == "t00"
        if action.kind is CallKind.CREATE and is_first:
            return model.Throttled()
        return one.well(action)

    one.drive(answer, seconds=1200, slots=1)
    assert one.states() == {State.DELIVERED: 10, State.PLANNED: 2}


def test_a_type_refused_ten_times_without_one_success_is_reported() -> None:
    one = EngineHarness()
    one.ask(request(report_type="throttled", stream="a"), request(stream="b"))

    def answer(action: Action) -> Outcome:
        if action.report.request.report_type == "throttled":
            return model.Throttled(retry_after=1)
        return one.well(action)

    one.drive(answer, seconds=9)
    assert one.engine.refused_types == set()
    one.drive(answer, seconds=600)
    assert one.engine.refused_types == {("1", CallKind.CREATE, "throttled")}
    one.drive(one.well)
    assert one.engine.refused_types == set()
    assert one.states() == {State.DELIVERED: 2}


def test_a_type_that_once_passed_is_not_reported() -> None:
    one = EngineHarness()
    one.ask(request(1), request(2))
    first, second = one.take()
    one.record(first, one.accepted())
    one.record(second, model.Throttled(retry_after=1))
    for _ in range(20):
        one.wait(100)
        for action in one.take():
            is_create = action.kind is CallKind.CREATE
            one.record(action, model.Throttled(1) if is_create else model.Running())
    assert one.engine.refused_types == set()


def test_an_unreachable_amazon_is_no_reason_to_hurry() -> None:
    """After a 429, only an answer shortens the interval between calls."""
    limiters = AdaptiveReportRateLimiters()
    one = EngineHarness(Engine(RetrySettings(), limiters=limiters))
    one.ask(request(1), request(2))
    first, second = one.take()
    one.record(first, model.Throttled(retry_after=1))
    one.record(second, model.Unavailable("HTTP 503"))
    (limiter,) = limiters.of(CallKind.CREATE, request(1))
    assert isinstance(limiter, AdaptiveRateLimiter)
    assert (limiter.interval, limiter.refusals) == (1.0, 1)


# --- refusals ---


def test_an_account_that_is_refused_gets_no_further_call() -> None:
    one = harness()
    one.ask(*many(streams=4, accounts=2))
    old = one.engine.adopt(
        request(9, account="a000", stream="old"), pending(9, 9, "old"), NOON
    )

    def answer(action: Action) -> Outcome:
        if action.report.request.account == "a000" and action.kind is CallKind.CREATE:
            return model.Refused("Not authorized to access scope", scope="account")
        return one.well(action)

    one.drive(answer, slots=1)
    mine = [kind for _, kind, r in one.calls if r.request.account == "a000"]
    assert mine == [CallKind.CREATE]
    assert one.states() == {State.REFUSED: 5, State.DELIVERED: 4}
    assert old.report_id == "old"
    assert old.reason == "Not authorized to access scope"


def test_calls_under_way_to_a_refused_account_may_still_answer() -> None:
    one = EngineHarness()
    one.ask(*many(streams=3, accounts=1))
    first, second, third = one.take()
    one.record(first, model.Refused("no scope", scope="account"))
    changes = one.record(second, model.Accepted("kept"))
    assert [c.after for c in changes] == [State.REQUESTED, State.REFUSED]
    assert second.report.pending().report_id == "kept"
    one.record(third, model.Throttled())
    assert state_of(third.report) is State.REFUSED
    assert one.engine.is_done
    assert not one.wake()


def test_a_document_on_its_way_is_delivered_although_its_account_is_refused() -> None:
    """Else it would lie in the spool and hold its space until the end."""
    one = EngineHarness()
    report = ready(one)
    one.ask(request(2))
    create, fetch = one.take()
    assert (create.kind, fetch.kind) == (CallKind.CREATE, CallKind.FETCH)
    one.record(create, model.Refused("no scope", scope="account"))
    one.record(fetch, model.Fetched(object()))
    assert one.deliver() == 1
    assert state_of(report) is State.DELIVERED


def test_a_damaged_document_of_a_refused_account_is_left_to_the_next_run() -> None:
    one = EngineHarness()
    report = ready(one)
    one.ask(request(2))
    create, fetch = one.take()
    one.record(fetch, model.Fetched(object()))
    one.record(create, model.Refused("no scope", scope="account"))
    assert one.engine.take_fetched() is report
    change = one.engine.unreadable(report, "cut", one.now)
    assert (change.after, report.report_id) == (State.CARRIED, "r1")
    assert one.take() == []


def test_a_refused_type_is_not_asked_for_again_but_what_runs_goes_on() -> None:
    one = EngineHarness()
    one.ask(*(request(n) for n in (1, 2, 3)), request(9, report_type="t", stream="b"))
    one.record(one.take(1)[0], one.accepted())
    refused = model.Refused("reportTypeId is unknown", scope="type", offered=False)
    one.record(one.take(1)[0], refused)
    one.drive(one.well)
    assert one.states() == {State.DELIVERED: 2, State.REFUSED: 2}
    assert {r.offered for r in one.engine.reports if r.state is State.REFUSED} == {
        False
    }


def test_a_refused_request_concerns_no_other() -> None:
    one = EngineHarness()
    one.ask(request(1), request(2))
    one.record(one.take(1)[0], model.Refused("HTTP 400", history=True))
    one.drive(one.well)
    assert one.states() == {State.DELIVERED: 1, State.REFUSED: 1}
    assert [r.history for r in one.engine.reports] == [True, False]


def test_a_create_that_cannot_be_made_is_no_gap() -> None:
    one = EngineHarness()
    (report,) = one.ask(request())
    for _ in range(3):
        assert state_of(report) is State.PLANNED
        one.wake()
        one.record(one.take_one(CallKind.CREATE), model.Unavailable("HTTP 503"))
    assert (state_of(report), report.reason) == (State.REFUSED, "HTTP 503")


def test_a_look_that_cannot_be_made_is_repeated_and_then_left() -> None:
    one = EngineHarness()
    report = requested(one)
    for _ in range(2):
        look(one, model.Unavailable("HTTP 401"))
    look(one, model.Running())
    for _ in range(3):
        assert state_of(report) is State.REQUESTED
        look(one, model.Unavailable("HTTP 401"))
    assert (state_of(report), report.report_id) == (State.CARRIED, "r1")


@pytest.mark.parametrize(
    "report_id", ["x/../../owned", "a\0b", "x" * 5000, "../x", "", "r\n1", "ä"]
)
def test_an_id_of_another_form_is_refused_with_a_sentence(report_id: str) -> None:
    one = EngineHarness()
    (report,) = one.ask(request())
    one.record(one.take_one(CallKind.CREATE), model.Accepted(report_id))
    assert state_of(report) is State.REFUSED
    assert "which is of no form this version knows" in (report.reason or "")
    assert len(report.reason or "") < 400


def test_an_outage_counts_against_no_report() -> None:
    one = EngineHarness()
    (report,) = one.ask(request())
    gone = model.Unavailable("no connection", is_outage=True)
    for _ in range(20):
        one.wake()
        one.record(one.take_one(CallKind.CREATE), gone)
    assert state_of(report) is State.PLANNED
    assert one.engine.outage is not None


def test_a_report_that_fails_while_others_are_answered_is_left() -> None:
    one = EngineHarness()
    bad, good = one.ask(request(1), request(2))
    gone = model.Unavailable("no answer in time", is_outage=True)
    for _ in range(60):
        one.wake()
        for action in one.take(2):
            answer = gone if action.report is bad else model.Throttled()
            one.record(action, answer)
    assert state_of(bad) is State.REFUSED
    assert state_of(good) is State.PLANNED
