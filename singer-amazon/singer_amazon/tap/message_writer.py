"""Writes Singer messages to stdout without blocking the main thread for long.

A slow target fills the pipe. Meanwhile the reports of a run must still be
gone on with and a signal answered, so a full pipe is waited for in short
steps. After a signal the line under way and the last STATE have to go out at
once although nobody may be reading: where the system can (Linux), the pipe is
made larger for them. A message is written whole; where even that fails, the
process ends, since a STATE behind half a line would be lost.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import select
import stat
import sys
import time
from collections.abc import Callable

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, StateMessage

from singer_amazon.retry_policy import POLICY

logger = logging.getLogger(__name__)

SAFE_BYTES = 4096  # a pipe that polls writable takes this much without blocking
STEP_MILLISECONDS = 50
_NOT_POSSIBLE = {errno.EOPNOTSUPP, errno.EINVAL, errno.ESPIPE, errno.ENOSYS}
"""How a system says that it cannot write to a pipe so."""


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
        """Called between two looks at a full pipe; must not write.

        What it raises is kept until the lines under way are out whole.
        """
        self._kept_error: Exception | None = None
        # all there is room for in one call, without blocking: Linux from 6.5 on
        self._can_write_all = hasattr(os, "RWF_NOWAIT")
        self._stop_at: float | None = None
        self._fd: int | None = None
        self._file: object = None

    # --- for signals -------------------------------------------------------

    def stop(self) -> None:
        """End after the line under way; safe to call from a signal handler."""
        if self._stop_at is None:
            self._stop_at = (
                time.monotonic() + POLICY.stop
            )  # all in all 2 s are promised

    @property
    def is_stopping(self) -> bool:
        """Whether a signal has asked to end."""
        return self._stop_at is not None

    def check(self) -> None:
        """Raise where the run has to end; for the main thread while it waits.

        Raises:
            StoppedError: a signal has asked for it.
            BrokenPipeError: nobody reads any more, e.g. after a kill of Meltano.
        """
        if self._stop_at is not None:
            raise StoppedError
        if self._descriptor() is not None and self._is_pipe:
            events = [event for _, event in self._poll.poll(0)]
            if any(event & (select.POLLERR | select.POLLHUP) for event in events):
                raise BrokenPipeError

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
                self._finish_line(fd, lines, done)
                raise StoppedError
            done += self._write_some(fd, view[done:])
        if self._kept_error is not None:
            error, self._kept_error = self._kept_error, None
            raise error

    def write_last(self, line: bytes) -> None:
        """Write a line although a signal has asked to end, if the pipe lets us."""
        fd = self._descriptor()
        if fd is None:
            sys.stdout.write(line.decode())
            sys.stdout.flush()
            return
        end = max(self._stop_at or 0.0, time.monotonic() + POLICY.last_state)
        if not self._write_until(fd, memoryview(line), end):
            logger.warning("The target does not read: the last state is not written")

    def _finish_line(self, fd: int, lines: bytes | bytearray, done: int) -> None:
        if done == 0 or lines[done - 1 : done] == b"\n":
            return
        end = lines.index(b"\n", done) + 1
        assert self._stop_at is not None  # noqa: S101 - the caller looked
        if not self._write_until(fd, memoryview(lines)[done:end], self._stop_at):
            os._exit(1)

    def _write_until(self, fd: int, view: memoryview, end: float) -> bool:
        """Write it all before `end`; False where the time was too short."""
        self._enlarge_pipe(fd, len(view))
        done = 0
        while done < len(view):
            if time.monotonic() > end:
                return False
            done += self._write_some(fd, view[done:])
        return True

    def _enlarge_pipe(self, fd: int, count: int) -> None:
        """Let a full pipe take this many bytes more, where the system can."""
        if sys.platform != "linux" or not self._is_pipe:
            return
        import fcntl  # noqa: PLC0415 - there is none on other systems

        with contextlib.suppress(OSError):  # above the system's limit
            size = fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, size + count + 2 * SAFE_BYTES)

    def _write_some(self, fd: int, view: memoryview) -> int:
        """Write what goes without blocking; 0 when nothing did for a step."""
        if not self._is_pipe:
            return os.write(fd, view)
        if self._poll.poll(STEP_MILLISECONDS):
            return self._write_ready(fd, view)
        if self._stop_at is None:
            self._look_elsewhere()
        return 0

    def _write_ready(self, fd: int, view: memoryview) -> int:
        """Write what a writable pipe takes, or one page where nobody can say it."""
        if self._can_write_all:
            try:
                return os.pwritev(fd, [view], -1, os.RWF_NOWAIT)
            except BlockingIOError:  # somebody else has filled it
                return 0
            except OSError as error:
                if error.errno not in _NOT_POSSIBLE:
                    raise
                self._can_write_all = False
        return os.write(fd, view[:SAFE_BYTES])

    def _look_elsewhere(self) -> None:
        try:
            self.while_waiting()
        except Exception as error:  # noqa: BLE001 - raised when the lines are out
            self._kept_error = error

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
