"""Writes covered STATE to stdout, where Meltano keeps it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from target_s3.errors import StateReaderGoneError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from target_s3.ledger import StateLedger

INTERVAL_SECONDS = 1.0


def write_stdout(state: bytes) -> None:
    """Write one STATE as a line of its own."""
    sys.stdout.write(f"{state.decode()}\n")
    sys.stdout.flush()


class StateEcho:
    """Echoes the newest covered STATE, at most once a second, the last one always."""

    def __init__(
        self,
        ledger: StateLedger,
        write: Callable[[bytes], None],
        logger: logging.Logger,
    ) -> None:
        self._ledger = ledger
        self._write = write
        self._logger = logger
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
            self._logger.warning(
                "Nobody reads our STATE any more; records are still stored."
            )
            return False
        self._ledger.echoed()
        return True

    def failure(self) -> StateReaderGoneError | None:
        """Return the error to end with if a STATE could not be handed on."""
        if not self._is_reader_gone:
            return None
        return StateReaderGoneError(
            "The program that reads our STATE has ended before us: all records are "
            "stored, but the next run will send the newest of them again."
        )
