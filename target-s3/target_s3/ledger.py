"""Which STATE may be echoed: the newest with everything before it stored.

States are numbered as they come. An object, when its first row is written, notes the
newest number so far: it holds rows that came after that state and before the next.
So state *n* is covered as soon as no unfinished object has noted a number below *n*.
"""

from __future__ import annotations

from collections import Counter


class StateLedger:
    """Keeps the states that can still become the one to echo, and no others."""

    def __init__(self) -> None:
        self._newest = 0
        self._states: dict[int, bytes] = {}
        self._unfinished: Counter[int] = Counter()
        self._echoed = 0

    def take(self, state: bytes) -> None:
        """Note a STATE that has just come."""
        if self._states.get(self._newest) == state:
            return
        if self._newest not in self._unfinished:
            self._states.pop(self._newest, None)
        self._newest += 1
        self._states[self._newest] = state

    def opened(self) -> int:
        """Note an object that has got its first row; return its number."""
        self._unfinished[self._newest] += 1
        return self._newest

    def stored(self, number: int) -> None:
        """Note that an object which got ``number`` is in the bucket, whole."""
        self._unfinished[number] -= 1
        if not self._unfinished[number]:
            del self._unfinished[number]
            if number != self._newest:
                self._states.pop(number, None)

    @property
    def is_waiting(self) -> bool:
        """Whether a STATE waits for rows that are not stored yet."""
        return self._newest > self._covered()

    def due(self) -> bytes | None:
        """The STATE to echo now, or None when nothing new is covered."""
        number = self._covered()
        return self._states[number] if number > self._echoed else None

    def echoed(self) -> None:
        """Note that what ``due`` returned was written."""
        self._echoed = self._covered()

    def _covered(self) -> int:
        return min(self._unfinished, default=self._newest)
