"""Amazon, or the host of its documents, gives no answer for a while."""

from __future__ import annotations

import pytest

from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, CallKind
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome
from singer_amazon.retry_policy import POLICY
from support.core.engine import look, ready, requested, state_of
from support.core.reports import EngineHarness, request

GONE = model.Unavailable("no connection", is_outage=True, is_of_downloads=True)
SLOW_DOWN = model.Unavailable(
    "HTTP 503", is_outage=True, is_answered=True, is_of_downloads=True
)


def hours_without_downloads(one: EngineHarness, outcome: Outcome, hours: float) -> None:
    def answer(action: Action) -> Outcome:
        if action.kind is CallKind.FETCH:
            return outcome
        return one.well(action)

    one.drive(answer, seconds=hours * 3600)


def test_a_download_host_that_is_gone_is_waited_for_while_the_api_answers() -> None:
    one = EngineHarness()
    reports = one.ask(*(request(number) for number in range(1, 9)))
    hours_without_downloads(one, GONE, 2)
    assert one.states() == {State.READY: 8}
    assert one.engine.outage is not None
    assert one.engine.outage.reason == "no connection"
    one.drive(one.well)
    assert one.states() == {State.DELIVERED: 8}
    assert {report.accepted_count for report in reports} == {1}
    assert one.engine.outage is None


def test_a_download_host_that_answers_5xx_is_waited_for_a_quarter_of_an_hour() -> None:
    one = EngineHarness()
    report = ready(one)
    hours_without_downloads(one, SLOW_DOWN, POLICY.max_outage / 3600 * 0.9)
    assert state_of(report) is State.READY
    hours_without_downloads(one, SLOW_DOWN, 1)
    assert (state_of(report), report.report_id) == (State.CARRIED, "r1")


def test_one_document_that_cannot_be_had_while_others_can_is_left() -> None:
    one = EngineHarness()
    bad, *_ = one.ask(*(request(number) for number in range(1, 9)))

    def answer(action: Action) -> Outcome:
        is_bad = action.kind is CallKind.FETCH and action.report is bad
        return SLOW_DOWN if is_bad else one.well(action)

    one.drive(answer, seconds=1200)
    one.ask(*(request(number) for number in range(9, 20)))
    one.drive(answer, seconds=7200)
    assert (state_of(bad), bad.report_id) == (State.CARRIED, "r1")
    assert one.states()[State.DELIVERED] == 18


def test_in_an_outage_one_download_at_a_time_holds_up_nothing_else() -> None:
    one = EngineHarness()
    one.ask(*(request(number) for number in range(1, 9)))
    while not one.engine.outage:
        one.wake()
        for action in one.take(1):
            is_fetch = action.kind is CallKind.FETCH
            one.record(action, GONE if is_fetch else one.well(action))
    one.ask(request(20))
    one.wait(600)
    kinds = [action.kind for action in one.take(8)]
    assert kinds.count(CallKind.FETCH) == 1
    assert CallKind.CREATE in kinds
    assert CallKind.FETCH not in [action.kind for action in one.take(8)]


@pytest.mark.parametrize("outcome", [GONE, SLOW_DOWN])
def test_what_waits_for_its_document_when_the_time_is_up_is_left(
    outcome: Outcome,
) -> None:
    one = EngineHarness()
    report = ready(one)
    one.record(one.take_one(CallKind.FETCH), outcome)
    one.engine.time_up()
    assert (state_of(report), report.report_id) == (State.CARRIED, "r1")
    assert report.reason == outcome.reason  # type: ignore[union-attr]


def test_a_damaged_document_stays_the_document_s_own_fault() -> None:
    one = EngineHarness()
    report = ready(one)
    one.record(one.take_one(CallKind.FETCH), GONE)
    one.wake()
    for _ in range(2):
        one.record(one.take_one(CallKind.FETCH), model.Unreadable("cut"))
    assert state_of(report) is State.FAILED


def test_an_outage_of_the_api_is_not_ended_by_a_download() -> None:
    one = EngineHarness()
    silent = model.Unavailable("no answer in time", is_outage=True)
    report = requested(one)
    for _ in range(20):
        look(one, silent)
    assert state_of(report) is State.REQUESTED
    assert one.engine.outage is not None
