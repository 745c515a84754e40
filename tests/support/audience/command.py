"""The real command under way: fed line by line, killed, and looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

COMMAND = str(Path(sys.executable).parent / "target-amazon-audience")
PATIENCE = 30.0


class Command:
    """The command under way, its output read as it comes."""

    def __init__(
        self, folder: Path, config: Mapping[str, Any], **environment: str
    ) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        kept = {k: v for k, v in os.environ.items() if "PROXY" not in k.upper()}
        self.folder = folder
        self.process = subprocess.Popen(
            [COMMAND, "--config", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**kept, **environment},
            cwd=folder,
        )
        self.states: list[Any] = []
        self.log = ""
        self._readers = [
            threading.Thread(target=read, daemon=True)
            for read in (self._read_states, self._read_log)
        ]
        for reader in self._readers:
            reader.start()

    def _read_states(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.states.append(json.loads(line)["bookmarks"])

    def _read_log(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.log += line.decode()

    def write(self, *messages: object) -> Command:
        assert self.process.stdin
        for message in messages:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        return self

    def feed(self, *messages: object) -> Command:
        """Write a whole input to a command that may die meanwhile."""
        self.write(*messages)
        assert self.process.stdin
        self.process.stdin.close()
        return self

    def wait_for(self, what: Callable[[], object]) -> None:
        limit = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < limit, self.log
            time.sleep(0.02)

    def end(self) -> int:
        try:
            if self.process.stdin:
                self.process.stdin.close()
        except BrokenPipeError:
            pass
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.end()

    @property
    def last_words(self) -> str:
        return self.log.strip().splitlines()[-1]

    def summary(self) -> dict[str, Any]:
        text = (self.folder / "summary.json").read_text(encoding="utf-8")
        [found] = json.loads(text)["audiences"]
        assert isinstance(found, dict)
        return found
