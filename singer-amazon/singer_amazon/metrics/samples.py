"""What is measured of a run, and how it is read off; pure.

Nothing here names an account: names and ids of customers stay out of metrics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from singer_amazon.reports.engine import CallKind, Engine
from singer_amazon.reports.lifecycle import State
from singer_amazon.sync.next_look import next_look_at
from singer_amazon.sync.summary import RunStats, summary

RESULTS = ("complete", "waiting", "partly", "failed")
OPERATIONS: Mapping[CallKind, str] = {kind: kind.name.lower() for kind in CallKind}
_ENDED = {State.DELIVERED, State.FAILED, State.REFUSED}


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that is measured."""

    name: str
    """As OpenTelemetry writes it; Prometheus has underscores in place of dots."""
    meaning: str
    unit: str = "1"
    label: str = ""
    """What its values differ by."""
    adds_up: bool = False
    """Whether values of several runs can be added up; else the last one counts."""

    @property
    def prometheus_name(self) -> str:
        """Its name in a text file: the values are those of one run, so gauges."""
        return self.name.replace(".", "_")


_P = "singer_amazon."
RUN_RESULT = Metric(f"{_P}run.result", "1 for what the run came to", label="result")
RUN_SECONDS = Metric(f"{_P}run.seconds", "How long the run took", "s")
RUN_ENDED = Metric(f"{_P}run.ended_at_seconds", "When it ended, as Unix time", "s")
NEXT_LOOK = Metric(
    f"{_P}run.next_look_at_seconds", "When to come back, as Unix time; 0: no need", "s"
)
ASKED = Metric(f"{_P}reports.asked", "Reports that Amazon accepted", adds_up=True)
ADOPTED = Metric(
    f"{_P}reports.adopted", "Reports taken up from earlier runs", adds_up=True
)
DELIVERED = Metric(f"{_P}reports.delivered", "Reports delivered", adds_up=True)
FAILED = Metric(f"{_P}reports.failed", "Reports that failed", adds_up=True)
REFUSED = Metric(f"{_P}reports.refused", "Reports that Amazon refused", adds_up=True)
WAITING = Metric(f"{_P}reports.waiting", "Reports not delivered yet")
OLDEST = Metric(
    f"{_P}reports.oldest_age_seconds", "Age of the oldest report at Amazon", "s"
)
GAPS = Metric(f"{_P}gaps", "Windows that are missing and tried again each run")
FAILURES = Metric(f"{_P}failures", "Problems that make the exit code 1", adds_up=True)
THROTTLED = Metric(f"{_P}calls.throttled", "Calls answered with 429", adds_up=True)
CALLS = Metric(f"{_P}calls", "Calls about reports", label="operation", adds_up=True)
ROWS = Metric(f"{_P}rows", "Rows delivered", label="stream", adds_up=True)

METRICS = (
    *(RUN_RESULT, RUN_SECONDS, RUN_ENDED, NEXT_LOOK, ASKED, ADOPTED, DELIVERED),
    *(FAILED, REFUSED, WAITING, OLDEST, GAPS, FAILURES, THROTTLED, CALLS, ROWS),
)
"""Everything that is measured, in the order of the documentation."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value."""

    metric: Metric
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def samples(
    stats: RunStats, engine: Engine | None, gaps: int, now: datetime
) -> Iterator[Sample]:
    """Yield every value of a run, at its end or on its way."""
    found = summary(stats, engine, now)
    for result in RESULTS:
        value = float(found["result"] == result)
        yield Sample(RUN_RESULT, value, {"result": result})
    yield Sample(RUN_SECONDS, (now - stats.started).total_seconds())
    yield Sample(RUN_ENDED, now.timestamp())
    next_look = next_look_at(engine, now)
    yield Sample(NEXT_LOOK, 0.0 if next_look is None else next_look.timestamp())
    yield Sample(ASKED, stats.requested)
    yield Sample(ADOPTED, stats.adopted)
    yield from _of_reports(engine, now)
    yield Sample(GAPS, gaps)
    yield Sample(FAILURES, len(stats.failures) + bool(stats.broke_off))
    yield Sample(THROTTLED, 0 if engine is None else engine.throttled)
    for kind, operation in OPERATIONS.items():
        count = 0 if engine is None else engine.calls[kind]
        yield Sample(CALLS, count, {"operation": operation})
    for stream, rows in sorted(stats.rows.items()):
        yield Sample(ROWS, rows, {"stream": stream})


def _of_reports(engine: Engine | None, now: datetime) -> Iterator[Sample]:
    reports = [] if engine is None else engine.reports
    states = Counter(report.state for report in reports)
    yield Sample(DELIVERED, states[State.DELIVERED])
    yield Sample(FAILED, states[State.FAILED])
    yield Sample(REFUSED, states[State.REFUSED])
    yield Sample(WAITING, sum(n for s, n in states.items() if s not in _ENDED))
    ages = (
        (now - report.requested_at).total_seconds()
        for report in reports
        if report.state not in _ENDED and report.report_id and report.requested_at
    )
    yield Sample(OLDEST, max(ages, default=0.0))
