"""When it is worth coming back for what a run has left; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from singer_amazon.reports.engine import Engine, Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.report import CallKind

NOT_PUBLISHED_YET = timedelta(hours=1)
"""After how long data may have been published that was not there yet."""
_DONE = {State.DELIVERED, State.FAILED, State.REFUSED}


def next_look_at(engine: Engine | None, now: datetime) -> datetime | None:
    """Return when another run in the same mode can go on; None: nothing is left to it.

    Amazon names no time: where earlier runs have left how long reports of its type
    take, that counts; else one that has been made for long takes longer still. What has
    not been asked for waits for its rate limits.
    """
    reports = engine.reports if engine is not None else []
    times = [
        _time_of(engine, report, now)
        for report in reports
        if engine is not None and _is_left(engine, report)
    ]
    found = min(times, default=None)
    return None if found is None else _whole_second(found)


def _is_left(engine: Engine, report: Report) -> bool:
    is_asked = report.report_id is not None
    return report.state not in _DONE and (is_asked or engine.retry.mode.asks)


def _time_of(engine: Engine, report: Report, now: datetime) -> datetime:
    if report.state is State.DEFERRED:
        return now + NOT_PUBLISHED_YET
    if report.report_id is None:
        limiters = engine.limiters.of(CallKind.CREATE, report.request)
        return max(limiter.ready_at(now) for limiter in limiters)
    return now + timedelta(seconds=_wait(engine, report, report.age(now)))


def _wait(engine: Engine, report: Report, age: float) -> float:
    """Return how long a report of this age is left alone, as a run itself would."""
    retry = engine.retry
    usual = min(max(age / 2, retry.poll_interval), retry.poll_interval_max)
    return max(engine.polls.next_look(report, age, usual) - age, 0.0)


def _whole_second(time: datetime) -> datetime:
    """Return the next whole second, so that no program comes too early."""
    rest = timedelta(microseconds=time.microsecond)
    return time + (timedelta(seconds=1) - rest if rest else rest)
