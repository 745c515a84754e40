"""Which rate limiters a call about a report has to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from singer_amazon.rate_limits import AdaptiveRateLimiter, RateLimiter
from singer_amazon.reports.model import ReportRequest
from singer_amazon.reports.report import CallKind


class ReportRateLimiters(Protocol):
    """The limiters of all calls; only the owner of the engine asks them."""

    def of(self, kind: CallKind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        """Return the limiters of a call, the same objects for calls that share one."""

    def seconds_for(
        self, requests: Iterable[ReportRequest], now: datetime
    ) -> float | None:
        """Return how long asking for all of these takes; None where nobody knows."""


@dataclass(slots=True)
class AdaptiveReportRateLimiters:
    """An adaptive limiter for each account and kind of call."""

    _limiters: dict[tuple[CallKind, str], AdaptiveRateLimiter] = field(
        default_factory=dict
    )

    def of(self, kind: CallKind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        """Return the one of this account and kind."""
        key = (kind, request.account)
        return (self._limiters.setdefault(key, AdaptiveRateLimiter()),)

    def seconds_for(
        self, requests: Iterable[ReportRequest], now: datetime
    ) -> float | None:
        """Return how long asking takes at the rates learnt; None before any is."""
        counts = Counter(request.account for request in requests)
        waits = []
        for account, count in counts.items():
            limiter = self._limiters.get((CallKind.CREATE, account))
            if limiter is not None and limiter.interval:
                wait = (limiter.ready_at(now) - now).total_seconds()
                waits.append(wait + (count - 1) * limiter.interval)
        return max(waits, default=None)
