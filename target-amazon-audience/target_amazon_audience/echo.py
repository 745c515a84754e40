"""Writes covered STATE to stdout, where Meltano keeps it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from target_amazon_audience.errors import StateReaderGoneError
from target_amazon_audience.ledger import StateLedger

INTERVAL_SECONDS = 1.0

logger = logging.getLogger(__name__)


def write_stdout(state: bytes) -> None:
    """Write one STATE as a line of its own."""
    sys.stdout.write(f"{state.decode()}\n")
    sys.stdout.flush()


class StateEcho:
    """Echoes the newest covered STATE, at most once a second, the last one always."""

    def __init__(self, ledger: StateLedger, write: Callable[[bytes], None]) -> None:
        self._ledger = ledger
        self._write = write
        self._next_at = float("-inf")
        self._is_reader_gone = False

    def tick(self, now: float) -> None:
        """Echo what is covered, unless the last echo was less than a second ago."""
        if now >= self._next_at and self.last():
            self._next_at = now + INTERVAL_SECONDS

    def last(self) -> bool:
        """Echo what is covered; say whether there was something to echo."""
        state = self._ledger.due()
        if state is None or self._is_reader_gone:
            return False
        try:
            self._write(state)
        except BrokenPipeError:
            self._is_reader_gone = True
            logger.warning("Nobody reads our STATE any more; records are still sent")
            return False
        self._ledger.echoed()
        return True

    def check(self) -> None:
        """Complain if a STATE could not be handed on.

        Raises:
            StateReaderGoneError: it could not.
        """
        if self._is_reader_gone:
            msg = (
                "The program that reads our STATE has ended before us: all records "
                "are sent, but the next run will send the newest of them again."
            )
            raise StateReaderGoneError(msg)
