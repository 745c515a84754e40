"""Which STATE may be echoed: the newest with all records before it in good hands.

States are numbered as they come. A batch notes the newest number when it gets its
first row; it is settled when Amazon has accepted it and the database has its job id.
State *n* is covered as soon as no open batch has noted a number below *n*.
"""

from __future__ import annotations

from collections import Counter


class StateLedger:
    """Keeps the states that can still become the one to echo, and no others."""

    def __init__(self) -> None:
        self._newest = 0
        self._states: dict[int, bytes] = {}
        self._open: Counter[int] = Counter()
        self._echoed = 0

    def take(self, state: bytes) -> None:
        """Note a STATE that has just come."""
        if self._states.get(self._newest) == state:
            return
        if self._newest not in self._open:
            self._states.pop(self._newest, None)
        self._newest += 1
        self._states[self._newest] = state

    def opened(self) -> int:
        """Note a batch that has got its first row; return its number."""
        self._open[self._newest] += 1
        return self._newest

    def settled(self, number: int) -> None:
        """Note that a batch which got ``number`` is in good hands."""
        self._open[number] -= 1
        if not self._open[number]:
            del self._open[number]
            if number != self._newest:
                self._states.pop(number, None)

    @property
    def is_waiting(self) -> bool:
        """Whether a STATE waits for a batch."""
        return self._newest > self._covered()

    def due(self) -> bytes | None:
        """Return the STATE to echo now, None where nothing new is covered."""
        number = self._covered()
        return self._states[number] if number > self._echoed else None

    def echoed(self) -> None:
        """Note that what ``due`` returned was written."""
        self._echoed = self._covered()

    def _covered(self) -> int:
        return min(self._open, default=self._newest)
