"""How fast Amazon lets one account use one operation, learnt from its answers.

A budget starts without any pace. A refusal (HTTP 429) doubles the interval
between calls and closes the budget for as long as Amazon says, or else for a
growing while; each success shortens the interval again. Nobody sleeps here:
the engine asks `ready_at` and does something else until then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from singer_amazon.reports.model import ReportRequest
from singer_amazon.reports.report import Kind

FIRST_INTERVAL = 1.0
MAX_INTERVAL = 60.0
MAX_WAIT = 300.0
FORGOTTEN = 0.05  # an interval this short is no pace at all
RECOVERY = 0.7


class RateLimiter(Protocol):
    """How often one operation may be called; the owner of the engine asks it."""

    def ready_at(self, now: datetime) -> datetime:
        """Return when the next call may be made."""
        ...

    def take(self, now: datetime) -> None:
        """Account for a call made now."""
        ...

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Take in a 429 to a call begun at `started`; `jitter` is in 0..1."""
        ...

    def succeeded(self) -> None:
        """Take in an answer that was not a 429."""
        ...


class RateLimiters(Protocol):
    """The paces that a call has to keep, all of them."""

    def of(self, kind: Kind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        """Return the same objects for calls that share a pace."""
        ...


@dataclass(slots=True)
class AdaptiveRateLimiters:
    """A budget for each account and kind of call, without any pace to begin with."""

    _budgets: dict[tuple[Kind, str], AdaptiveRateLimiter] = field(default_factory=dict)

    def of(self, kind: Kind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        """See Paces."""
        return (
            self._budgets.setdefault((kind, request.account), AdaptiveRateLimiter()),
        )


@dataclass(slots=True)
class AdaptiveRateLimiter:
    """The pace of one operation for one account; all durations in seconds."""

    interval: float = 0.0
    open_at: datetime | None = None
    refused_at: datetime | None = None
    refusals: int = 0
    """How often running Amazon has refused, calls under way counted once."""

    def ready_at(self, now: datetime) -> datetime:
        """Return when the next call may be made."""
        return now if self.open_at is None else max(now, self.open_at)

    def take(self, now: datetime) -> None:
        """Account for a call made now."""
        if self.interval:
            self.open_at = now + timedelta(seconds=self.interval)

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Slow down after a 429 to a call begun at `started`.

        `jitter` in 0..1 spreads the return of several budgets. Calls that were
        under way together are refused together and count as one refusal.
        """
        if self.refused_at is None or started >= self.refused_at:
            self.interval = min(max(self.interval * 2, FIRST_INTERVAL), MAX_INTERVAL)
            self.refusals += 1
            self.refused_at = now
        if retry_after is None:
            wait = min(self.interval * 2 ** min(self.refusals, 16), MAX_WAIT)
            wait *= 0.75 + jitter / 2
        else:
            wait = retry_after + jitter
        opening = now + timedelta(seconds=wait)
        self.open_at = opening if self.open_at is None else max(self.open_at, opening)

    def succeeded(self) -> None:
        """Speed up after an answer that was not a 429."""
        self.refusals = 0
        self.interval *= RECOVERY
        if self.interval < FORGOTTEN:
            self.interval = 0.0
