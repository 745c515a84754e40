"""What OpenTelemetry costs a run, and that it costs none where it is off.

The tap reads some hundred reports with a million rows from the emulator, in turn
without a collector and with one. Processor time of the whole process is compared.

    uv run --group otel benchmarks/telemetry.py
    uv run --group otel benchmarks/telemetry.py --profiles 20 --rows 100
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import agency
from harness import emulator, tap_settings

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Collector(BaseHTTPRequestHandler):
    """Takes everything that is sent, and counts it."""

    received = 0

    def do_POST(self) -> None:
        """Read a message and answer that it is taken."""
        Collector.received += len(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextlib.contextmanager
def collector() -> Iterator[str]:
    """Run a collector and yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def cpu_seconds(command: list[str], address: str | None) -> float:
    """Run the tap, and return the processor time it took."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    if address is not None:
        environment[ENDPOINT] = address
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=log, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        if process.returncode:
            sys.exit(log.read().decode()[-3000:])
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure in pairs, and print how much dearer a run with a collector is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profiles", type=int, default=40)
    parser.add_argument("--rows", type=int, default=5000, help="of each report")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    serving = ("--ready-after-seconds", "0.5", "--rows-per-day", str(options.rows))
    with (
        tempfile.TemporaryDirectory() as name,
        emulator(*serving) as client,
        collector() as address,
    ):
        client.set_accounts(agency.world(options.profiles))
        day = (datetime.now(timezone.utc) - timedelta(days=3)).date().isoformat()
        config = Path(name) / "config.json"
        settings = {"start_date": day, "end_date": day, "poll_interval_seconds": 0.5}
        config.write_text(json.dumps(tap_settings(client) | settings))
        catalog = agency.catalog(config, Path(name))
        command = agency.tap("--config", str(config), "--catalog", str(catalog))
        pairs = [
            (cpu_seconds(command, None), cpu_seconds(command, address))
            for _ in range(options.pairs)
        ]
    reports = options.profiles * len(agency.STREAMS)
    off, on = (median(found) for found in zip(*pairs, strict=True))
    print(f"{reports} reports, {reports * options.rows:,} rows, medians of {pairs=}")
    print(f"off {off:.2f} s of CPU, on {on:.2f} s: {on - off:+.2f} s")
    costs = [100 * (with_it / without - 1) for without, with_it in pairs]
    print(f"in pairs {median(costs):+.1f} %, each {[round(c, 1) for c in costs]}")
    print(f"{Collector.received:,} bytes sent in all")
    if not Collector.received:
        sys.exit("nothing was sent: is the extra otel installed?")


if __name__ == "__main__":
    main()
