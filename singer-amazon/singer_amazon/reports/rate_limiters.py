"""Which rate limiters a call about a report has to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from singer_amazon.rate_limits import AdaptiveRateLimiter, RateLimiter
from singer_amazon.reports.model import ReportRequest
from singer_amazon.reports.report import CallKind


class ReportRateLimiters(Protocol):
    """The limiters of all calls; only the owner of the engine asks them."""

    def of(self, kind: CallKind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        """Return the limiters of a call, the same objects for calls that share one."""


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
