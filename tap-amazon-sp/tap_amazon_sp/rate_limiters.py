"""The rate limiters of operations, for callers that wait by themselves.

One bucket per account and operation. A call is made only when its bucket allows it; a
429 is no response but a later time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from http import HTTPStatus

from singer_amazon.clock import Clock
from singer_amazon.http.transport import Response
from singer_amazon.rate_limits import Rate, TokenBucket
from tap_amazon_sp.client import RATE_HEADER
from tap_amazon_sp.rates import UNKNOWN, rate_of_header


class RateLimiters:
    """Token buckets by any key; `jitter` gives numbers in 0..1."""

    def __init__(self, clock: Clock, jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._buckets: dict[Hashable, TokenBucket] = {}

    def ready_at(self, key: Hashable, rate: Rate | None) -> datetime:
        """Return when the next call may be made."""
        return self._bucket(key, rate).ready_at(self._clock.now())

    def refusals(self, key: Hashable) -> int:
        """Return how often running Amazon has refused the newest calls."""
        bucket = self._buckets.get(key)
        return bucket.refusals if bucket is not None else 0

    def call(
        self, key: Hashable, rate: Rate | None, make: Callable[[], Response]
    ) -> Response | None:
        """Make a call that is ready; None where Amazon wants it later (429)."""
        bucket = self._bucket(key, rate)
        started = self._clock.now()
        bucket.take(started)
        response = make()
        now = self._clock.now()
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            bucket.refused(started, now, response.retry_after(now), self._jitter())
            return None
        bucket.succeeded()
        bucket.correct(rate_of_header(response.headers.get(RATE_HEADER)))
        return response

    def ask(
        self,
        key: Hashable,
        rate: Rate | None,
        make: Callable[[], Response],
        wait_until: Callable[[datetime], bool],
    ) -> Response | None:
        """Make a call as soon and as often as it takes; None where the time is up."""
        while wait_until(self.ready_at(key, rate)):
            response = self.call(key, rate, make)
            if response is not None:
                return response
        return None

    def _bucket(self, key: Hashable, rate: Rate | None) -> TokenBucket:
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = TokenBucket(rate or UNKNOWN)
        return found
