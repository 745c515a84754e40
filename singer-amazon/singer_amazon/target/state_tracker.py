"""Which STATE may be echoed, the newest with everything before it complete, and when.

States are numbered as they come. A batch of records, when it gets its first one, notes
the newest number so far: it holds records that came after that state and before the
next. State *n* is covered as soon as no open batch has noted a number below *n*. Of the
covered ones the newest is written to stdout, where Meltano keeps it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from singer_amazon.target.errors import StateReaderGoneError

INTERVAL_SECONDS = 1.0
# Meltano warns of these and keeps neither.
_EMPTY_STATES = (b"{}", b"null")

logger = logging.getLogger(__name__)


def write_stdout(state: bytes) -> None:
    """Write one STATE as a line of its own.

    Raises:
        OSError: nobody takes it: a closed pipe, a full disk.
    """
    if sys.stdout is None:  # closed before we began
        raise BrokenPipeError
    try:
        sys.stdout.write(f"{state.decode()}\n")
        sys.stdout.flush()
    except OSError:
        # What is still in the buffer would fail once more at exit, with a traceback.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _reason(error: Exception) -> str:
    return f" ({getattr(error, 'strerror', None) or 'stdout is closed'})"


class StateTracker:
    """Keeps the states that can still become the one to echo, and no others.

    ``done`` says in messages what happens to records here: they are stored, or sent.
    """

    def __init__(
        self, write: Callable[[bytes], None] = write_stdout, *, done: str = "stored"
    ) -> None:
        self.write = write
        self._done = done
        self._newest = 0
        self._states: dict[int, bytes] = {}
        self._open: Counter[int] = Counter()
        self._echoed = 0
        self._next_at = float("-inf")
        self._is_reader_gone = False
        self._why = ""

    def take(self, state: bytes) -> None:
        """Note a STATE that has just come."""
        if state in _EMPTY_STATES or self._states.get(self._newest) == state:
            return
        if self._newest not in self._open:
            self._states.pop(self._newest, None)
        self._newest += 1
        self._states[self._newest] = state

    def opened(self) -> int:
        """Note a batch that has got its first record; return its number."""
        self._open[self._newest] += 1
        return self._newest

    def hold(self) -> None:
        """Note that something is lost here: no STATE from after it is ever echoed."""
        self.opened()

    def complete(self, number: int) -> None:
        """Note that all records of a batch which got ``number`` are where they go."""
        self._open[number] -= 1
        if not self._open[number]:
            del self._open[number]
            if number != self._newest:
                self._states.pop(number, None)

    @property
    def is_waiting(self) -> bool:
        """Whether a STATE waits for a batch."""
        return self._newest > self._covered()

    def _covered(self) -> int:
        return min(self._open, default=self._newest)

    def due(self) -> bytes | None:
        """Return the STATE to echo now, None where nothing new is covered."""
        number = self._covered()
        return self._states[number] if number > self._echoed else None

    def tick(self, now: float) -> None:
        """Echo what is covered, unless the last echo was less than a second ago."""
        if now >= self._next_at and self.echo():
            self._next_at = now + INTERVAL_SECONDS

    def echo(self) -> bool:
        """Echo what is covered, as is done at the end; say whether there was any."""
        state = self.due()
        if state is None or self._is_reader_gone:
            return False
        try:
            self.write(state)
        except (OSError, ValueError) as error:
            self._is_reader_gone = True
            self._why = "" if isinstance(error, BrokenPipeError) else _reason(error)
            logger.warning(
                "Nobody reads our STATE any more%s; records are still %s.",
                self._why,
                self._done,
            )
            return False
        self._echoed = self._covered()
        return True

    def check(self) -> None:
        """Complain if a STATE could not be handed on.

        Raises:
            StateReaderGoneError: it could not.
        """
        if self._is_reader_gone:
            msg = (
                f"The program that reads our STATE has ended before us{self._why}: "
                f"all records are {self._done}, but the next run will send the newest "
                "of them again."
            )
            raise StateReaderGoneError(msg)
