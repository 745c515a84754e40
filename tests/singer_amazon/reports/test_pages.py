"""Results of several pages whose rows are written together, in the engine."""

from __future__ import annotations

from singer_amazon.reports import model
from singer_amazon.reports.engine import CallKind, Engine, Report, RetrySettings
from singer_amazon.reports.lifecycle import RunMode, State
from singer_amazon.reports.model import PendingReport, ResultPage
from singer_amazon.reports.partition_state import PartitionState
from support.core.engine import harness, look, requested
from support.core.reports import NOON, EngineHarness, request, window

PAGE = ResultPage(2, "", "", "r1", part=2)
CHAIN = PendingReport("r3", window(1), "f" * 16, NOON, before=("r1", "r2"))


def fetched(one: EngineHarness, next_page: ResultPage | None) -> None:
    """Bring the only report from Amazon's work on it to its document."""
    look(one, model.Ready(next_page=next_page))
    one.record(one.take_one(CallKind.FETCH), model.Fetched("document"))
    one.engine.take_fetched()


def held(one: EngineHarness, report: Report) -> None:
    one.engine.continued(report, one.now, is_held=True)


def test_a_held_page_stays_pending_with_the_next_one() -> None:
    one = harness()
    report = requested(one, "r1")
    fetched(one, PAGE)
    held(one, report)
    one.record(one.take_one(CallKind.CREATE), model.Accepted("r2"))
    pending = report.pending()
    assert (pending.report_id, pending.before, pending.page) == ("r2", ("r1",), PAGE)
    state = PartitionState(pending=[pending])
    again = PartitionState.from_state(state.to_state())
    assert again.pending == [pending]
    again.forget("r1")
    assert again.pending == []


def test_a_chain_is_taken_up_from_its_first_page_without_a_create() -> None:
    one = harness()
    report = one.engine.adopt(request(), CHAIN, one.now)
    for number, report_id in enumerate(("r1", "r2", "r3"), start=2):
        assert (report.report_id, report.pending()) == (
            report_id,
            CHAIN if report_id != "r3" else report.current(),
        )
        fetched(one, ResultPage(number, "", "", report_id, part=number))
        held(one, report)
    assert report.state is State.PLANNED
    assert one.engine.calls[CallKind.CREATE] == 0
    assert [entry.report_id for entry in report.held] == ["r1", "r2", "r3"]


def test_a_chain_whose_page_is_gone_asks_for_it_anew() -> None:
    one = harness()
    report = one.engine.adopt(request(), CHAIN, one.now)
    fetched(one, PAGE)
    held(one, report)
    look(one, model.Vanished())
    one.wake()
    one.record(one.take_one(CallKind.CREATE), model.Accepted("r9"))
    assert (report.pending().report_id, report.pending().before) == ("r9", ("r1",))
    assert report.known_ids == []


def test_a_run_that_only_collects_asks_for_the_next_page() -> None:
    """It belongs to what an earlier run asked for."""
    one = EngineHarness(Engine(RetrySettings(mode=RunMode.COLLECT)))
    pending = PendingReport("r1", window(1), "f" * 16, NOON)
    report = one.engine.adopt(request(), pending, one.now)
    fetched(one, PAGE)
    held(one, report)
    assert one.take_one(CallKind.CREATE).report is report
