"""How many exports may be under way at once: five of each kind, of all profiles.

Amazon counts them per kind for a developer. The owner of the engine asks and takes;
workers say what has become of a create, and which exports still run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from singer_amazon.reports.rate_limiters import AdaptiveReportRateLimiters
from singer_amazon.reports.report import CallKind
from tap_amazon_ads.entities.definitions import ExportSpec

if TYPE_CHECKING:
    from singer_amazon.rate_limits import RateLimiter
    from singer_amazon.reports.model import ReportRequest

MAX_RUNNING = 5
_LOOK = timedelta(seconds=1)


@dataclass(slots=True)
class ExportSlots:
    """The exports of one kind that are under way; implements RateLimiter."""

    limit: int = MAX_RUNNING
    _asking: int = 0
    _running: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ready_at(self, now: datetime, units: int = 1) -> datetime:
        """Return now, or when to look again where all slots are taken."""
        with self._lock:
            is_free = self._asking + len(self._running) + units <= self.limit
        return now if is_free else now + _LOOK

    def take(self, now: datetime, units: int = 1) -> None:
        """Reserve a slot for a create that begins now."""
        del now
        with self._lock:
            self._asking += units

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Nothing: the account's own limiter waits after a 429."""

    def succeeded(self) -> None:
        """Nothing: an answer says nothing of how many run."""

    def try_take(self) -> bool:
        """Reserve a slot if one is free; say whether."""
        with self._lock:
            is_free = self._asking + len(self._running) < self.limit
            self._asking += is_free
        return is_free

    # --- any thread --------------------------------------------------------

    def answered(self, report_id: str | None) -> None:
        """Take in that a create is over, and the id if there is one."""
        with self._lock:
            self._asking = max(self._asking - 1, 0)
            if report_id:
                self._running.add(report_id)

    def runs(self, report_id: str) -> None:
        """Take in that an export is under way, whoever asked for it."""
        with self._lock:
            self._running.add(report_id)

    def ended(self, report_id: str) -> None:
        """Take in that an export is over."""
        with self._lock:
            self._running.discard(report_id)


class AdsRateLimiters:
    """Learnt limiters for reports and for exports, and slots for creates of these."""

    def __init__(self) -> None:
        self._reports = AdaptiveReportRateLimiters()
        self._exports = AdaptiveReportRateLimiters()
        self._slots: dict[str, ExportSlots] = {}

    def slots(self, stream: str) -> ExportSlots:
        """Return the slots of one kind of export."""
        # setdefault: two threads that come first at once must share one
        return self._slots.setdefault(stream, ExportSlots())

    def of(self, kind: CallKind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        """Return the limiters of a call."""
        if not isinstance(request.spec, ExportSpec):
            return self._reports.of(kind, request)
        learnt = self._exports.of(kind, request)
        if kind is not CallKind.CREATE:
            return learnt
        return (*learnt, self.slots(request.stream))

    def seconds_for(
        self, requests: Iterable[ReportRequest], now: datetime
    ) -> float | None:
        """Return how long asking takes; None before any rate is learnt."""
        return self._reports.seconds_for(requests, now)
