"""Brings the engine of a fake clock and a scripted Amazon to where a test begins."""

from __future__ import annotations

from singer_amazon.reports import model
from singer_amazon.reports.engine import Action, CallKind, Engine, Report, RetrySettings
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome, ReportRequest
from support.core.reports import EngineHarness, request


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
