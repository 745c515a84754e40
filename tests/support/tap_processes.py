"""The tap as a process of its own: for signals, pipes and exit codes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amazon_emulator import Emulator
from support.tap_runs import CAMPAIGNS, Json, catalog, pending_ids, settings

if TYPE_CHECKING:
    from typing_extensions import Self

PATIENCE_SECONDS = 20.0


class TapProcess:
    """A running tap whose stdout is read only when the test says so."""

    name = "tap-amazon-ads"

    @staticmethod
    def settings(emulator: Emulator, **changes: object) -> Json:
        """Return the tap's settings."""
        return settings(emulator, **changes)

    @staticmethod
    def catalog(streams: Iterable[str], config: Mapping[str, Any]) -> Json:
        """Return a catalog with these streams selected."""
        return catalog(streams, reports=config.get("reports", ()))

    def __init__(
        self,
        folder: Path,
        emulator: Emulator,
        streams: Iterable[str] = (CAMPAIGNS,),
        *,
        state: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        **changes: object,
    ) -> None:
        config = self.settings(
            emulator,
            poll_interval_seconds=0.05,
            poll_interval_max_seconds=0.2,
            **changes,
        )
        files = {
            "config": config,
            "catalog": self.catalog(streams, config),
            "state": state or {},
        }
        command = [str(Path(sys.executable).with_name(self.name))]
        for name, content in files.items():
            path = folder / f"{name}.json"
            path.write_text(json.dumps(content))
            command += [f"--{name}", str(path)]
        self._log = folder / "tap.log"
        self.raw = b""
        self._reader: threading.Thread | None = None
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**_environment(), **(environment or {})},
            )

    def __enter__(self) -> Self:
        """Let the test have it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running."""
        self.process.kill()
        self.read()
        self.process.wait()
        if self._reader is not None:
            self._reader.join()

    # --- reading -----------------------------------------------------------

    def read(self, block: int = 1 << 16, pause: float = 0.0) -> None:
        """Begin to read its stdout, at most a block per pause."""
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, args=(block, pause))
            self._reader.start()

    def _read(self, block: int, pause: float) -> None:
        assert self.process.stdout is not None
        if self.process.stdout.closed:
            return
        with self.process.stdout as stdout:
            while data := os.read(stdout.fileno(), block):
                self.raw += data
                time.sleep(pause)

    @property
    def log(self) -> str:
        """What it has written to stderr."""
        return self._log.read_text()

    @property
    def messages(self) -> list[Json]:
        """All whole lines read so far; a line that is torn fails the test."""
        whole, _, _ = self.raw.rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    def last_state(self) -> Json:
        """Return the newest STATE read so far."""
        for message in reversed(self.messages):
            if message["type"] == "STATE":
                state: Json = message["value"]
                return state
        return {}

    # --- waiting -----------------------------------------------------------

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so, while the tap runs."""
        until(lambda: is_so() or self.process.poll() is not None, what)
        assert is_so(), f"the tap ended before: {what}\n{self.log}"

    def until_pending(self, count: int) -> None:
        """Wait until a STATE with so many report ids has been read."""
        self.until(
            lambda: len(pending_ids(self.last_state())) == count,
            f"a STATE with {count} ids",
        )

    def until_pipe_is_full(self) -> None:
        """Wait until the tap cannot write any more."""
        assert self._reader is None, "somebody reads"
        assert self.process.stdout is not None
        fd = self.process.stdout.fileno()
        capacity = fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
        self.until(lambda: _waiting_bytes(fd) > capacity - 4096, "a full pipe")

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def ended(self, within: float) -> int:
        """Return the exit code of a tap that has to end in time; read the rest."""
        code = self.process.wait(within)
        self.read()
        assert self._reader is not None
        self._reader.join()
        return code


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.01)


def _waiting_bytes(fd: int) -> int:
    found = array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, found)
    return found[0]


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TAP_AMAZON_")}
    return {**kept, "NO_PROXY": "127.0.0.1,localhost"}
