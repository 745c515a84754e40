"""Writes Singer messages to stdout without blocking the main thread for long.

A slow target fills the pipe. Meanwhile the reports of a run must still be
looked after and a signal answered, so a full pipe is waited for in short
turns. A message is written whole, or, when a target has stopped reading for
good, the process ends.
"""

from __future__ import annotations

import io
import os
import select
import stat
import sys
import time
from collections.abc import Callable

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, StateMessage

SAFE_BYTES = 4096  # a pipe that polls writable takes this much without blocking
TURN_MILLISECONDS = 50
STOP_SECONDS = 1.5


class StoppedError(BaseException):
    """A signal asked the run to end; the line under way has been written.

    No Exception, so that nothing on the way out takes it for a failure.
    """


def _encode_other(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


encoder = msgspec.json.Encoder(enc_hook=_encode_other, decimal_format="number")


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """The one way to stdout: for the SDK's messages and for ready-made lines."""

    def __init__(self) -> None:
        self.while_waiting: Callable[[], None] = lambda: None
        """Called between two looks at a full pipe; must not write."""
        self._stop_at: float | None = None
        self._fd: int | None = None
        self._file: object = None

    # --- for signals -------------------------------------------------------

    def stop(self) -> None:
        """End after the line under way; safe to call from a signal handler."""
        if self._stop_at is None:
            self._stop_at = time.monotonic() + STOP_SECONDS

    @property
    def is_stopping(self) -> bool:
        """Whether a signal has asked to end."""
        return self._stop_at is not None

    def check(self) -> None:
        """Raise where a signal has asked to end.

        Raises:
            StoppedError: it has.
        """
        if self._stop_at is not None:
            raise StoppedError

    # --- writing -----------------------------------------------------------

    def serialize_message(self, message: Message) -> bytes:
        """Return the message as one line of JSON."""
        if isinstance(message, StateMessage):  # to_dict would copy the whole state
            return encoder.encode({"type": "STATE", "value": message.value}) + b"\n"
        return encoder.encode(message.to_dict()) + b"\n"

    def write_message(self, message: Message) -> None:
        """Write one message."""
        self.write(self.serialize_message(message))

    def write(self, lines: bytes | bytearray) -> None:
        """Write whole lines.

        Raises:
            StoppedError: a signal arrived; lines after the one under way are
                not written.
            BrokenPipeError: the target is gone.
        """
        fd = self._descriptor()
        if fd is None:
            self.check()
            sys.stdout.write(bytes(lines).decode())
            sys.stdout.flush()
            return
        view = memoryview(lines)
        done = 0
        while done < len(view):
            if self._stop_at is not None:
                done = self._finish_line(fd, lines, done)
                raise StoppedError
            done += self._write_some(fd, view[done:])

    def write_last(self, line: bytes) -> None:
        """Write a line although a signal has asked to end, if the pipe lets us."""
        fd = self._descriptor()
        if fd is None:
            sys.stdout.write(line.decode())
            sys.stdout.flush()
            return
        self._write_until(fd, memoryview(line), time.monotonic() + STOP_SECONDS)

    def _finish_line(self, fd: int, lines: bytes | bytearray, done: int) -> int:
        if done == 0 or lines[done - 1 : done] == b"\n":
            return done
        end = lines.index(b"\n", done) + 1
        assert self._stop_at is not None  # noqa: S101 - the caller looked
        if not self._write_until(fd, memoryview(lines)[done:end], self._stop_at):
            # half a line is out and nobody reads: a STATE after it would be lost
            os._exit(1)
        return end

    def _write_until(self, fd: int, view: memoryview, end: float) -> bool:
        done = 0
        while done < len(view):
            if time.monotonic() > end:
                return False
            done += self._write_some(fd, view[done:])
        return True

    def _write_some(self, fd: int, view: memoryview) -> int:
        """Write what goes without blocking; 0 when nothing did for a turn."""
        if not self._is_pipe:
            return os.write(fd, view)
        if self._poll.poll(TURN_MILLISECONDS):
            return os.write(fd, view[:SAFE_BYTES])
        self.while_waiting()
        return 0

    def _descriptor(self) -> int | None:
        """Return stdout's descriptor, or None where stdout is not a real file."""
        if sys.stdout is not self._file:
            self._file = sys.stdout
            try:
                self._fd = sys.stdout.fileno()
            except (io.UnsupportedOperation, AttributeError):
                self._fd = None
            else:
                sys.stdout.flush()
                self._is_pipe = stat.S_ISFIFO(os.fstat(self._fd).st_mode)
                self._is_pipe &= hasattr(select, "poll")
                if self._is_pipe:
                    self._poll = select.poll()
                    self._poll.register(self._fd, select.POLLOUT)
        return self._fd
