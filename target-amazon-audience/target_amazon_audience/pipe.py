"""Reads the input block by block, never longer than the caller can wait.

While a tap waits an hour for its next record, batches are sent and STATE is echoed.
The descriptor is asked whether there is anything to read, so no thread sits in a read
that nobody can interrupt.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from target_amazon_audience.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES = 256 * 1024
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
    """Lines of one open file."""

    def __init__(self, source: TextInput) -> None:
        self._read, self._is_ready = _reader(source)
        self._line = 1
        self._tail: list[bytes] = []
        self._tail_bytes = 0
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        """Whether the input has ended and every block was taken."""
        return self._has_ended

    def get(self, timeout: float) -> Block | None:
        """The next block, or None when none came within ``timeout`` seconds.

        Raises:
            InputError: the input cannot be read, or a line is endless.
        """
        if self._has_ended:
            return None
        try:
            data = self._read(READ_BYTES) if self._is_ready(timeout) else None
        except (OSError, ValueError) as error:
            msg = f"The input cannot be read: {error}."
            raise InputError(msg) from None
        if data is None:
            return None
        return self._block(data) if data else self._last()

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
        self._has_ended = True
        rest = b"".join(self._tail)
        return Block(rest, self._line, 1, is_cut=True) if rest else None


def _reader(
    source: TextInput,
) -> tuple[Callable[[int], bytes], Callable[[float], bool]]:
    """Return how to read, and how to ask whether there is anything to read.

    The descriptor itself is read where there is one: a buffered reader would wait for
    a full buffer.
    """
    try:
        number = source.fileno()
    except OSError:
        return (lambda size: source.read(size).encode()), (lambda _: True)
    _widen(number)
    return partial(os.read, number), partial(_is_ready, number)


def _is_ready(number: int, timeout: float) -> bool:
    try:
        return bool(select.select([number], [], [], timeout)[0])
    except OSError:  # not every system can ask this of every kind of input
        return True


def _widen(number: int) -> None:
    """Let a pipe hold a block, so that the tap goes on while one is taken."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415 - not on every system

        fcntl.fcntl(number, fcntl.F_SETPIPE_SZ, READ_BYTES)
