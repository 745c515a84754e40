"""Reads the input in a thread of its own, so that the main thread can keep time.

While a tap waits an hour for its next record, a target still has things to store and
STATE to echo; the SDK's reader would block it until the next line comes. Asking the
descriptor by ``select`` instead costs the same CPU, but a target that finds its pipe
empty loses its turn on a busy machine: reading ahead was faster by a third there.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import IO, NamedTuple, Protocol

from singer_amazon.target.errors import InputError

READ_BYTES = 256 * 1024
PIPE_BYTES = 1024 * 1024
"""What Linux allows everybody."""
MAX_WAITING_READS = 16
MAX_LINE_BYTES = 128 * 1024**2
TICK_SECONDS = 0.25
STOP_SECONDS = 2.0


class Block(NamedTuple):
    """Whole lines, each with its line end; only the last block may lack it."""

    data: bytes
    first_line: int
    lines: int
    is_cut: bool = False


class LineSource(Protocol):
    """What a target needs of its input."""

    def get(self, timeout: float) -> Block | None:
        """The next block, or None when none came within ``timeout`` seconds."""

    @property
    def has_ended(self) -> bool:
        """Whether the input has ended and every block was taken."""


class LineReader:
    """Lines of one open file, read ahead into a bounded queue."""

    def __init__(self, source: IO[str]) -> None:
        self.has_ended = False
        self._read = _bytes_reader(source)
        self._queue: queue.Queue[bytes | Exception] = queue.Queue(MAX_WAITING_READS)
        # A daemon: at exit it may still sit in a read that nobody can interrupt.
        self._thread = threading.Thread(target=self._run, name="stdin", daemon=True)
        self._left: bytes | Exception | None = None
        """What was taken from the queue, and is no line: its end, or why it ended."""
        self._line = 1
        self._tail: list[bytes] = []
        self._tail_bytes = 0

    def get(self, timeout: float) -> Block | None:
        """The next block, or None when none came within ``timeout`` seconds.

        Raises:
            InputError: the input cannot be read, or a line is endless.
        """
        if self.has_ended:
            return None
        if self._thread.ident is None:
            self._thread.start()
        try:
            data = self._next(timeout)
        except queue.Empty:
            return None
        if isinstance(data, Exception):
            msg = f"The input cannot be read: {data}."
            raise InputError(msg)
        return self._block(self._with_more(data)) if data else self._last()

    def _next(self, timeout: float) -> bytes | Exception:
        found, self._left = self._left, None
        return self._queue.get(timeout=timeout) if found is None else found

    def _with_more(self, data: bytes) -> bytes:
        """Return what was read with what has come since: a pipe gives little at once.

        Each block costs as much as many lines do.
        """
        found, size = [data], len(data)
        while size < READ_BYTES:
            try:
                more = self._queue.get_nowait()
            except queue.Empty:
                break
            if isinstance(more, Exception) or not more:
                self._left = more
                break
            found.append(more)
            size += len(more)
        return b"".join(found)

    def _run(self) -> None:
        try:
            while data := self._read(READ_BYTES):
                self._queue.put(data)
            self._queue.put(b"")
        except (OSError, ValueError) as error:
            self._queue.put(error)

    def _block(self, data: bytes) -> Block | None:
        """Return the lines that are whole by now; the rest waits for more."""
        end = data.rfind(b"\n") + 1
        found = None
        if end:
            whole = b"".join((*self._tail, memoryview(data)[:end]))
            found = Block(whole, self._line, whole.count(b"\n"))
            self._line += found.lines
            self._tail, self._tail_bytes = [], 0
        if end < len(data):
            self._tail.append(data[end:])
            self._tail_bytes += len(data) - end
        if self._tail_bytes > MAX_LINE_BYTES:
            msg = (
                f"Line {self._line} of the input is longer than "
                f"{MAX_LINE_BYTES // 1024**2} MB: this is not a Singer message."
            )
            raise InputError(msg)
        return found

    def _last(self) -> Block | None:
        self.has_ended = True
        rest = b"".join(self._tail)
        return Block(rest, self._line, 1, is_cut=True) if rest else None


def blocks(
    source: LineSource,
    is_stopped: Callable[[], bool],
    now: Callable[[], float],
    on_stop: Callable[[], None],
) -> Iterator[Block | None]:
    """Yield blocks, and None at least four times a second while none comes.

    After a signal the tap has two seconds to write its last STATE; the signal may have
    gone to the tap as well, and cut its last line in two.
    """
    stop_at: float | None = None
    while not source.has_ended:
        if is_stopped():
            if stop_at is None:
                stop_at = now() + STOP_SECONDS
                on_stop()
            if now() >= stop_at:
                return
        block = source.get(TICK_SECONDS)
        yield None if block and block.is_cut and is_stopped() else block


def _bytes_reader(source: IO[str]) -> Callable[[int], bytes]:
    """Read the descriptor itself where there is one.

    A buffered reader would wait for a full buffer, and its lock, held by a thread
    that is still reading, makes the interpreter abort at exit.
    """
    try:
        descriptor = source.fileno()
    except OSError:
        return lambda size: source.read(size).encode()
    _widen(descriptor)
    return partial(os.read, descriptor)


def _widen(descriptor: int) -> None:
    """Let a pipe hold more than its 64 KB, on Linux: both ends wait less often."""
    with suppress(ImportError, AttributeError, OSError):
        from fcntl import F_SETPIPE_SZ, fcntl  # noqa: PLC0415 - not on every system

        fcntl(descriptor, F_SETPIPE_SZ, PIPE_BYTES)
