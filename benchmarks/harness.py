"""What the benchmarks share: an emulator of its own process, a measured command."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from amazon_emulator import EmulatorClient

BIN = Path(sys.executable).parent
READ_BYTES = 1 << 20
RECORD = b'{"type":"RECORD"'
_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of what the system counts memory in."""
# A small process between: a child's peak memory is at least that of its parent.
METER = """
import os, resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
took = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
os.write(1, f"{took} {used.ru_utime + used.ru_stime} {used.ru_maxrss}".encode())
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a command, as a reader of its output sees it; times in seconds."""

    wall: float
    records: int
    first_record: float
    last_record: float
    cpu_seconds: float
    peak_megabytes: float

    @property
    def seconds(self) -> float:
        """The whole run."""
        return self.wall

    @property
    def records_per_second(self) -> float:
        """The pace between the first and the last record."""
        return self.records / max(self.last_record - self.first_record, 1e-9)


class Usage(NamedTuple):
    """What one run of a program took; CPU seconds on all cores together."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def emulator(*options: str) -> Iterator[EmulatorClient]:
    """Run `amazon-emulator serve` as a process of its own."""
    port, documents = free_port(), free_port()
    command = [
        *(str(BIN / "amazon-emulator"), "serve"),
        *("--port", str(port), "--download-port", str(documents)),
        *options,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "ready" in line:
                    break
            yield EmulatorClient(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()


def tap_settings(client: EmulatorClient) -> dict[str, object]:
    """Return the settings that point the tap to an emulator."""
    settings = client.settings()
    return {
        name: settings[name] for name in ("client_id", "client_secret", "refresh_token")
    } | {"endpoint_uri": client.url, "auth_uri": f"{client.url}/auth/o2/token"}


def measure(command: Sequence[str]) -> Measured:
    """Run a command, read its output to the end, and tell time and memory."""
    began = time.perf_counter()
    first = last = 0.0
    records = 0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    os.set_blocking(process.stderr.fileno(), False)
    tail, errors = b"", b""
    while block := os.read(process.stdout.fileno(), READ_BYTES):
        count = (tail + block).count(RECORD)
        tail = block[-len(RECORD) + 1 :]
        if count:
            last = time.perf_counter() - began
            first = first or last
            records += count
        errors = (errors + (process.stderr.read() or b""))[-4000:]
    errors += process.stderr.read() or b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} failed:\n{errors.decode()}")
    return Measured(
        wall=time.perf_counter() - began,
        records=records,
        first_record=first,
        last_record=last,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_megabytes=_megabytes(usage),
    )


def metered(command: Sequence[str], source: Path | None = None) -> Usage:
    """Run a command, a file in a pipe at its stdin, and tell time and memory."""
    with contextlib.ExitStack() as stack:
        stdin: Any = subprocess.DEVNULL
        if source is not None:
            cat = subprocess.Popen(["cat", str(source)], stdout=subprocess.PIPE)
            stdin = stack.enter_context(cat).stdout
        done = subprocess.run(
            [sys.executable, "-c", METER, *command],
            stdin=stdin,
            capture_output=True,
            check=False,
        )
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr.decode()[-4000:]}")
    seconds, cpu_seconds, peak = map(float, done.stdout.split())
    return Usage(seconds, cpu_seconds, peak * _UNIT / 1e6)


def _megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss * _UNIT / 1e6
