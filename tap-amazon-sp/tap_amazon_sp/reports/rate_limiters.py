"""The rate limiters of the Reports API: a bucket for each account and operation.

Sales and traffic also keeps a quota of the whole application, over all accounts and
runs. Workers hand in what responses say; only the owner of the engine asks and takes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from singer_amazon.errors import ConfigError
from singer_amazon.rate_limits import Quota, RateLimiter, TokenBucket
from singer_amazon.reports.model import ReportRequest
from singer_amazon.reports.report import CallKind
from tap_amazon_sp.data_kiosk.queries.known_queries import KnownQueries
from tap_amazon_sp.data_kiosk.queries.query_spec import is_query, query_spec_of
from tap_amazon_sp.data_kiosk.queries.running_queries import AccountQueries
from tap_amazon_sp.rates import RATES, rate_of_header
from tap_amazon_sp.reports.cancelled import CancelledReports
from tap_amazon_sp.timestamps import format_instant, parse_instant

SALES_AND_TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
OPERATIONS: Mapping[CallKind, str] = {
    CallKind.CREATE: "createReport",
    CallKind.FETCH: "getReportDocument",
    CallKind.CANCEL: "cancelReport",
    CallKind.POLL: "getReport",
}
QUERY_OPERATIONS: Mapping[CallKind, str] = {
    CallKind.CREATE: "createQuery",
    CallKind.FETCH: "getDocument",
    CallKind.CANCEL: "cancelQuery",
    CallKind.POLL: "getQuery",
}
_LONG_HOURS = 48  # from here on days say more
_BUDGET = "sales_and_traffic"
_QUERIES = "data_kiosk"
_DAY = timedelta(days=1)
PER_DAY = 96
MIN_SHARE = 0.001
INTERVAL = 900.0
"""Seconds between two creates of sales and traffic."""


def read_share(value: object) -> float:
    """Read which part of an application's limits a run may use: 0.0625, or 1/16.

    Raises:
        ConfigError: it is no part of one.
    """
    try:
        share = float(Fraction(str(value)))
    except (ValueError, ZeroDivisionError):
        share = math.nan
    if not MIN_SHARE <= share <= 1:
        msg = (
            f"app_budget_share {value!r} is no part of the application's limits: "
            'write a number from 0.001 to 1, or a fraction such as "1/16"'
        )
        raise ConfigError(msg)
    return share


def application_quota(
    state: Mapping[str, object], now: datetime, *, share: float = 1.0
) -> Quota:
    """Return the quota of sales and traffic with the counters of earlier runs.

    One create in 15 minutes, 96 in 24 hours, for all selling partners. `share` is this
    run's part, where several runs use one application. What is damaged or past in the
    state is left out.
    """
    quota = Quota(
        limit=max(int(PER_DAY * share), 1),
        period=_DAY.total_seconds(),
        interval=INTERVAL / share,
        first_wait=INTERVAL,
        max_wait=INTERVAL,
        jitter_share=0.0,
    )
    listed = state.get("creates")
    texts = listed if isinstance(listed, list) else []
    times = [parse_instant(text) for text in (*texts, state.get("last_create"))]
    # a clock that was ahead must not close the quota for long
    for at in sorted({min(at, now) for at in times if at is not None}):
        if now - at < _DAY:
            quota.take(at)
    return quota


def quota_state(quota: Quota, now: datetime) -> dict[str, object]:
    """Return the counters for the next run; empty if there is nothing to keep."""
    quota.forget(now)
    texts = [format_instant(at) for at, _ in quota.taken]
    return {"last_create": texts[-1], "creates": texts} if texts else {}


class SpReportRateLimiters:
    """Implements singer_amazon.reports.rate_limiters.ReportRateLimiters."""

    def __init__(
        self,
        counters: Mapping[str, object],
        now: datetime,
        *,
        share: float,
        queries: AccountQueries | None = None,
    ) -> None:
        kept = counters.get(_BUDGET)
        self._application = application_quota(
            kept if isinstance(kept, dict) else {}, now, share=share
        )
        self._buckets: dict[tuple[str, str], TokenBucket] = {}
        self.cancelled = CancelledReports(counters, now)
        self._now = now
        self._queries = queries or AccountQueries(5)
        self.known_queries = KnownQueries(counters.get(_QUERIES))
        self._pauses: dict[tuple[str, str, str], Quota] = {}

    def of(self, kind: CallKind, request: ReportRequest) -> tuple[RateLimiter, ...]:
        """Return the bucket, with what else holds for a type.

        That is the application's quota of sales and traffic, and the pause of a type
        that has been cancelled.
        """
        if is_query(request):
            return self._of_query(kind, request)
        bucket = self._bucket(request.account, OPERATIONS[kind])
        if kind is not CallKind.CREATE:
            return (bucket,)
        if request.report_type == SALES_AND_TRAFFIC:
            return (bucket, self._application)
        seconds = self.cancelled.spacing(request, self._now)
        if not seconds:
            return (bucket,)
        key = (request.account, request.report_type, request.marketplace)
        return (bucket, self._pauses.setdefault(key, Quota(1, seconds)))

    def _of_query(
        self, kind: CallKind, request: ReportRequest
    ) -> tuple[RateLimiter, ...]:
        """Return the bucket; for a create also how many may run at a time."""
        self.known_queries.is_used = True
        bucket = self._bucket(request.account, QUERY_OPERATIONS[kind])
        if kind is not CallKind.CREATE:
            return (bucket,)
        return (bucket, self._queries.of(request.account))

    def correct(self, account: str, operation: str, header: str | None) -> None:
        """Take over the rate that a response names; any thread may call."""
        rate = rate_of_header(header)
        if rate is not None:
            self._bucket(account, operation).correct(rate)

    def counters(self, now: datetime) -> dict[str, object]:
        """Return what the next run has to know."""
        kept = quota_state(self._application, now)
        sales: dict[str, object] = {_BUDGET: kept} if kept else {}
        known = self.known_queries.counters(now)
        queries: dict[str, object] = {_QUERIES: known} if known else {}
        return sales | queries | self.cancelled.counters(now)

    def seconds_for(self, requests: Iterable[ReportRequest], now: datetime) -> float:
        """Return how long it takes to request all of these."""
        per_account: Counter[tuple[str, str]] = Counter()
        sales = 0
        for request in requests:
            operations = QUERY_OPERATIONS if is_query(request) else OPERATIONS
            parts = query_spec_of(request).part_count if is_query(request) else 1
            per_account[request.account, operations[CallKind.CREATE]] += parts
            sales += request.report_type == SALES_AND_TRAFFIC
        waits = [
            self._bucket(*operation).seconds_for(count, now)
            for operation, count in per_account.items()
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
