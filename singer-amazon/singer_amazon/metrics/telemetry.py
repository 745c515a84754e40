"""Metrics and traces of a run by OpenTelemetry, where somebody listens.

The standard environment variables say where to, as for any program with OpenTelemetry:
`OTEL_EXPORTER_OTLP_ENDPOINT`, or those of metrics and of traces alone. It comes with
the extra `otel` and is imported only then.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from singer_amazon.metrics.samples import Sample

if TYPE_CHECKING:
    from singer_amazon.report_log.entry import LoggedReport

logger = logging.getLogger(__name__)

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
ENDPOINTS = (
    *(ENDPOINT, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"),
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)
DISABLED = "OTEL_SDK_DISABLED"
FLUSH_MILLISECONDS = 5000
_STEPS = ("requested", "ready", "fetched", "delivered")


@dataclass(slots=True)
class Telemetry:
    """Takes what a run measures to OpenTelemetry."""

    meters: Any
    """A MeterProvider of OpenTelemetry's SDK."""
    tracers: Any
    """Its TracerProvider."""
    labels: Mapping[str, str]
    _instruments: dict[str, Any] = field(default_factory=dict, init=False)
    _sent: dict[tuple[str, str], float] = field(default_factory=dict, init=False)
    _reports: list[LoggedReport] = field(default_factory=list, init=False)

    def keep(self, report: LoggedReport) -> None:
        """Keep a finished report: it becomes a span of the run at its end."""
        self._reports.append(report)

    def measure(self, found: Iterable[Sample]) -> None:
        """Take values over; of those that add up only what is new."""
        for sample in found:
            labels = {**self.labels, **sample.labels}
            instrument = self._instrument(sample)
            if not sample.metric.adds_up:
                instrument.set(sample.value, labels)
                continue
            key = (sample.metric.name, str(sample.labels))
            instrument.add(sample.value - self._sent.get(key, 0), labels)
            self._sent[key] = sample.value

    def end(self, run_id: str, result: str, began: datetime, ended: datetime) -> None:
        """Write the spans of the run and its reports, and send everything."""
        from opentelemetry import trace  # noqa: PLC0415 - an extra

        tracer = self.tracers.get_tracer("singer_amazon")
        run = tracer.start_span(
            "run",
            start_time=_nanoseconds(began),
            attributes={**self.labels, "run_id": run_id, "result": result},
        )
        inside = trace.set_span_in_context(run)
        for report in self._reports:
            _add_span(tracer, inside, report, began, ended)
        run.end(_nanoseconds(ended))
        for provider in (self.meters, self.tracers):
            with suppress(Exception):  # who does not listen keeps no run from ending
                provider.force_flush(FLUSH_MILLISECONDS)
                provider.shutdown()

    def _instrument(self, sample: Sample) -> Any:  # noqa: ANN401 - OpenTelemetry's
        metric = sample.metric
        found = self._instruments.get(metric.name)
        if found is None:
            meter = self.meters.get_meter("singer_amazon")
            make = meter.create_counter if metric.adds_up else meter.create_gauge
            found = make(metric.name, unit=metric.unit, description=metric.meaning)
            self._instruments[metric.name] = found
        return found


def _add_span(
    tracer: Any,  # noqa: ANN401 - OpenTelemetry's
    inside: Any,  # noqa: ANN401
    report: LoggedReport,
    began: datetime,
    ended: datetime,
) -> None:
    """Add a report's span: from its plan to its end, with what happened between."""
    times = {name: getattr(report, f"{name}_at") for name in _STEPS}
    begin = report.planned_at or began
    span = tracer.start_span(
        "report",
        context=inside,
        start_time=_nanoseconds(begin),
        attributes={
            "stream": report.stream,
            "report_type": report.report_type,
            "window": f"{report.window_start}..{report.window_end}",
            "outcome": report.outcome,
            "calls": report.calls,
            "throttled": report.throttled,
            "rows": report.rows,
        },
    )
    for name, time in times.items():
        if time is not None and time >= begin:
            span.add_event(name, timestamp=_nanoseconds(time))
    span.end(_nanoseconds(report.delivered_at or ended))


def _nanoseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000) * 1000


def open_telemetry(
    labels: Mapping[str, str],
    warn: Callable[[str], object],
    environment: Mapping[str, str] = os.environ,
) -> Telemetry | None:
    """Return what sends metrics and traces where the environment names a listener."""
    named = [name for name in ENDPOINTS if environment.get(name, "").strip()]
    if not named or environment.get(DISABLED, "").strip().lower() == "true":
        return None
    if importlib.util.find_spec("opentelemetry") is None or (
        importlib.util.find_spec("opentelemetry.exporter") is None
    ):
        warn(
            f"{named[0]} is set, but OpenTelemetry is not installed: nothing is sent. "
            "Install the extra otel, or set OTEL_SDK_DISABLED=true"
        )
        return None
    return _to_collector(labels)


def _to_collector(labels: Mapping[str, str]) -> Telemetry:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415
        PeriodicExportingMetricReader,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({"service.name": labels["tap"]})
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Telemetry(MeterProvider([reader], resource=resource), tracers, labels)
