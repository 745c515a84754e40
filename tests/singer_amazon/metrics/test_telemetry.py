"""Metrics and traces by OpenTelemetry, kept in memory."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from amazon_emulator import Emulator
from singer_amazon.metrics.run_metrics import RunMetrics
from singer_amazon.metrics.telemetry import Telemetry, open_telemetry
from support.ads.runs import CAMPAIGNS, NOON, days, fresh, run

SET = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


def sdk(name: str) -> Any:
    return pytest.importorskip(f"opentelemetry.sdk.{name}", reason="needs group otel")


def test_nothing_is_sent_where_nobody_listens() -> None:
    said: list[str] = []
    off = {**SET, "OTEL_SDK_DISABLED": "true"}
    for environment in ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, off):
        assert open_telemetry({}, said.append, environment) is None
    assert said == []


def test_a_listener_without_the_extra_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    said: list[str] = []
    assert open_telemetry({}, said.append, SET) is None
    [sentence] = said
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is set" in sentence
    assert "extra otel" in sentence


def test_a_run_is_measured_and_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    of_metrics, of_traces = sdk("metrics"), sdk("trace")
    reader = sdk("metrics.export").InMemoryMetricReader()
    spans = sdk("trace.export.in_memory_span_exporter").InMemorySpanExporter()
    tracers = of_traces.TracerProvider()
    tracers.add_span_processor(sdk("trace.export").SimpleSpanProcessor(spans))
    meters = of_metrics.MeterProvider([reader])
    monkeypatch.setattr(meters, "shutdown", lambda: None)  # it is read below
    opened = lambda labels, _: Telemetry(meters, tracers, labels)  # noqa: E731
    monkeypatch.setattr(RunMetrics, "begin", _begin_with(opened))
    with Emulator(now=NOON, frozen=True) as emulator:
        fresh(emulator)
        ran = run(emulator, **days("2026-11-18"))

    found = measured(reader.get_metrics_data())
    assert found["singer_amazon.reports.asked", ""] == 1
    assert found["singer_amazon.reports.delivered", ""] == 1
    assert found["singer_amazon.reports.waiting", ""] == 0
    assert found["singer_amazon.gaps", ""] == 0
    assert found["singer_amazon.rows", CAMPAIGNS] == len(ran.rows(CAMPAIGNS))
    assert found["singer_amazon.calls", "create"] == 1
    report, whole = spans.get_finished_spans()
    assert (report.name, whole.name) == ("report", "run")
    assert report.parent.span_id == whole.context.span_id
    assert report.attributes["outcome"] == "delivered"
    assert [event.name for event in report.events] == [
        *("requested", "ready", "fetched", "delivered")
    ]
    assert whole.attributes["result"] == "complete"
    assert whole.start_time <= report.start_time <= report.end_time <= whole.end_time


class Collector(BaseHTTPRequestHandler):
    """Takes everything that is sent."""

    taken: ClassVar[list[tuple[str, int]]] = []

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.taken.append((self.path, len(self.rfile.read(size))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def test_a_collector_gets_metrics_and_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk("metrics")
    Collector.taken.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host, port = server.server_address[:2]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{host!s}:{port}")
    try:
        with Emulator(now=NOON, frozen=True) as emulator:
            fresh(emulator)
            ran = run(emulator, **days("2026-11-18"))
    finally:
        server.shutdown()
        server.server_close()
    assert ran.code == 0
    assert {path for path, size in Collector.taken if size} == {
        "/v1/metrics",
        "/v1/traces",
    }


def _begin_with(opened: Any) -> Any:
    def begin(self: RunMetrics, warn: Any) -> None:
        self._telemetry = opened(self.labels, warn)
        self._next = self.clock.now()  # measured on the way, too: nothing counts twice

    return begin


def measured(data: Any) -> dict[tuple[str, str], float]:
    """Return values by name and the label they differ by."""
    found = {}
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.data.data_points:
            labels = dict(point.attributes)
            assert labels.pop("tap") == "tap-amazon-ads"
            found[metric.name, "".join(labels.values())] = point.value
    return found
