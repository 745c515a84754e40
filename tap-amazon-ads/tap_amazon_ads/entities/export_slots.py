"""How many exports may be under way at once: five of each kind, of all profiles.

Amazon counts them per kind for a developer. The owner of the engine asks and takes;
workers say what has become of a create, and which exports still run.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from singer_amazon.reports.rate_limiters import AdaptiveReportRateLimiters
from singer_amazon.reports.report import CallKind
from tap_amazon_ads.entities.definitions import ExportSpec
from tap_amazon_ads.running_reports import RunningReports

if TYPE_CHECKING:
    from singer_amazon.rate_limits import RateLimiter
    from singer_amazon.reports.model import ReportRequest

MAX_RUNNING = 5


class AdsRateLimiters:
    """Learnt limiters for reports and for exports, and slots for creates of these."""

    def __init__(self) -> None:
        self._reports = AdaptiveReportRateLimiters()
        self._exports = AdaptiveReportRateLimiters()
        self._slots: dict[str, RunningReports] = {}

    def slots(self, stream: str) -> RunningReports:
        """Return the slots of one kind of export."""
        # setdefault: two threads that come first at once must share one
        return self._slots.setdefault(stream, RunningReports(MAX_RUNNING))

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
