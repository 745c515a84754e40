"""What the engine decides, with a fake clock and a scripted Amazon."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.rate_limits import AdaptiveRateLimiter
from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, CallKind, Engine, Report, RetrySettings
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome, ReportRequest
from singer_amazon.reports.rate_limiters import AdaptiveReportRateLimiters
from singer_amazon.reports.schedule import interleaved
from support.core.reports import NOON, OUTCOMES, EngineHarness, day, pending, request

STREAMS = ["campaigns", "targeting", "search_terms", "products"]


def harness(**retry: float) -> EngineHarness:
    return EngineHarness(Engine(RetrySettings(**retry)))  # type: ignore[arg-type]  # ints and floats


def many(streams: int, accounts: int, windows: int = 1) -> list[ReportRequest]:
    """Return requests as a session makes them: stream by stream."""
    return [
        request(
            number,
            stream=f"s{stream:02d}",
            report_type=f"t{stream:02d}",
            account=f"a{account:03d}",
        )
        for stream in range(streams)
        for account in range(accounts)
        for number in range(1, windows + 1)
    ]


def requested(one: EngineHarness, report_id: str = "r1") -> Report:
    """Bring one report to where Amazon works on it."""
    (report,) = one.ask(request())
    one.record(one.take_one(CallKind.CREATE), model.Accepted(report_id))
    return report


def look(one: EngineHarness, outcome: Outcome) -> None:
    """Wait for the next look and answer it."""
    one.wake()
    one.record(one.take_one(CallKind.POLL), outcome)


def ready(one: EngineHarness) -> Report:
    """Bring one report to where it is complete."""
    report = requested(one)
    look(one, model.Ready())
    return report


def state_of(report: Report) -> State:
    """Return its state as it is now, whatever a type checker knows of before."""
    return report.state


# --- the order of asking ---------------------------------------------------


def test_the_window_waiting_longest_is_asked_first() -> None:
    requests = [request(3), request(1), request(2), request(1, 9, waiting_since=4)]
    assert [r.waiting_since for r in interleaved(requests)] == [
        day(n) for n in range(1, 5)
    ]


def test_accounts_take_turns_and_begin_with_different_types() -> None:
    ordered = interleaved(many(streams=3, accounts=3))
    assert [(r.account[-1], r.stream[-1]) for r in ordered] == [
        ("0", "0"), ("1", "1"), ("2", "2"),
        ("0", "1"), ("1", "2"), ("2", "0"),
        ("0", "2"), ("1", "0"), ("2", "1"),
    ]  # fmt: skip


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from("abc"), st.sampled_from(STREAMS)),
        unique=True,
    )
)
def test_no_account_comes_twice_before_another_came_once(
    items: list[tuple[int, str, str]],
) -> None:
    requests = [request(n, account=a, stream=s) for n, a, s in items]
    ordered = interleaved(requests)
    assert sorted(map(id, ordered)) == sorted(map(id, requests))
    for _, group in itertools.groupby(ordered, key=lambda r: r.waiting_since):
        accounts = [r.account for r in group]
        counts = dict.fromkeys(accounts, 0)
        left = {a: accounts.count(a) for a in accounts}
        for account in accounts:
            behind = [counts[a] for a in counts if left[a]]
            assert counts[account] == min(behind)
            counts[account] += 1
            left[account] -= 1


def test_everything_is_asked_for_before_anything_is_looked_at() -> None:
    one = EngineHarness()
    one.ask(*many(streams=4, accounts=5))
    kinds = []
    for _ in range(40):
        actions = one.take(slots=1)
        if not actions:
            one.wake()
            continue
        kinds.append(actions[0].kind)
        one.record(
            actions[0],
            one.accepted() if kinds[-1] is CallKind.CREATE else model.Running(),
        )
    assert kinds[:20] == [CallKind.CREATE] * 20


def test_a_run_where_all_goes_well_delivers_everything() -> None:
    one = EngineHarness()
    one.ask(*many(streams=5, accounts=7, windows=2))
    one.drive(one.well)
    assert one.states() == {State.DELIVERED: 70}
    assert one.counted(CallKind.CREATE) == 70
    assert one.engine.is_done
    assert one.engine.next_wake(one.now) is None


def test_no_more_calls_are_given_out_than_there_are_slots() -> None:
    one = EngineHarness()
    one.ask(*many(streams=4, accounts=5))
    assert len(one.take(slots=3)) == 3
    assert len(one.take(slots=3)) == 3
    assert one.take(slots=0) == []
    assert len({id(a.report) for a in one.take(slots=99)}) == 14


# --- identical requests ----------------------------------------------------


def test_identical_requests_of_two_streams_are_one_report() -> None:
    one = EngineHarness()
    same = [request(stream=name, fingerprint="same") for name in ("a", "b")]
    (report,) = one.ask(*same, request(stream="c"))[:1]
    assert [t.stream for t in report.subscribers] == ["a", "b"]
    one.drive(one.well)
    assert one.counted(CallKind.CREATE) == 2
    assert all(one.engine.is_done_for(name) for name in "abc")


def test_a_request_joins_the_report_another_stream_left_pending() -> None:
    one = EngineHarness()
    report = one.engine.adopt(
        request(stream="a", fingerprint="same"), pending(1, 1, "old"), NOON
    )
    one.ask(request(stream="b", fingerprint="same"))
    assert [t.stream for t in report.subscribers] == ["a", "b"]
    one.drive(one.well)
    assert one.counted(CallKind.CREATE) == 0
    assert one.engine.is_done_for("b")


def test_a_report_pending_twice_in_a_state_is_delivered_once() -> None:
    one = EngineHarness()
    for _ in range(2):
        report = one.engine.adopt(request(), pending(1, 1, "old"), NOON)
    assert len(report.subscribers) == 1
    one.drive(one.well)
    assert one.engine.is_done


# --- looking ---------------------------------------------------------------


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
    assert one.seconds - before == 30
    assert state_of(report) is State.FETCHED
    assert report.document is None
    assert one.deliver() == 1


def test_an_address_that_appears_late_is_used() -> None:
    one = EngineHarness()
    report = requested(one)
    look(one, model.Empty())
    look(one, model.Ready())
    assert state_of(report) is State.READY


# --- reports that fail -----------------------------------------------------


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


# --- reports without end ---------------------------------------------------


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


# --- HTTP 425 and 429 ------------------------------------------------------


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


# --- refusals --------------------------------------------------------------


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


# --- any answer at any time ------------------------------------------------


def at_work(kind: CallKind, one: EngineHarness) -> Action:
    """Bring a report to where a call of this kind is under way."""
    if kind is CallKind.CREATE:
        one.ask(request())
    elif kind is CallKind.FETCH:
        ready(one)
    else:
        requested(one, "stuck")
        one.wake()
    if kind is CallKind.CANCEL:
        one.wait(3601)
        one.record(one.take_one(CallKind.POLL), model.Running())
    return one.take_one(kind)


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


# --- the end of the time ---------------------------------------------------


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


# --- downloads -------------------------------------------------------------


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


# --- no rows, and why ----------------------------------------------------------


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
