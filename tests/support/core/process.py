"""A plugin's command under way: fed, read, signalled, killed, and looked at."""

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
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.core.runs import Json, pending_reports

if TYPE_CHECKING:
    from typing_extensions import Self

PATIENCE = 30.0
_OURS = ("TAP_AMAZON_", "TARGET_", "AWS_")


def installed(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def environment(**extra: str) -> dict[str, str]:
    """This process's own, without proxies, settings of ours, or who boto3 is."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OURS) and "PROXY" not in name.upper()
    }
    return kept | extra


def lines(messages: Iterable[object]) -> bytes:
    """Return messages as a plugin's input; bytes stay as they are."""
    return b"".join(
        item if isinstance(item, bytes) else json.dumps(item).encode() + b"\n"
        for item in messages
    )


class PluginProcess:
    """A running plugin; `files` are its options with what the files of them hold."""

    def __init__(
        self, name: str, folder: Path, files: Mapping[str, object], **variables: str
    ) -> None:
        words = [installed(name)]
        for option, content in files.items():
            path = folder / f"{option}.json"
            path.write_text(json.dumps(content), encoding="utf-8")
            words += [f"--{option}", str(path)]
        self.folder = folder
        self.raw = b""
        self._reader: threading.Thread | None = None
        self._log = folder / f"{name}-{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(**variables),
                cwd=folder,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # --- its input ---------------------------------------------------------

    def write(self, *messages: object) -> Self:
        assert self.process.stdin
        self.process.stdin.write(lines(messages))
        self.process.stdin.flush()
        return self

    def feed(self, *messages: object) -> Self:
        """Write a whole input to a plugin that may die meanwhile."""
        self.write(*messages).close()
        return self

    def close(self) -> None:
        assert self.process.stdin
        with suppress(BrokenPipeError):
            self.process.stdin.close()

    # --- its output --------------------------------------------------------

    def read(self, block: int = 1 << 16, pause: float = 0.0) -> None:
        """Begin to read its stdout, at most a block per pause."""
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, args=(block, pause))
            self._reader.start()

    def _read(self, block: int, pause: float) -> None:
        assert self.process.stdout
        if self.process.stdout.closed:
            return
        with self.process.stdout as stdout:
            while data := os.read(stdout.fileno(), block):
                self.raw += data
                time.sleep(pause)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def last_line(self) -> str:
        return self.log.strip().splitlines()[-1]

    @property
    def messages(self) -> list[Json]:
        """All whole lines read so far; a line that is torn fails the test."""
        whole, _, _ = self.raw.rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def states(self) -> list[Any]:
        """The bookmarks that a target has passed on."""
        return [message["bookmarks"] for message in self.messages]

    def last_state(self) -> Json:
        """Return the newest STATE of a tap."""
        states = [m["value"] for m in self.messages if m["type"] == "STATE"]
        return states[-1] if states else {}

    # --- waiting -----------------------------------------------------------

    def until(self, is_so: Callable[[], object], what: str = "") -> None:
        until(lambda: is_so() or self.process.poll() is not None, what)
        assert is_so(), f"it ended before: {what}\n{self.log}"

    def until_pending(self, count: int) -> None:
        """Wait until a STATE with so many report ids has been read."""
        self.until(
            lambda: len(pending_reports(self.last_state())) == count,
            f"a STATE with {count} ids",
        )

    def until_pipe_is_full(self) -> None:
        """Wait until the plugin cannot write any more."""
        assert self._reader is None, "somebody reads"
        assert self.process.stdout is not None
        fd = self.process.stdout.fileno()
        capacity = fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
        self.until(lambda: _waiting_bytes(fd) > capacity - 4096, "a full pipe")

    def signal(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def ended(self, within: float = PATIENCE) -> int:
        """Return the exit code of a plugin that has to end in time; read the rest."""
        code = self.process.wait(within)
        self.read()
        assert self._reader is not None
        self._reader.join()
        self.close()
        return code

    def end(self) -> int:
        """End its input, and return the exit code."""
        self.close()
        return self.ended()

    def kill(self) -> None:
        self.process.kill()
        self.ended()


class TargetProcess(PluginProcess):
    """A target under way, its output read as it comes."""

    def __init__(
        self, name: str, folder: Path, config: Mapping[str, Any], **variables: str
    ) -> None:
        super().__init__(name, folder, {"config": config}, **variables)
        self.read()

    def ended(self, within: float = PATIENCE) -> int:
        """Return the exit code; no line of the output may be torn."""
        code = super().ended(within)
        assert self.raw[-1:] in (b"", b"\n")
        return code

    def summary(self) -> Json:
        """Return what the summary file says of the only audience."""
        text = (self.folder / "summary.json").read_text(encoding="utf-8")
        [found] = json.loads(text)["audiences"]
        assert isinstance(found, dict)
        return found


def until(is_so: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.01)


def _waiting_bytes(fd: int) -> int:
    found = array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, found)
    return found[0]
