"""A tap, a target, or both with a pipe between, killed at a moment of a trap."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.campaigns.kills import Trap

LONGEST_SECONDS = 60.0
_READ_BYTES = 4096
State = dict[str, Any]


def command(name: str, folder: Path, **files: object) -> list[str]:
    """Return the words of one of our commands, with its files written."""
    words = [str(Path(sys.executable).with_name(name))]
    for option, content in files.items():
        path = folder / f"{name}-{option}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        words += [f"--{option}", str(path)]
    return words


@dataclass
class Ended:
    """What a run left: exit codes by program, its whole lines, its last STATE."""

    codes: Mapping[str, int]
    lines: list[bytes] = field(repr=False)
    state: State | None
    log: str = field(repr=False)

    @property
    def is_good(self) -> bool:
        """Whether all ended with 0."""
        return not any(self.codes.values())


class _Program:
    """One process, its log in a file."""

    def __init__(
        self, words: Sequence[str], folder: Path, env: Mapping[str, str]
    ) -> None:
        self.log = folder / f"{Path(words[0]).name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env=dict(env),
            )
        assert self.process.stdin
        assert self.process.stdout
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def write(self, data: bytes) -> bool:
        """Write; whether somebody reads it."""
        try:
            self.stdin.write(data)
            self.stdin.flush()
        except (BrokenPipeError, ValueError):
            return False
        return True

    def close_input(self) -> None:
        with suppress(BrokenPipeError):
            self.stdin.close()

    def end(self) -> int:
        try:
            return self.process.wait(LONGEST_SECONDS)
        finally:
            self.process.kill()
            self.stdout.close()
            self.close_input()


def _each_line(program: _Program, take: Callable[[bytes], bool | None]) -> bytes:
    """Hand on what a program writes as it comes; return what is left of a line."""
    rest = b""
    while data := os.read(program.stdout.fileno(), _READ_BYTES):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            if take(line + b"\n") is False:
                return b""
    return rest


def run_programs(
    folder: Path,
    trap: Trap,
    victims: Sequence[str],
    *,
    tap: Sequence[str] = (),
    target: Sequence[str] = (),
    fed: Sequence[bytes] = (),
    **env: str,
) -> Ended:
    """Run a tap, a target on `fed` lines, or the one into the other.

    The trap kills the victims (`tap`, `target`) at its moment.
    """
    outside = {k: v for k, v in os.environ.items() if "PROXY" not in k.upper()}
    programs = {
        name: _Program(words, folder, outside | env)
        for name, words in (("tap", tap), ("target", target))
        if words
    }

    def kill() -> None:
        for victim in victims:
            programs[victim].process.kill()

    trap.kill = kill
    trap.hit("started")
    sent: list[bytes] = []
    echoed: list[bytes] = []
    sink = programs.get("target")
    reader = threading.Thread(target=_read_states, args=(sink, echoed, trap))
    reader.start()

    def take(line: bytes) -> bool | None:
        is_state = line.startswith(b'{"type":"STATE"')
        trap.hit("state sent" if is_state else "rows")
        if sink is not None:
            return sink.write(line)
        sent.append(line)
        return None

    try:
        if tap:
            rest = _each_line(programs["tap"], take)
            if sink is not None and rest:
                sink.write(rest)
            programs["tap"].stdout.close()
        for line in fed:
            trap.hit("fed")
            if sink is None or not sink.write(line):
                break
        if sink is not None:
            sink.close_input()
        trap.hit("input ended")
    finally:
        codes = {name: program.end() for name, program in programs.items()}
        reader.join()
    states = echoed if sink is not None else [s for s in sent if b'"STATE"' in s[:20]]
    state = json.loads(states[-1]) if states else None
    log = "\n".join(p.log.read_text(encoding="utf-8") for p in programs.values())
    value = state.get("value", state) if state else None
    return Ended(codes, sent, value, log)


def _read_states(sink: _Program | None, echoed: list[bytes], trap: Trap) -> None:
    def take(line: bytes) -> None:
        echoed.append(line)
        trap.hit("state echoed")

    if sink is not None:
        _each_line(sink, take)
