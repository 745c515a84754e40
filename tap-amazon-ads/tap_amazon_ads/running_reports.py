"""How many reports may be under way at once, where Amazon counts them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_LOOK = timedelta(seconds=1)


@dataclass(slots=True)
class RunningReports:
    """The reports of one kind that are under way; implements RateLimiter.

    The owner of the engine asks and takes; workers say what has become of a create, and
    which reports still run.
    """

    limit: int | None
    """None: as many as Amazon takes."""
    one_create_at_a_time: bool = False
    _asking: int = 0
    _running: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ready_at(self, now: datetime, units: int = 1) -> datetime:
        """Return now, or when to look again where no other may begin."""
        with self._lock:
            is_free = self._may_begin(units)
        return now if is_free else now + _LOOK

    def take(self, now: datetime, units: int = 1) -> None:
        """Account for a create that begins now."""
        del now
        with self._lock:
            self._asking += units

    def try_take(self) -> bool:
        """Account for a create if one may begin; say whether."""
        with self._lock:
            is_free = self._may_begin(1)
            self._asking += is_free
        return is_free

    def _may_begin(self, units: int) -> bool:
        if self.one_create_at_a_time and self._asking:
            return False
        count = self._asking + len(self._running) + units
        return self.limit is None or count <= self.limit

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Nothing: another limiter waits after a 429."""

    def succeeded(self) -> None:
        """Nothing: an answer says nothing of how many run."""

    # --- any thread --------------------------------------------------------

    def answered(self, report_id: str | None) -> None:
        """Take in that a create is over, and the id if there is one."""
        with self._lock:
            self._asking = max(self._asking - 1, 0)
            if report_id:
                self._running.add(report_id)

    def runs(self, report_id: str) -> None:
        """Take in that a report is under way, whoever asked for it."""
        with self._lock:
            self._running.add(report_id)

    def ended(self, report_id: str) -> None:
        """Take in that a report is over."""
        with self._lock:
            self._running.discard(report_id)
