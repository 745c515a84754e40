"""How fast records may go: Amazon's volume per hour, and its word when it throttles."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from singer_amazon.errors import TransientError
from singer_amazon.rate_limits import Quota
from target_amazon_audience.delivery.models import (
    StoppedError,
)

if TYPE_CHECKING:
    from singer_amazon.clock import Clock

RECORDS_PER_HOUR = 15_000_000
"""Amazon wants less than this many records per hour and connection."""
MIN_PAUSE_SECONDS = 0.001
"""Less may not move a clock at all."""

_HOUR = 3600.0
_STEP_SECONDS = 0.25
_TIME_IS_UP = (
    "Amazon takes no call for {wait:,.0f} seconds (it throttles, or its volume per "
    "hour is used up), and the run's time (max_runtime_seconds) is up before: what "
    "was not accepted comes again with the next run"
)


def record_quota(
    past: Iterable[tuple[float, int]] = (), records_per_hour: int | None = None
) -> Quota:
    """Return the quota of a connection; ``past`` is when so many records were sent."""
    limit = RECORDS_PER_HOUR if records_per_hour is None else records_per_hour
    quota = Quota(limit - 1, _HOUR, first_wait=2.0, max_wait=60.0, spread=0)
    for sent_at, records in past:
        quota.take(datetime.fromtimestamp(sent_at, timezone.utc), records)
    return quota


class Deadline:
    """Until when a run waits for what Amazon puts off; only the main thread moves it.

    Calls that need no waiting are made beyond it, too.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.ends_at = clock.now().timestamp() + seconds

    def time_left(self) -> float:
        """Return the seconds until then, none or more."""
        return max(self.ends_at - self._clock.now().timestamp(), 0.0)

    def extend(self, until: float) -> None:
        """Move it to a later time, where that is one."""
        self.ends_at = max(self.ends_at, until)


class SharedLimiter:
    """The quota of a connection, kept by many threads until a signal arrives."""

    def __init__(
        self,
        quota: Quota,
        clock: Clock,
        is_stopped: Callable[[], bool],
        deadline: Deadline,
    ) -> None:
        self._quota = quota
        self._clock = clock
        self._is_stopped = is_stopped
        self._deadline = deadline
        self._random = random.Random(0)  # noqa: S311 - jitter, not a secret
        self._lock = threading.Lock()

    @property
    def throttled(self) -> int:
        """Calls that Amazon has refused for now."""
        return self._quota.throttled

    def acquire(self, records: int = 0, *, until: float = math.inf) -> datetime:
        """Wait until a request with so many records may go; return when that was.

        Raises:
            StoppedError: a signal arrived.
            TransientError: it may not go before ``until``, or in the time of the run.
        """
        while True:
            with self._lock:
                now = self._clock.now()
                wait = (self._quota.ready_at(now, records) - now).total_seconds()
                if wait <= 0:
                    self._quota.take(now, records)
                    return now
            if now.timestamp() + wait > until:
                msg = f"Amazon throttles: no call for {wait:,.0f} seconds"
                raise TransientError(msg)
            if now.timestamp() + wait > self._deadline.ends_at:
                raise TransientError(_TIME_IS_UP.format(wait=wait))
            self._pause(wait)

    def refused(
        self, started: datetime, retry_after: float | None, records: int = 0
    ) -> None:
        """Note a 429 to a request begun at ``started``: its records have not gone."""
        with self._lock:
            now = self._clock.now()
            self._quota.take(now, -records)
            self._quota.refused(started, now, retry_after, self._random.random())

    def succeeded(self) -> None:
        """Note a call that went through."""
        with self._lock:
            self._quota.succeeded()

    def _pause(self, seconds: float) -> None:
        """Wait in steps.

        No event: a signal handler may not touch a lock that the main thread could be
        holding.
        """
        while seconds > 0:
            if self._is_stopped():
                msg = (
                    "Stopped by a signal while Amazon throttled: what was not "
                    "accepted comes again with the next run"
                )
                raise StoppedError(msg)
            step = max(min(seconds, _STEP_SECONDS), MIN_PAUSE_SECONDS)
            self._clock.sleep(step)
            seconds -= step
