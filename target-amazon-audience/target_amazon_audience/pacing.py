"""How fast records may go: Amazon's volume per hour, and its word when it throttles.

Pure: it is asked how long to wait and told what happened; others sleep.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable

ROWS_PER_HOUR = 15_000_000
"""Amazon wants less than this many records per hour and connection."""

_HOUR = 3600.0
_FIRST_WAIT = 2.0
_LONGEST_WAIT = 60.0


class Pacer:
    """The pace of one connection; times are seconds of any clock that only grows."""

    def __init__(
        self,
        rows_per_hour: int = ROWS_PER_HOUR,
        *,
        seed: int = 0,
        past: Iterable[tuple[float, int]] = (),
    ) -> None:
        self._most = rows_per_hour - 1
        self._sent = deque(past)
        self._sum = sum(rows for _, rows in self._sent)
        self._not_before = float("-inf")
        self._refusals = 0
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self.throttled = 0
        """Calls that Amazon has refused for now."""

    def wait(self, now: float, rows: int = 0) -> float:
        """Return the seconds until a request with this many rows may go; 0 is now."""
        self._forget(now)
        wait = max(self._not_before - now, 0.0)
        excess = self._sum + rows - self._most
        for sent_at, past in self._sent:
            if excess <= 0:
                break
            excess -= past
            wait = max(wait, sent_at + _HOUR - now)
        return wait

    def sent(self, now: float, rows: int) -> None:
        """Note a request that is on its way."""
        self._sent.append((now, rows))
        self._sum += rows

    def refused(self, now: float, retry_after: float | None) -> None:
        """Note a 429: nothing goes before the time Amazon names, or a growing one."""
        self.throttled += 1
        self._refusals += 1
        wait = retry_after
        if wait is None:
            most = min(_FIRST_WAIT * 2 ** min(self._refusals - 1, 9), _LONGEST_WAIT)
            wait = self._random.uniform(most / 2, most)
        self._not_before = max(self._not_before, now + wait)

    def accepted(self) -> None:
        """Note a call that went through."""
        self._refusals = 0

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0][0] <= now - _HOUR:
            self._sum -= self._sent.popleft()[1]
