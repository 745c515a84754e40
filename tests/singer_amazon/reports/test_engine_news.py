"""Reports that Amazon says are done: polled at once, and otherwise hardly ever."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, CallKind
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome
from support.core.engine import harness, many, requested, state_of
from support.core.reports import EngineHarness, pending, request

BACKUP = 900.0


def notified() -> EngineHarness:
    return harness(backup_poll_interval=BACKUP)


def test_a_report_is_polled_as_soon_as_it_is_announced() -> None:
    one = notified()
    report = requested(one)
    one.wait(100)
    assert not one.take()

    assert one.engine.announce("r1", one.now) == [report]
    one.record(one.take_one(CallKind.POLL), model.Ready())

    assert state_of(report) is State.READY
    assert one.engine.announcements.missing == 0


def test_without_news_it_is_polled_as_a_backup() -> None:
    one = notified()
    requested(one)
    one.wake()

    assert 0.9 * BACKUP <= one.seconds <= BACKUP
    one.record(one.take_one(CallKind.POLL), model.Ready())
    assert one.engine.announcements.missing == 1


def test_what_is_announced_and_still_running_is_polled_as_usual() -> None:
    one = notified()
    requested(one)
    one.engine.announce("r1", one.now)
    one.record(one.take_one(CallKind.POLL), model.Running())

    one.wake()
    assert one.seconds < 60
    one.take_one(CallKind.POLL)


def test_the_same_news_twice_is_no_work() -> None:
    one = notified()
    requested(one)
    one.engine.announce("r1", one.now)
    poll = one.take_one(CallKind.POLL)
    one.engine.announce("r1", one.now)
    one.record(poll, model.Running())
    one.engine.announce("r1", one.now)

    assert not one.take()


def test_news_during_a_poll_are_not_lost() -> None:
    """Its answer may be older than the news."""
    one = notified()
    requested(one)
    one.wake()
    before, poll = one.seconds, one.take_one(CallKind.POLL)
    one.engine.announce("r1", one.now)
    one.record(poll, model.Running())
    one.wake()

    assert one.seconds - before < 60


def test_news_may_be_here_before_the_answer_to_the_create() -> None:
    one = notified()
    (report,) = one.ask(request())
    create = one.take_one(CallKind.CREATE)
    assert one.engine.announce("r1", one.now) == []
    one.record(create, model.Accepted("r1"))

    one.record(one.take_one(CallKind.POLL), model.Ready())
    assert report.state is State.READY


def test_a_new_attempt_waits_for_news_of_its_own() -> None:
    one = notified()
    requested(one)
    one.engine.announce("r1", one.now)
    one.record(one.take_one(CallKind.POLL), model.Failed("FATAL"))
    one.wake()
    one.record(one.take_one(CallKind.CREATE), model.Accepted("r2"))
    one.engine.announce("r1", one.now)

    assert not one.take()
    one.engine.announce("r2", one.now)
    one.take_one(CallKind.POLL)


def test_another_type_of_the_same_id_is_somebody_elses() -> None:
    """Ids are Amazon's for each account: others may have the same."""
    one = notified()
    report = requested(one)
    assert one.engine.announce("r1", one.now, "spOther") == []
    assert not report.has_news
    assert one.engine.announce("r1", one.now, report.request.report_type) == [report]


def test_an_adopted_report_is_polled_at_once_and_then_waits_for_news() -> None:
    one = notified()
    one.engine.adopt(request(), pending(1), one.now)
    one.record(one.take_one(CallKind.POLL), model.Running())
    assert not one.take()
    one.engine.announce("r1", one.now)
    one.record(one.take_one(CallKind.POLL), model.Ready())


def test_where_end_notifications_any_more_polling_is_as_usual() -> None:
    one = notified()
    requested(one)
    one.engine.end_notifications(one.now)
    one.wake()

    assert one.seconds <= 15
    one.record(one.take_one(CallKind.POLL), model.Running())
    one.wake()
    assert one.seconds < 60


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20)), max_size=40))
def test_any_news_in_any_order_lose_and_double_nothing(
    news: list[tuple[int, int]],
) -> None:
    """Early, late, doubled, foreign: each report is fetched once."""
    one = notified()
    one.ask(*many(streams=3, accounts=4))
    for seconds, number in news:
        one.drive(_slow(one), seconds=seconds)
        one.engine.announce(f"r{number}", one.now)
    one.drive(one.well)

    assert one.engine.is_done
    assert one.states() == {State.DELIVERED: 12}
    assert one.counted(CallKind.CREATE) == one.counted(CallKind.FETCH) == 12


def _slow(one: EngineHarness) -> Callable[[Action], Outcome]:
    def answer(action: Action) -> Outcome:
        is_poll = action.kind is CallKind.POLL
        return model.Running() if is_poll and one.seconds < 40 else one.well(action)

    return answer
