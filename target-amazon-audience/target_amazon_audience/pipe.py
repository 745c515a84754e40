"""Reads the input in a thread of its own, so that the main thread can keep time.

While a tap waits an hour for its next record, batches are sent and STATE is echoed.
"""

from __future__ import annotations

import os
import queue
import threading
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from target_amazon_audience.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES = 256 * 1024
MAX_WAITING_BLOCKS = 16
MAX_LINE_BYTES = 128 * 1024**2


class Block(NamedTuple):
    """Whole lines, each with its line end; only the last block may lack it."""

    data: bytes
    first_line: int
    lines: int
    is_cut: bool = False


class LineSource(Protocol):
    """What the loader needs of its input."""

    def get(self, timeout: float) -> Block | None:
        """The next block, or None when none came within ``timeout`` seconds."""

    @property
    def has_ended(self) -> bool:
        """Whether the input has ended and every block was taken."""


class TextInput(Protocol):
    """The part of an open text file that is used here."""

    def read(self, size: int, /) -> str:
        """At most ``size`` characters; nothing at the end."""

    def fileno(self) -> int:
        """The file's descriptor; an ``OSError`` where there is none."""


class LinePipe:
    """Lines of one open file, read ahead into a bounded queue."""

    def __init__(self, source: TextInput) -> None:
        self._read = _bytes_reader(source)
        self._queue: queue.Queue[Block | Exception | None] = queue.Queue(
            MAX_WAITING_BLOCKS
        )
        self._has_ended = False
        # A daemon: at exit it may still sit in a read that nobody can interrupt.
        self._thread = threading.Thread(target=self._run, name="stdin", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        """Whether the input has ended and every block was taken."""
        return self._has_ended

    def get(self, timeout: float) -> Block | None:
        """The next block, or None when none came within ``timeout`` seconds."""
        try:
            item = self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(item, Exception):
            raise item
        if item is None:
            self._has_ended = True
        return item

    def _run(self) -> None:
        try:
            self._read_all()
        except (OSError, ValueError) as error:
            self._queue.put(InputError(f"The input cannot be read: {error}."))
        except InputError as error:
            self._queue.put(error)
        else:
            self._queue.put(None)

    def _read_all(self) -> None:
        line, tail, tail_bytes = 1, list[bytes](), 0
        while data := self._read(READ_BYTES):
            end = data.rfind(b"\n") + 1
            if end:
                block = b"".join((*tail, data[:end]))
                lines = block.count(b"\n")
                self._queue.put(Block(block, line, lines))
                line += lines
                tail, tail_bytes = [], 0
            if end < len(data):
                tail.append(data[end:])
                tail_bytes += len(data) - end
            if tail_bytes > MAX_LINE_BYTES:
                msg = (
                    f"Line {line} of the input is longer than "
                    f"{MAX_LINE_BYTES // 1024**2} MB: this is not a Singer message."
                )
                raise InputError(msg)
        if rest := b"".join(tail):
            self._queue.put(Block(rest, line, 1, is_cut=True))


def _bytes_reader(source: TextInput) -> Callable[[int], bytes]:
    """Read the descriptor itself where there is one.

    A buffered reader would wait for a full buffer, and its lock, held by a thread
    that is still reading, makes the interpreter abort at exit.
    """
    try:
        return partial(os.read, source.fileno())
    except OSError:
        return lambda size: source.read(size).encode()
