"""The paces of the Reports API: a bucket for each account and operation.

Sales and traffic also keeps the pace of the whole application, over all accounts.
Answers are heard by workers; only the owner of the engine asks and takes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from singer_amazon.rate_limits import RateLimiter
from singer_amazon.reports.model import ReportRequest
from singer_amazon.reports.report import Kind
from tap_amazon_sp.rates import RATES, ApplicationBudget, TokenBucket, rate_of_header

SALES_AND_TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
OPERATIONS: Mapping[Kind, str] = {
    Kind.CREATE: "createReport",
    Kind.FETCH: "getReportDocument",
    Kind.CANCEL: "cancelReport",
    Kind.POLL: "getReport",
}
_LONG_HOURS = 48  # from here on days say more
_BUDGET = "sales_and_traffic"


class ReportPaces:
    """Implements singer_amazon.rate_limits.Paces."""

    def __init__(
        self, counters: Mapping[str, object], now: datetime, *, share: float
    ) -> None:
        kept = counters.get(_BUDGET)
        self._application = ApplicationBudget.from_state(
            kept if isinstance(kept, dict) else {}, now, share=share
        )
        self._buckets: dict[tuple[str, str], TokenBucket] = {}

    def of(self, kind: Kind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        """See Paces."""
        bucket = self._bucket(request.account, OPERATIONS[kind])
        if kind is Kind.CREATE and request.report_type == SALES_AND_TRAFFIC:
            return (bucket, self._application)
        return (bucket,)

    def heard(self, account: str, operation: str, header: str | None) -> None:
        """Take over the rate that an answer names; any thread may call."""
        rate = rate_of_header(header)
        if rate is not None:
            self._bucket(account, operation).named = rate

    def counters(self, now: datetime) -> dict[str, object]:
        """Return what the next run has to know."""
        kept = self._application.to_state(now)
        return {_BUDGET: kept} if kept else {}

    def seconds_for(self, requests: Iterable[ReportRequest], now: datetime) -> float:
        """Return how long it takes to ask for all of these, at these paces."""
        per_account: Counter[str] = Counter()
        sales = 0
        for request in requests:
            per_account[request.account] += 1
            sales += request.report_type == SALES_AND_TRAFFIC
        waits = [
            self._bucket(account, OPERATIONS[Kind.CREATE]).seconds_for(count, now)
            for account, count in per_account.items()
        ]
        return max([*waits, self._application.seconds_for(sales, now)], default=0.0)

    def _bucket(self, account: str, operation: str) -> TokenBucket:
        # setdefault: two threads that come first at once must share one
        return self._buckets.setdefault(
            (account, operation), TokenBucket(RATES[operation])
        )


def in_words(seconds: float) -> str:
    """Return a duration as people say it."""
    minutes = max(round(seconds / 60), 1)
    hours, rest = divmod(minutes, 60)
    if hours >= _LONG_HOURS:
        return f"{math.ceil(hours / 24)} days"
    return " ".join(
        f"{count} {unit}" for count, unit in ((hours, "h"), (rest, "min")) if count
    )
