"""What a run logs for people: progress while it waits, and what came of it."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from singer_amazon.reports.engine import Engine, Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.sync.next_look import next_look_at

logger = logging.getLogger(__name__)

PROGRESS_EVERY = timedelta(seconds=30)
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was refused, failed or given up, for one account.

    `is_failure` is False for what people should know although nothing is wrong
    with the run: a report type not offered, a gap closed in an earlier run.
    """

    account: str
    stream: str
    window: str
    reason: str
    is_failure: bool = True


@dataclass(slots=True)
class RunStats:
    """Everything a run counts."""

    started: datetime
    rows: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    adopted: int = 0
    requested: int = 0
    problems: dict[Problem, None] = field(default_factory=dict)
    """A set that keeps its order."""
    broke_off: str = ""
    """Why the run ended before its end, as it was logged."""
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """What stands for the run in `report_log` and `report_days`."""

    @property
    def failures(self) -> list[Problem]:
        """What makes the run exit 1."""
        return [p for p in self.problems if p.is_failure]

    def add(self, problem: Problem) -> None:
        """Note a problem once."""
        self.problems.setdefault(problem)


class ProgressLog:
    """Says every half minute how far a waiting run is."""

    def __init__(self, now: datetime) -> None:
        self._next = now + PROGRESS_EVERY

    def log(self, engine: Engine, now: datetime, label: dict[str, str]) -> None:
        """Write one line if it is time for one."""
        if now < self._next:
            return
        self._next = now + PROGRESS_EVERY
        states = Counter(report.state for report in engine.reports)
        open_reports = [r for r in engine.reports if r.state is State.REQUESTED]
        oldest = min(open_reports, key=lambda r: r.requested_at or now, default=None)
        waiting = (
            "" if oldest is None else f"; longest: {_describe(oldest, now, label)}"
        )
        logger.info(
            "Reports: %d, to ask %d, Amazon works on %d, ready %d, delivered %d, "
            "throttled %d times%s%s",
            len(engine.reports),
            states[State.PLANNED],
            states[State.REQUESTED] + states[State.CANCELLING],
            states[State.READY] + states[State.FETCHED],
            states[State.DELIVERED],
            engine.throttled,
            waiting,
            _outage(engine, now),
        )


def _outage(engine: Engine, now: datetime) -> str:
    if engine.outage is None:
        return ""
    minutes = (now - engine.outage.since).total_seconds() / 60
    return f"; no answer from Amazon for {minutes:.0f} min: {engine.outage.reason}"


def _describe(report: Report, now: datetime, label: dict[str, str]) -> str:
    request = report.request
    minutes = (now - (report.requested_at or now)).total_seconds() / 60
    account = label.get(request.account, request.account)
    return f"{request.stream} of {account} {request.window}, {minutes:.0f} min"


def grouped(problems: Iterable[Problem]) -> list[str]:
    """Return one sentence per account and reason, naming reports and windows."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.account, problem.reason), []).append(problem)
    lines = []
    for (account, reason), members in groups.items():
        names = [f"{p.stream} {p.window}".strip() for p in members]
        shown = ", ".join(names[:_SHOWN])
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        where = f"{account}: {shown}{more}" if shown else account
        lines.append(f"{where}: {reason}")
    return lines


def log_summary(stats: RunStats, engine: Engine | None, now: datetime) -> None:
    """Log what came of the run: problems, what waits, and the summary line."""
    reports = engine.reports if engine is not None else []
    for line in grouped(p for p in stats.problems if not p.is_failure):
        logger.warning(line)
    waiting = [r for r in reports if r.state not in _ENDED]
    asked = [r for r in waiting if r.report_id is not None]
    if asked:
        logger.warning(
            "%d reports wait at Amazon, their ids in the state, for the next run: %s",
            len(asked),
            _listed(asked),
        )
    if len(asked) < len(waiting):
        unasked = [r for r in waiting if r.report_id is None]
        logger.warning(
            "%d reports are left for the next run to ask for: %s",
            len(unasked),
            _listed(unasked),
        )
    for line in grouped(stats.failures):
        logger.error(line)
    found = summary(stats, engine, now)
    logger.info("Run summary: %s", msgspec.json.encode(found).decode())


def _listed(reports: Sequence[Report]) -> str:
    shown = ", ".join(
        f"{r.request.stream} of {r.request.account} {r.request.window}"
        + (f" ({r.reason})" if r.reason else "")
        for r in reports[:_SHOWN]
    )
    more = len(reports) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


_ENDED = {State.DELIVERED, State.FAILED, State.REFUSED}


def _result(stats: RunStats, states: Mapping[State, int], waiting: int) -> str:
    """Return the run in a word: failed, partly, waiting or complete."""
    nothing_came = set(states) == {State.REFUSED} and not any(stats.rows.values())
    if stats.broke_off or (stats.failures and nothing_came):
        return "failed"
    if stats.failures:
        return "partly"
    return "waiting" if waiting else "complete"


def _taken_apart(problem: Problem) -> dict[str, str]:
    """Return a failure for programs; what it does not concern is left out."""
    found = {
        "account": problem.account,
        "stream": problem.stream,
        "window": problem.window,
    }
    named = {name: text for name, text in found.items() if text}
    return {**named, "reason": problem.reason}


def summary(stats: RunStats, engine: Engine | None, now: datetime) -> dict[str, object]:
    """Return the run in numbers."""
    reports = engine.reports if engine is not None else []
    states = Counter(report.state for report in reports)
    waiting = sum(r.state not in _ENDED for r in reports)
    broke_off = [stats.broke_off] if stats.broke_off else []
    next_look = next_look_at(engine, now)
    return {
        "run_id": stats.run_id,
        "result": _result(stats, states, waiting),
        "seconds": round((now - stats.started).total_seconds(), 1),
        "next_look_at": None if next_look is None else next_look.isoformat(),
        "reports": {
            "planned": len(reports),
            "requested": stats.requested,
            "adopted": stats.adopted,
            "delivered": states[State.DELIVERED],
            "failed": states[State.FAILED],
            "refused": states[State.REFUSED],
            "waiting": waiting,
        },
        "throttled": engine.throttled if engine is not None else 0,
        "rows": sum(stats.rows.values()),
        "rows_by_stream": dict(sorted(stats.rows.items())),
        "repeated_keys": dict(stats.repeats),
        "failures": [*broke_off, *grouped(stats.failures)],
        "failed": [
            *({"reason": reason} for reason in broke_off),
            *map(_taken_apart, stats.failures),
        ],
        "notices": grouped(p for p in stats.problems if not p.is_failure),
    }
