"""Lines of the input that nobody can read: counted, and no STATE passes them."""

from __future__ import annotations

import logging

from singer_amazon.target.errors import InputError, UnreadableLinesError
from singer_amazon.target.state_tracker import StateTracker

_MAX_LOGGED = 5

logger = logging.getLogger(__name__)


class UnreadableLines:
    """Lets a run go on after such a line, and makes it fail in the end."""

    def __init__(self, states: StateTracker) -> None:
        self.count = 0
        self._states = states
        self._first: InputError | None = None

    def note(self, error: InputError) -> None:
        """Leave out a line; ``error`` says which one, and what is wrong with it."""
        if not self.count:
            self._first = error
            self._states.hold()
        self.count += 1
        if self.count <= _MAX_LOGGED:
            logger.warning("%s It is left out.", error)

    def check(self) -> None:
        """Complain if there were any.

        Raises:
            UnreadableLinesError: there were.
        """
        if self._first is not None:
            lines = "1 line" if self.count == 1 else f"{self.count:,} lines"
            msg = (
                f"{self._first} {lines} of the input could not be read; all others "
                "were taken. No STATE from after the first of them is passed on, so "
                "that the next run asks for them again."
            )
            raise UnreadableLinesError(msg)
