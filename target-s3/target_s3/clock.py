"""The time, passed to whoever needs it, so that tests can set it."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """Tells the time in the two ways this package needs it."""

    def monotonic(self) -> float:
        """Seconds since some moment, never going backwards."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class SystemClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        """Seconds since some moment, never going backwards."""
        return time.monotonic()

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(tz=timezone.utc)
