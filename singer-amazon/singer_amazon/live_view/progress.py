"""What a live view shows of a run: counts per stream, the longest wait, times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from singer_amazon.reports.engine import Engine, Report
from singer_amazon.reports.lifecycle import State

_AT_AMAZON = {State.REQUESTED, State.CANCELLING}
_HERE = {State.READY, State.FETCHED}
_LOST = {State.FAILED, State.REFUSED}


@dataclass(slots=True)
class StreamProgress:
    """The reports of one stream, by where they stand."""

    stream: str
    to_ask: int = 0
    at_amazon: int = 0
    here: int = 0
    """Complete: being downloaded, or waiting to be written."""
    delivered: int = 0
    failed: int = 0
    """Refused ones included."""
    later: int = 0
    """Left to the next run."""
    rows: int = 0

    @property
    def total(self) -> int:
        """All of its reports."""
        return self.to_ask + self.open_count + self.delivered + self.failed + self.later

    @property
    def open_count(self) -> int:
        """Those that something happens with."""
        return self.at_amazon + self.here

    def add(self, state: State) -> None:
        """Count a report."""
        if state is State.PLANNED:
            self.to_ask += 1
        elif state in _AT_AMAZON:
            self.at_amazon += 1
        elif state in _HERE:
            self.here += 1
        elif state is State.DELIVERED:
            self.delivered += 1
        elif state in _LOST:
            self.failed += 1
        else:
            self.later += 1


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run at one moment; durations in seconds."""

    streams: list[StreamProgress]
    whole: StreamProgress
    elapsed: float
    left: float
    """Until nothing is waited for any more: max_runtime_seconds."""
    seconds_to_ask: float | None
    """How long asking for the rest takes, where the rates are known."""
    throttled: int
    longest: str = ""
    """The report Amazon has worked on for longest."""
    outage: str = ""
    """What is wrong, if no call is answered."""


@dataclass(slots=True)
class ProgressReader:
    """Looks at a run; all times come in as arguments."""

    engine: Engine
    rows: Mapping[str, int]
    """Rows written so far, by stream."""
    started: datetime
    deadline: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    """Accounts as people know them."""

    def read(self, now: datetime) -> RunProgress:
        """Return where the run stands."""
        whole, streams = StreamProgress(""), dict[str, StreamProgress]()
        oldest: Report | None = None
        planned = []
        for report in self.engine.reports:
            for subscriber in report.subscribers:
                name = subscriber.stream
                streams.setdefault(name, StreamProgress(name)).add(report.state)
                whole.add(report.state)
            if report.state is State.PLANNED:
                planned.append(report.request)
            elif report.state is State.REQUESTED and _is_older(report, oldest):
                oldest = report
        for name, stream in streams.items():
            stream.rows = self.rows.get(name, 0)
            whole.rows += stream.rows
        outage = self.engine.outage
        return RunProgress(
            streams=list(streams.values()),
            whole=whole,
            elapsed=(now - self.started).total_seconds(),
            left=max((self.deadline - now).total_seconds(), 0.0),
            seconds_to_ask=self.engine.limiters.seconds_for(planned, now)
            if planned
            else None,
            throttled=self.engine.throttled,
            longest=self._describe(oldest, now),
            outage=outage.reason if outage is not None else "",
        )

    def _describe(self, report: Report | None, now: datetime) -> str:
        if report is None:
            return ""
        request = report.request
        account = self.labels.get(request.account, request.account)
        since = report.requested_at or now
        minutes = (now - since).total_seconds() / 60
        return f"{minutes:.0f} min, {request.stream} of {account} {request.window}"


def _is_older(report: Report, other: Report | None) -> bool:
    if other is None or other.requested_at is None:
        return True
    return report.requested_at is not None and report.requested_at < other.requested_at
