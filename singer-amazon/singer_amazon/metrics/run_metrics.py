"""Measures one run: on its way for OpenTelemetry, at its end as text for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from singer_amazon.clock import Clock
from singer_amazon.metrics.samples import samples
from singer_amazon.metrics.telemetry import Telemetry, open_telemetry
from singer_amazon.metrics.textfile import render
from singer_amazon.reports.engine import Engine
from singer_amazon.sync.session import Session
from singer_amazon.sync.summary import RunStats, summary

INTERVAL = timedelta(seconds=30)


@dataclass(slots=True)
class RunMetrics:
    """What a run measures, and who takes it."""

    stats: RunStats
    clock: Clock
    labels: Mapping[str, str]
    open: Callable[[Mapping[str, str], Callable[[str], object]], Telemetry | None] = (
        open_telemetry
    )
    _telemetry: Telemetry | None = field(default=None, init=False)
    _session: Session | None = field(default=None, init=False)
    _next: datetime | None = field(default=None, init=False)

    def begin(self, warn: Callable[[str], object]) -> None:
        """Look whether somebody listens."""
        self._telemetry = self.open(self.labels, warn)
        self._next = self.clock.now() + INTERVAL

    def listen(self, session: Session) -> None:
        """Measure a run's reports from now on."""
        self._session = session
        if self._telemetry is not None:
            session.report_log.subscribe(self._telemetry.keep)

    def tick(self) -> None:
        """Measure on the way, every half minute."""
        if self._telemetry is None or self._next is None or self._session is None:
            return
        now = self.clock.now()
        if now >= self._next:
            self._next = now + INTERVAL
            self._telemetry.measure(
                samples(self.stats, self._session.engine, self._gaps(), now)
            )

    def end(self, engine: Engine | None) -> None:
        """Measure for the last time, and send everything."""
        if self._telemetry is None:
            return
        now = self.clock.now()
        self._telemetry.measure(samples(self.stats, engine, self._gaps(), now))
        result = str(summary(self.stats, engine, now)["result"])
        self._telemetry.end(self.stats.run_id, result, self.stats.started, now)
        self._telemetry = None

    def text(self, engine: Engine | None) -> str:
        """Return everything as text for Prometheus."""
        found = samples(self.stats, engine, self._gaps(), self.clock.now())
        return render(found, self.labels)

    def _gaps(self) -> int:
        return 0 if self._session is None else self._session.open_gaps
