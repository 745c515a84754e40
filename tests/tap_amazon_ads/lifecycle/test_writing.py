"""Whole lines on a pipe, whatever happens while it is full."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from singer_amazon.errors import AuthError
from singer_amazon.tap.message_writer import MessageWriter, StoppedError

LINE = b"x" * 100_000 + b"\n"  # more than a pipe takes
LAST = b"the last state\n"


class Pipe:
    """Our stdout as a pipe that is read when the test says so."""

    def __init__(self) -> None:
        self.end, write_end = os.pipe()
        self.stdout = os.fdopen(write_end, "w")
        self.data = b""

    def writer(self, monkeypatch: pytest.MonkeyPatch) -> MessageWriter:
        """Return a writer to this pipe; not in a fixture: pytest sets stdout anew."""
        monkeypatch.setattr(sys, "stdout", self.stdout)
        return MessageWriter()

    def read_in_background(self, block: int = 1 << 16, pause: float = 0.0) -> None:
        self.reader = threading.Thread(target=self._read, args=(block, pause))
        self.reader.start()

    def _read(self, block: int, pause: float) -> None:
        while data := os.read(self.end, block):
            self.data += data
            time.sleep(pause)

    def rest(self) -> bytes:
        self.stdout.close()
        if not hasattr(self, "reader"):
            self.read_in_background()
        self.reader.join()
        return self.data


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.rest()
    os.close(pipe.end)


def stop_in(writer: MessageWriter, seconds: float) -> None:
    threading.Timer(seconds, writer.stop).start()


def test_a_full_pipe_leaves_time_for_the_reports(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    writer = pipe.writer(monkeypatch)
    writer.while_waiting = lambda: calls.append(1)
    threading.Timer(0.3, pipe.read_in_background).start()

    writer.write(LINE)

    assert 3 <= len(calls) <= 10
    assert pipe.rest() == LINE


def test_an_error_meanwhile_waits_for_the_end_of_the_line(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = pipe.writer(monkeypatch)

    def fail() -> None:
        pipe.read_in_background()
        writer.while_waiting = lambda: None
        raise AuthError("no more")

    writer.while_waiting = fail
    with pytest.raises(AuthError):
        writer.write(LINE + LINE)
    writer.write(LAST)

    assert pipe.rest() == LINE + LINE + LAST


def test_a_stop_while_nobody_reads_tears_nothing(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = pipe.writer(monkeypatch)
    stop_in(writer, 0.2)
    began = time.monotonic()

    with pytest.raises(StoppedError):
        writer.write(LINE + LINE)
    writer.write_last(LAST)

    assert time.monotonic() - began < 1
    assert pipe.rest() == LINE + LAST


def test_a_stop_while_somebody_reads_slowly_tears_nothing(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MessageWriter, "_enlarge_pipe", lambda *_: None)
    writer = pipe.writer(monkeypatch)
    pipe.read_in_background(block=4096, pause=0.01)
    stop_in(writer, 0.05)

    with pytest.raises(StoppedError):
        writer.write(LINE + LINE)
    writer.write_last(LAST)

    assert pipe.rest() == LINE + LAST


def test_half_a_line_and_nobody_reads_is_the_end(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ExitedError(BaseException):
        pass

    def leave(code: int) -> None:
        raise ExitedError(code)

    monkeypatch.setattr(MessageWriter, "_enlarge_pipe", lambda *_: None)
    monkeypatch.setattr(os, "_exit", leave)
    writer = pipe.writer(monkeypatch)
    stop_in(writer, 0.1)
    began = time.monotonic()

    with pytest.raises(ExitedError):
        writer.write(LINE + LINE)

    assert time.monotonic() - began < 2
    assert b"\n" not in pipe.rest()


def test_nothing_begins_after_a_stop(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = pipe.writer(monkeypatch)
    writer.stop()

    with pytest.raises(StoppedError):
        writer.write(LINE)

    writer.write_last(LAST)
    assert pipe.rest() == LAST
