"""How fast records may go: Amazon's volume per hour, and its word when it throttles."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from target_amazon_audience.amc.models import StoppedError

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from target_amazon_audience.amc.models import Pauser

ROWS_PER_HOUR = 15_000_000
"""Amazon wants less than this many records per hour and connection."""
MIN_PAUSE_SECONDS = 0.001
"""Less may not move a clock at all."""

_HOUR = 3600.0
_FIRST_WAIT = 2.0
_MAX_WAIT = 60.0
_STEP_SECONDS = 0.25


class VolumeLimiter:
    """For one connection; times are seconds of any clock that only grows.

    It is asked how long to wait and told what happened; others sleep.
    """

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
            most = min(_FIRST_WAIT * 2 ** min(self._refusals - 1, 9), _MAX_WAIT)
            wait = self._random.uniform(most / 2, most)
        self._not_before = max(self._not_before, now + wait)

    def accepted(self) -> None:
        """Note a call that went through."""
        self._refusals = 0

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0][0] <= now - _HOUR:
            self._sum -= self._sent.popleft()[1]


class SharedLimiter:
    """A rate limiter that many threads share."""

    def __init__(self, limiter: VolumeLimiter, clock: Clock, pauser: Pauser) -> None:
        self._limiter = limiter
        self._clock = clock
        self._pauser = pauser
        self._lock = threading.Lock()

    @property
    def throttled(self) -> int:
        """Calls that Amazon has refused for now."""
        return self._limiter.throttled

    def acquire(self, rows: int) -> None:
        """Wait until a request with this many rows may go.

        Raises:
            StoppedError: a signal arrived.
        """
        while True:
            with self._lock:
                now = self._clock.now().timestamp()
                wait = self._limiter.wait(now, rows)
                if wait <= 0:
                    self._limiter.sent(now, rows)
                    return
            self._pauser.pause(wait)

    def refused(self, rows: int, retry_after: float | None) -> None:
        """Note a 429: its rows have not gone."""
        with self._lock:
            now = self._clock.now().timestamp()
            self._limiter.sent(now, -rows)
            self._limiter.refused(now, retry_after)

    def accepted(self) -> None:
        """Note a call that went through."""
        with self._lock:
            self._limiter.accepted()


class ClockPauser:
    """Lets time pass on a clock, in steps, until told to stop.

    Steps, and no event: a signal handler may not touch a lock that the main thread
    could be holding.
    """

    def __init__(self, clock: Clock, is_stopped: Callable[[], bool]) -> None:
        self._clock = clock
        self._is_stopped = is_stopped

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            StoppedError: a signal arrived.
        """
        left = seconds
        while left > 0:
            if self._is_stopped():
                msg = (
                    "Stopped by a signal while Amazon throttled: what was not "
                    "accepted comes again with the next run"
                )
                raise StoppedError(msg)
            step = max(min(left, _STEP_SECONDS), MIN_PAUSE_SECONDS)
            self._clock.sleep(step)
            left -= step
