"""The lower lines of a terminal, kept apart; what anybody writes scrolls above them.

A scroll region does it, as package managers have it: log lines of this process and of
a target behind the pipe, which writes to the same terminal, stay whole. Everything is
written in one piece, so that no other text comes in between.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

Write = Callable[[str], object]
Size = Callable[[], os.terminal_size]

_SAVE, _RESTORE, _CLEAR_LINE = "\x1b7", "\x1b8", "\x1b[2K"


class Screen:
    """A terminal, divided from the first drawing until `close`."""

    def __init__(self, write: Write, size: Size) -> None:
        self._write = write
        self._size = size
        self._kept = 0
        """How many lines are kept apart."""
        self._divided: os.terminal_size | None = None

    @property
    def size(self) -> os.terminal_size:
        """Columns and lines, as they are now."""
        return self._size()

    def draw(self, lines: Sequence[str]) -> None:
        """Show lines at the lower edge; the first time room is made for them."""
        size = self.size
        text = ""
        if (size, len(lines)) != (self._divided, self._kept):
            text += self._joined() + self._divide(size, len(lines))
        text += _SAVE
        first = size.lines - len(lines) + 1
        for number, line in enumerate(lines, first):
            text += f"\x1b[{number};1H{_CLEAR_LINE}{line}"
        self._write(text + _RESTORE)

    def close(self) -> None:
        """Give the terminal back as one, the kept lines empty."""
        if self._divided is not None:
            self._write(self._joined())

    def _divide(self, size: os.terminal_size, count: int) -> str:
        self._divided, self._kept = size, count
        upper = size.lines - count
        # the cursor moves up out of the lines that are kept from now on
        room = "\n" * count + f"\x1b[{count}A"
        return f"{room}{_SAVE}\x1b[1;{upper}r{_RESTORE}"

    def _joined(self) -> str:
        """Return what makes the terminal one again, if it is divided."""
        if self._divided is None:
            return ""
        first = self._divided.lines - self._kept + 1
        self._divided = None
        return f"{_SAVE}\x1b[r\x1b[{first};1H\x1b[J{_RESTORE}"
