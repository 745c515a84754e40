"""How often Ads API v1 may be called: creates one after another, two reports at once.

Amazon says nothing of it. Users have found that a third report under way is refused for
ten minutes and more, and keep a minute between two creates of a region; its guide asks
for a minute between two looks at one report.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from singer_amazon.rate_limits import AdaptiveRateLimiter, Quota, RateLimiter
from singer_amazon.reports.model import ReportRequest
from singer_amazon.reports.rate_limiters import ReportRateLimiters
from singer_amazon.reports.report import CallKind
from tap_amazon_ads.running_reports import RunningReports
from tap_amazon_ads.unified.spec import UnifiedSpec

MAX_RUNNING = 2
DEFAULT_INTERVAL = 60.0
_REFUSED_FIRST, _REFUSED_MOST = 60.0, 4320.0
"""Seconds to wait after a 429 that names none; at most 72 minutes."""


class RoutedRateLimiters:
    """The limiters of v1 for its reports, and those of `others` for all else."""

    def __init__(
        self, others: ReportRateLimiters, interval: float, *, waits: bool = True
    ) -> None:
        self._others = others
        self._interval = interval
        self.running = RunningReports(
            MAX_RUNNING if waits else None, one_create_at_a_time=True
        )
        self._creates = Quota(
            1, interval, first_wait=_REFUSED_FIRST, max_wait=_REFUSED_MOST
        )
        self._fetches = AdaptiveRateLimiter()
        self._polls: dict[object, Quota] = {}

    def of(self, kind: CallKind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        """Return the limiters of a call: the token's, not the account's."""
        if not isinstance(request.spec, UnifiedSpec):
            return self._others.of(kind, request)
        if kind is CallKind.CREATE:
            return (self._creates, self.running)
        if kind is not CallKind.POLL:
            return (self._fetches,)
        limiter = self._polls.get(request.identity)
        if limiter is None:
            limiter = Quota(1, self._interval, first_wait=self._interval, max_wait=600)
            self._polls[request.identity] = limiter
        return (limiter,)

    def seconds_for(
        self, requests: Iterable[ReportRequest], now: datetime
    ) -> float | None:
        """Return how long asking takes; None before any rate is known."""
        found = list(requests)
        unified = [r for r in found if isinstance(r.spec, UnifiedSpec)]
        rest = [r for r in found if not isinstance(r.spec, UnifiedSpec)]
        waits = [self._others.seconds_for(rest, now)]
        if unified:
            waits.append(self._creates.seconds_for(len(unified), now))
        return max((wait for wait in waits if wait is not None), default=None)
