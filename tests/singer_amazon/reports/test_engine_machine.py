"""No order of events loses a report: a machine that tries them all."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, CallKind, Engine, Report, RetrySettings
from singer_amazon.reports.lifecycle import TABLE, State
from support.core.reports import NOON, OUTCOMES, EngineHarness, pending, request

WITH_ID = {
    State.REQUESTED,
    State.CANCELLING,
    State.READY,
    State.FETCHED,
    State.DELIVERED,
    State.CARRIED,
}


class EngineMachine(RuleBasedStateMachine):
    """An owner with some workers, and an Amazon that answers anything."""

    def __init__(self) -> None:
        super().__init__()
        retry = RetrySettings(
            poll_interval=1, poll_interval_max=4, report_attempts=2, stuck_after=20
        )
        self.harness = EngineHarness(Engine(retry))
        self.under_way: list[Action] = []
        self.held: list[Report] = []
        self.known: dict[Report, State] = {}
        self.seen = 0

    @initialize(
        asks=st.lists(
            st.tuples(
                st.integers(1, 3), st.sampled_from("ab"), st.sampled_from(["x", "y"])
            ),
            max_size=8,
            unique=True,
        ),
        adopted=st.lists(st.integers(4, 6), max_size=2),
    )
    def begin(self, asks: list[tuple[int, str, str]], adopted: list[int]) -> None:
        for number in adopted:
            left = pending(number, number, f"old{number}")
            self.harness.engine.adopt(request(number, account="a"), left, NOON)
        self.harness.ask(
            *(
                request(n, account=account, stream=stream, fingerprint="same")
                for n, account, stream in asks
            )
        )
        self.known = {report: report.state for report in self.harness.engine.reports}

    # --- what can happen ---------------------------------------------------

    @rule(slots=st.integers(1, 4), may_fetch=st.booleans())
    def take(self, slots: int, may_fetch: bool) -> None:
        for action in self.harness.take(slots, may_fetch=may_fetch):
            report = action.report
            assert report not in [other.report for other in self.under_way]
            assert report.request.account not in self.harness.engine.blocked_accounts
            assert may_fetch or action.kind is not CallKind.FETCH
            if self.harness.engine.is_time_up:
                assert action.kind is CallKind.FETCH
            self.under_way.append(action)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.under_way) - 1))
        action = self.under_way.pop(index)
        good = self.harness.well(action)
        outcomes = st.just(good) | st.sampled_from(OUTCOMES[action.kind])
        outcome = data.draw(outcomes)
        if isinstance(outcome, model.Accepted):
            stuck = action.report.stuck_id
            same = outcome.adopted and stuck is not None
            outcome = self.harness.accepted(stuck if same else None)
        self.harness.record(action, outcome)

    @rule(seconds=st.sampled_from([0.5, 3, 31, 400]))
    def wait(self, seconds: float) -> None:
        self.harness.wait(seconds)

    @rule()
    def wake(self) -> None:
        self.harness.wake()

    @rule(streams=st.sets(st.sampled_from(["x", "y", "campaigns"])))
    def take_fetched(self, streams: set[str]) -> None:
        report = self.harness.engine.take_fetched(frozenset(streams))
        if report is not None:
            self.held.append(report)

    @precondition(lambda self: self.held)
    @rule(what=st.sampled_from(["delivered", "unreadable", "left"]))
    def hand_over(self, what: str) -> None:
        report, engine = self.held.pop(0), self.harness.engine
        if what == "delivered":
            change = engine.delivered(report)
        elif what == "unreadable":
            change = engine.unreadable(report, "cut", self.harness.now)
        else:
            change = engine.left(report, "no space")
        self.harness.changes.append(change)

    @rule()
    def time_up(self) -> None:
        self.harness.changes += self.harness.engine.time_up()

    # --- what always holds -------------------------------------------------

    @invariant()
    def changes_are_complete(self) -> None:
        for change in self.harness.changes[self.seen :]:
            assert self.known[change.report] is change.before
            assert change.after in {
                t for (s, _), t in TABLE.items() if s is change.before
            }
            self.known[change.report] = change.after
        self.seen = len(self.harness.changes)
        for report, state in self.known.items():
            assert report.state is state

    @invariant()
    def every_open_report_is_queued_or_busy(self) -> None:
        engine = self.harness.engine
        for report in engine.reports:
            if report.state in WITH_ID:
                assert report.pending().report_id
            is_under_way = report in [action.report for action in self.under_way]
            assert report.is_busy == is_under_way
            assert not (report.state.is_final and is_under_way)
        open_reports = [r for r in engine.reports if not r.state.is_final]
        assert engine.is_done == (not open_reports)
        for stream in ("x", "y", "campaigns"):
            waited_for = [
                r
                for r in open_reports
                if any(t.stream == stream for t in r.subscribers)
            ]
            assert engine.is_done_for(stream) == (not waited_for)
        waiting = [
            r for r in open_reports if not r.is_busy and r.state is not State.FETCHED
        ]
        assert (engine.next_wake(self.harness.now) is not None) == bool(waiting)

    def teardown(self) -> None:
        """From wherever it got, a good day brings every report to its end."""
        harness = self.harness
        for action in self.under_way:
            harness.record(action, harness.well(action))
        for report in self.held:
            harness.changes.append(harness.engine.delivered(report))
        harness.drive(harness.well, seconds=timedelta(days=1).total_seconds())
        harness.deliver()
        assert all(report.state.is_final for report in harness.engine.reports)
        assert harness.engine.is_done


TestEngine = EngineMachine.TestCase
