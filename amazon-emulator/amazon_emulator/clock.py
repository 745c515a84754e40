"""Time for the emulator: the one place that reads the wall clock and sleeps.

It is passed in; tests stop it and move it by hand.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone


class SettableClock:
    """Real time, moved by an offset or stopped at an instant; safe for threads."""

    def __init__(self, now: datetime | None = None, *, frozen: bool = False) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen: datetime | None = None
        if now is not None:
            self.set(now, frozen=frozen)
        self._initial = (self._offset, self._frozen)

    def now(self) -> datetime:
        """Return the emulated instant, aware and in UTC."""
        with self._lock:
            if self._frozen is not None:
                return self._frozen
            return datetime.now(timezone.utc) + self._offset

    def sleep(self, seconds: float) -> None:
        """Let real time pass, also while the emulated clock stands still."""
        if seconds > 0:
            time.sleep(seconds)

    def set(self, now: datetime, *, frozen: bool = False) -> None:
        """Put the clock at an aware instant; it runs on from there unless frozen."""
        instant = now.astimezone(timezone.utc)
        with self._lock:
            self._offset = instant - datetime.now(timezone.utc)
            self._frozen = instant if frozen else None

    def advance(self, seconds: float) -> None:
        """Move the clock forward (or back, with a negative number)."""
        step = timedelta(seconds=seconds)
        with self._lock:
            self._offset += step
            if self._frozen is not None:
                self._frozen += step

    def reset(self) -> None:
        """Return to the time this clock was made with."""
        with self._lock:
            self._offset, self._frozen = self._initial

    def follow_real_time(self) -> None:
        """Run with real time from now on."""
        with self._lock:
            self._offset, self._frozen = timedelta(0), None

    @property
    def is_frozen(self) -> bool:
        """Return whether the clock stands still."""
        with self._lock:
            return self._frozen is not None


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant; a text without an offset is taken as UTC."""
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)


def format_instant(instant: datetime) -> str:
    """Write an instant as Amazon does: UTC, milliseconds, `Z`."""
    utc = instant.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def format_seconds(instant: datetime, zone: str = "Z") -> str:
    """Write an instant in UTC and whole seconds, with `Z` or `+00:00`."""
    return f"{instant.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S}{zone}"
