"""What becomes of one report: polled, failed, without end, without rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from singer_amazon.rate_limits import AdaptiveRateLimiter
from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, CallKind, Engine, RetrySettings
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome, ReportRequest
from support.core.engine import harness, look, many, ready, requested, state_of
from support.core.reports import NOON, EngineHarness, pending, request

# --- looking ---


def test_looks_become_rarer_up_to_the_longest_wait() -> None:
    one = harness(poll_interval=10, poll_interval_max=60)
    requested(one)
    waits = []
    for _ in range(10):
        before = one.seconds
        look(one, model.Running())
        waits.append(one.seconds - before)
    assert 9 <= waits[0] <= 10
    assert waits[1] > waits[0]
    assert all(54 <= wait <= 60 for wait in waits[6:])
    assert max(waits) <= 60


def test_an_unknown_status_stays_pending_and_is_named() -> None:
    one = EngineHarness()
    report = requested(one)
    for _ in range(5):
        look(one, model.Running("DREAMING"))
    one.engine.time_up()
    assert state_of(report) is State.CARRIED
    assert report.unknown_word == "DREAMING"


def test_an_unknown_status_that_passes_is_forgotten() -> None:
    one = EngineHarness()
    report = requested(one)
    look(one, model.Running("DREAMING"))
    look(one, model.Running())
    assert report.unknown_word is None


def test_complete_without_address_is_looked_at_again_and_then_empty() -> None:
    one = EngineHarness()
    report = requested(one)
    look(one, model.Empty())
    assert state_of(report) is State.REQUESTED
    before = one.seconds
    look(one, model.Empty())
    assert one.seconds - before == pytest.approx(30)
    assert state_of(report) is State.FETCHED
    assert report.document is None
    assert one.deliver() == 1


def test_an_address_that_appears_late_is_used() -> None:
    one = EngineHarness()
    report = requested(one)
    look(one, model.Empty())
    look(one, model.Ready())
    assert state_of(report) is State.READY


# --- reports that fail ---


def test_a_failed_report_is_asked_for_again_so_often_and_is_then_a_gap() -> None:
    one = harness(report_attempts=3)
    (report,) = one.ask(request())

    def answer(action: Action) -> Outcome:
        if action.kind is CallKind.CREATE:
            return one.accepted()
        return model.Failed("Amazon ended the report as FAILED: too busy")

    one.drive(answer)
    assert one.counted(CallKind.CREATE) == 1 + 3
    assert state_of(report) is State.FAILED
    assert report.reason == "Amazon ended the report as FAILED: too busy"


def test_the_id_of_a_dead_report_is_told_so_that_it_is_forgotten() -> None:
    one = EngineHarness()
    requested(one, "dead")
    look(one, model.Failed("FAILED"))
    assert [(c.before, c.after, c.old_id) for c in one.changes][-1] == (
        State.REQUESTED,
        State.PLANNED,
        "dead",
    )


def test_a_report_that_succeeds_at_last_is_delivered() -> None:
    one = harness(report_attempts=2)
    report = requested(one)
    look(one, model.Failed("FAILED"))
    one.drive(one.well)
    assert state_of(report) is State.DELIVERED


@pytest.mark.parametrize("outcome", [model.Vanished(), model.Failed("FAILED")])
@pytest.mark.parametrize("attempts", [1, 3])
def test_a_dead_report_of_an_earlier_run_is_asked_for_again(
    outcome: Outcome, attempts: int
) -> None:
    """Its end is no attempt of this run."""
    one = harness(report_attempts=attempts)
    report = one.engine.adopt(request(), pending(1, 1, "old"), NOON)
    look(one, outcome)
    assert state_of(report) is State.PLANNED
    one.drive(
        lambda a: (
            one.accepted() if a.kind is CallKind.CREATE else model.Failed("FAILED")
        )
    )
    assert one.counted(CallKind.CREATE) == attempts
    assert state_of(report) is State.FAILED


def test_a_damaged_document_is_read_once_more_and_is_then_a_gap() -> None:
    one = EngineHarness()
    report = ready(one)
    for _ in range(2):
        assert state_of(report) is State.READY
        one.record(one.take_one(CallKind.FETCH), model.Fetched(object()))
        assert one.engine.take_fetched() is report
        one.engine.unreadable(report, "row 7 is no object", one.now)
    assert state_of(report) is State.FAILED
    assert report.reason == "row 7 is no object"
    assert report.document is None


def test_a_download_that_fails_is_repeated_and_is_then_a_gap() -> None:
    one = EngineHarness()
    report = ready(one)
    one.record(one.take_one(CallKind.FETCH), model.Unreadable("cut"))
    assert state_of(report) is State.READY
    one.record(one.take_one(CallKind.FETCH), model.Unreadable("cut again"))
    assert state_of(report) is State.FAILED


# --- reports without end ---


def test_a_stuck_report_is_cancelled_and_asked_for_again() -> None:
    one = harness(stuck_after=3600)
    report = requested(one, "stuck")
    one.wait(3601)
    look(one, model.Running())
    assert state_of(report) is State.CANCELLING
    one.record(one.take_one(CallKind.CANCEL), model.Cancelled())
    assert (state_of(report), report.report_id) == (State.PLANNED, None)
    one.record(one.take_one(CallKind.CREATE), model.Accepted("new"))
    one.drive(one.well)
    assert state_of(report) is State.DELIVERED
    assert report.report_id == "new"


def test_a_stuck_report_of_an_earlier_run_counts_from_its_own_time() -> None:
    one = harness(stuck_after=3600)
    one.now += timedelta(hours=2)
    report = one.engine.adopt(request(), pending(1, 1, "old"), one.now)
    look(one, model.Running())
    assert state_of(report) is State.CANCELLING


def test_a_stuck_report_that_amazon_names_again_is_a_gap() -> None:
    one = harness(stuck_after=3600)
    report = requested(one, "stuck")
    one.wait(3601)
    look(one, model.Running())
    one.record(one.take_one(CallKind.CANCEL), model.Cancelled())
    one.record(one.take_one(CallKind.CREATE), model.Accepted("stuck", adopted=True))
    assert state_of(report) is State.FAILED
    assert "does not finish" in (report.reason or "")


@pytest.mark.parametrize("outcome", [model.Ready(), model.Failed("FAILED")])
def test_a_final_answer_beats_our_own_clock(outcome: Outcome) -> None:
    """However late it comes: past the patience for stuck reports, past the end."""
    one = harness(stuck_after=1)
    report = requested(one)
    one.wake()
    action = one.take_one(CallKind.POLL)
    one.wait(100_000)
    one.engine.time_up()
    one.record(action, outcome)
    assert state_of(report) is (
        State.READY if isinstance(outcome, model.Ready) else State.UNASKED
    )
    assert report.report_id == ("r1" if isinstance(outcome, model.Ready) else None)


# --- no rows, and why ---


def test_what_is_not_published_yet_is_left_to_a_later_run() -> None:
    one = EngineHarness()
    (report,) = one.ask(request(1))
    one.record(one.take_one(CallKind.CREATE), model.Accepted("r1"))
    one.wait(20)
    (change,) = one.record(one.take_one(CallKind.POLL), model.NotYet("come back"))
    assert (change.after, change.old_id) == (State.DEFERRED, "r1")
    assert (report.report_id, one.engine.is_done) == (None, True)


def test_no_data_is_an_empty_report() -> None:
    one = EngineHarness()
    (report,) = one.ask(request(1))
    one.record(one.take_one(CallKind.CREATE), model.Accepted("r1"))
    one.wait(20)
    one.record(one.take_one(CallKind.POLL), model.NoData("nothing sold"))
    assert one.engine.take_fetched() is report
    assert report.document is None


def test_a_failure_for_good_is_not_asked_for_again() -> None:
    one = EngineHarness()
    (report,) = one.ask(request(1))
    one.record(one.take_one(CallKind.CREATE), model.Accepted("r1"))
    one.wait(20)
    one.record(one.take_one(CallKind.POLL), model.Failed("too late", is_final=True))
    assert report.state is State.FAILED


def test_an_empty_report_can_wait_for_the_next_run() -> None:
    """Complete without a document: pending, looked at once more, then empty."""
    patient = RetrySettings(empty_waits_a_run=True)
    one = EngineHarness(Engine(patient))
    (report,) = one.ask(request(1))
    one.record(one.take_one(CallKind.CREATE), model.Accepted("r1"))
    one.wait(20)
    one.record(one.take_one(CallKind.POLL), model.Empty())
    assert (report.state, report.pending().seen_empty) == (State.CARRIED, True)
    later = EngineHarness(Engine(patient))
    again = later.engine.adopt(request(1), report.pending(), NOON)
    later.record(later.take_one(CallKind.POLL), model.Empty())
    assert later.engine.take_fetched() is again


@pytest.mark.parametrize("outcome", [model.Vanished(), model.Failed("it broke")])
def test_a_report_of_somebody_else_is_never_asked_for_anew(outcome: Outcome) -> None:
    one = EngineHarness()
    listed = replace(request(1), listed_id="r1")
    report = one.engine.adopt(listed, pending(1), NOON)
    one.record(one.take_one(CallKind.POLL), outcome)
    assert report.state is State.FAILED


def test_two_queues_that_share_a_limiter_share_it() -> None:
    """One account's creates and another's wait for the same application."""

    class Shared:
        def __init__(self) -> None:
            self.one = AdaptiveRateLimiter(interval=10.0)

        def of(
            self, kind: CallKind, request: ReportRequest
        ) -> tuple[AdaptiveRateLimiter, ...]:
            own = self.__dict__.setdefault(request.account, AdaptiveRateLimiter())
            return (own, self.one) if kind is CallKind.CREATE else (own,)

        def seconds_for(self, requests: object, now: datetime) -> None:
            """Nobody asks here how long it takes."""

    one = EngineHarness(Engine(RetrySettings(), limiters=Shared()))
    one.ask(*many(streams=1, accounts=2))
    assert len(one.take()) == 1
    assert one.take() == []
    one.wait(10)
    assert len(one.take()) == 1


def test_a_report_in_parts_has_a_new_id_with_each_and_goes_on_soon() -> None:
    one = harness()
    report = requested(one, "a")
    since = report.requested_at
    one.wait(60)
    changes = one.record(one.take_one(CallKind.POLL), model.Accepted("a~b"))
    assert [(c.has_new_id, c.after) for c in changes] == [(True, State.REQUESTED)]
    assert (report.report_id, report.last_id) == ("a~b", "a")
    assert (report.requested_at, report.accepted_count) == (since, 1)
    assert one.engine.next_actions(one.now, 1) == []  # the id goes to the state first
    one.wait(1)
    one.record(one.take_one(CallKind.POLL), model.Accepted("a~b~c"))
    assert report.report_id == "a~b~c"
