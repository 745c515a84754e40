"""What the log of reports says of each of them, with a scripted Amazon."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.report_log.collector import ReportLog, RequestDetails, part_of
from singer_amazon.report_log.entry import LoggedReport
from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, CallKind, Engine, RetrySettings
from singer_amazon.reports.model import ClosedGap, Outcome, ReportRequest
from support.core.reports import NOON, OUTCOMES, EngineHarness, people, request, window

DETAILS = RequestDetails("Acme", "USD", "UTC", ("date", "cost"), ("cost",))


class LoggedHarness(EngineHarness):
    """An engine whose final changes go into a log, as a session does it."""

    def __init__(self) -> None:
        super().__init__(Engine(RetrySettings()))
        self.entries: list[LoggedReport] = []
        self.log = ReportLog("run", lambda _: DETAILS)
        self.log.subscribe(self.entries.append)
        self._heard = 0

    def hear(self) -> None:
        """Hand the changes since the last time to the log."""
        new, self._heard = self.changes[self._heard :], len(self.changes)
        for change in new:
            if change.after.is_final and change.before is not change.after:
                self.log.ended(change.report, self.now)

    def deliver(self) -> int:
        while (report := self.engine.take_fetched()) is not None:
            for subscriber in report.subscribers:
                self.log.written(subscriber, 3, 1)
            self.changes.append(self.engine.delivered(report))
        self.hear()
        return 0


def test_a_delivered_report_has_its_times_calls_and_attempts() -> None:
    one = LoggedHarness()
    one.ask(request(1, 2))
    one.record(one.take_one(CallKind.CREATE), model.Throttled())
    one.wait(600)
    one.record(one.take_one(CallKind.CREATE), model.Accepted("r1"))
    accepted = one.now
    one.wake()
    one.record(one.take_one(CallKind.POLL), model.Ready())
    ready = one.now
    action = one.take_one(CallKind.FETCH)
    one.wait(5)
    one.record(action, model.Fetched("document"))
    fetched = one.now
    one.wait(7)
    one.deliver()
    (entry,) = one.entries
    times = (entry.planned_at, entry.requested_at, entry.ready_at, entry.fetched_at)
    assert times == (NOON, accepted, ready, fetched)
    assert entry.delivered_at == fetched + timedelta(seconds=7)
    assert (entry.calls, entry.throttled, entry.attempts) == (4, 1, 1)
    assert (entry.outcome, entry.rows, entry.repeated_keys) == ("delivered", 3, 1)
    assert (entry.window_start, entry.window_end) == ("2026-10-01", "2026-10-02")
    assert entry.report_id == "r1"
    assert entry.columns == ("date", "cost")
    assert entry.refused_columns == ("cost",)


def test_a_refusal_says_it_in_amazons_words() -> None:
    one = LoggedHarness()
    one.ask(request())
    one.record(one.take_one(CallKind.CREATE), model.Refused("HTTP 400: no such column"))
    one.hear()
    (entry,) = one.entries
    assert (entry.outcome, entry.reason) == ("refused", "HTTP 400: no such column")
    assert entry.report_id is None
    assert entry.requested_at is None


def test_a_failed_report_keeps_the_id_it_had() -> None:
    one = LoggedHarness()
    one.ask(request())
    one.record(one.take_one(CallKind.CREATE), model.Accepted("r1"))
    one.wake()
    one.record(one.take_one(CallKind.POLL), model.Failed("FAILED", is_final=True))
    one.hear()
    (entry,) = one.entries
    assert (entry.outcome, entry.report_id) == ("gap", "r1")


def test_what_is_not_there_in_time_waits_for_the_next_run() -> None:
    one = LoggedHarness()
    one.ask(request(), request(2))
    one.record(one.take(1)[0], model.Accepted("r1"))
    one.changes += one.engine.time_up()
    one.hear()
    assert {(e.outcome, e.report_id) for e in one.entries} == {
        ("waiting", "r1"),
        ("waiting", None),
    }


def test_a_window_given_up_is_a_closed_gap() -> None:
    one = LoggedHarness()
    (report,) = one.ask(request())
    one.log.given_up(report.request)
    one.record(one.take_one(CallKind.CREATE), model.Refused("too old"))
    one.hear()
    assert [e.outcome for e in one.entries] == ["closed_gap"]


def test_a_gap_closed_while_planning_is_logged_too() -> None:
    one = LoggedHarness()
    one.log.closed(request(3), ClosedGap(window(3), "too old", 2, NOON))
    (entry,) = one.entries
    assert (entry.outcome, entry.reason) == ("closed_gap", "too old")


def test_nothing_is_kept_where_nobody_listens() -> None:
    log = ReportLog("run", lambda _: DETAILS)
    log.written(request(), 1, 0)
    log.given_up(request())
    entries: list[LoggedReport] = []
    log.subscribe(entries.append)
    log.closed(request(), ClosedGap(window(1), "", 1, NOON))
    assert [(e.rows, e.outcome) for e in entries] == [(0, "closed_gap")]


def test_reports_of_one_window_are_told_apart() -> None:
    def part(**values: object) -> str:
        found: ReportRequest = replace(request(), **values)  # type: ignore[arg-type]
        return part_of(found)

    assert part() == ""
    assert part(qualifier="US DAY") == "US DAY"
    assert part(members=people(["7"])) == "7"
    several = {part(members=people(names)) for names in ("ab", "ac", "abc")}
    assert len(several) == 3
    assert part(listed_id="r1", qualifier="US") != part(listed_id="r2", qualifier="US")


@given(st.data())
def test_every_report_ends_in_one_entry(data: st.DataObject) -> None:
    one = LoggedHarness()
    days = data.draw(st.integers(1, 4))
    one.ask(*(request(number, account=a) for number in range(1, days) for a in "12"))

    def answer(action: Action) -> Outcome:
        return data.draw(st.sampled_from(OUTCOMES[action.kind]))

    one.drive(answer, seconds=3600)
    one.changes += one.engine.time_up()
    one.hear()
    asked = [(r.request.account, str(r.request.window)) for r in one.engine.reports]
    logged = [(e.account, f"{e.window_start}..{e.window_end}") for e in one.entries]
    assert sorted(asked) == sorted(logged)
    assert sum(e.calls for e in one.entries) == len(one.calls)
    assert sum(e.throttled for e in one.entries) == one.engine.throttled
