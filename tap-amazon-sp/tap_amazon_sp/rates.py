"""How fast Amazon lets us call: token buckets, and one budget of an application.

Nobody sleeps here and nothing reads the clock: whoever calls asks `ready_at` and
comes back then.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

LONGEST_WAIT = 300.0
_DAY = timedelta(days=1)
_TINY = 1e-6  # sums of floats never quite reach what they should
_LAG = 0.02
"""Share of a call that Amazon's clock is behind: it begins when a call arrives."""
_ALMOST_ONE = 1 - _TINY


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls per second in the long run, and how many at once after a pause."""

    per_second: float
    burst: int


# for each application and selling partner; Amazon corrects them in its answers
RATES: Mapping[str, Rate] = {
    "createReport": Rate(0.0167, 15),
    "getReport": Rate(2.0, 15),
    "getReports": Rate(0.0222, 10),
    "cancelReport": Rate(0.0222, 10),
    "getReportDocument": Rate(0.0167, 15),
    "getMarketplaceParticipations": Rate(0.016, 15),
    "createRestrictedDataToken": Rate(1.0, 10),
}


def rate_of_header(text: str | None) -> float | None:
    """Return what `x-amzn-RateLimit-Limit` says, in calls per second.

    It is the rate, never the calls that are left; None where it makes no sense.
    """
    try:
        rate = float(text or "")
    except ValueError:
        return None
    return rate if math.isfinite(rate) and rate > 0 else None


@dataclass(slots=True)
class TokenBucket:
    """The pace of one operation for one account.

    It begins full: how full it is at Amazon nobody tells. A refusal empties it.
    """

    rate: Rate
    tokens: float = field(init=False)
    refusals: int = 0
    """How often running Amazon has refused, calls under way counted once."""
    open_at: datetime | None = None
    named: float | None = None
    """The rate that Amazon's newest answer names; workers set it, `_fill` takes it."""
    _filled_at: datetime | None = field(default=None, init=False)
    _refused_at: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.tokens = float(self.rate.burst)

    def ready_at(self, now: datetime) -> datetime:
        """Return when the next call may be made."""
        self._fill(now)
        ready = now
        if self.tokens < _ALMOST_ONE:
            ready = max(now, self._filled_at or now) + timedelta(
                seconds=(1 - self.tokens) / self.rate.per_second
            )
        return ready if self.open_at is None else max(ready, self.open_at)

    def take(self, now: datetime) -> None:
        """Account for a call made now."""
        self._fill(now)
        if self.tokens >= self.rate.burst:
            self._filled_at = now + timedelta(seconds=_LAG / self.rate.per_second)
        self.tokens -= 1

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Empty the bucket after a 429 to a call begun at `started`.

        Calls that were under way together are refused together: one refusal. Without
        a word from Amazon the wait is what one call takes to come back, longer each
        time; `jitter` in 0..1 spreads the return of several buckets.
        """
        if self._refused_at is None or started >= self._refused_at:
            self.refusals += 1
            self._refused_at = now
        one_call = 1 / self.rate.per_second
        if retry_after is None:
            longest = max(LONGEST_WAIT, one_call)
            wait = min(one_call * 2 ** min(self.refusals - 1, 8), longest)
            wait *= 0.75 + jitter / 2
        else:
            wait = retry_after + jitter
        opening = now + timedelta(seconds=wait)
        self.open_at = opening if self.open_at is None else max(self.open_at, opening)
        # at the opening there is one call to be made, not a burst
        self._fill(now)
        self._filled_at = now
        closed = (self.open_at - now).total_seconds()
        self.tokens = 1 - closed * self.rate.per_second

    def succeeded(self) -> None:
        """Note an answer that was not a 429."""
        self.refusals = 0

    def correct(self, per_second: float | None, now: datetime) -> None:
        """Take over the rate Amazon has named in an answer, if it has."""
        if per_second is not None and per_second != self.rate.per_second:
            self._fill(now)
            self.rate = Rate(per_second, self.rate.burst)

    def seconds_for(self, calls: int, now: datetime) -> float:
        """Return how long so many calls take from now on, at this pace."""
        wait = (self.ready_at(now) - now).total_seconds()
        missing = calls - self.tokens
        if calls <= 0 or missing <= 0:
            return wait if calls > 0 else 0.0
        lag = (max(self._filled_at or now, now) - now).total_seconds()
        if self.tokens >= self.rate.burst:
            lag = _LAG / self.rate.per_second
        return max(wait, lag + missing / self.rate.per_second)

    def _fill(self, now: datetime) -> None:
        if self._filled_at is not None and now > self._filled_at:
            gained = (now - self._filled_at).total_seconds() * self.rate.per_second
            self.tokens = min(self.tokens + gained, float(self.rate.burst))
        self._filled_at = max(self._filled_at or now, now)
        if self.named is not None:
            self.rate, self.named = Rate(self.named, self.rate.burst), None


@dataclass(slots=True)
class ApplicationBudget:
    """A limit over all selling partners of an application, kept between runs.

    Made for sales-and-traffic: one create in 15 minutes, 96 in 24 hours. `share` is
    this run's part of it, where several runs use one application.
    """

    share: float = 1.0
    interval: float = 900.0
    per_day: int = 96
    creates: deque[datetime] = field(default_factory=deque)
    """When reports were asked for in the last 24 hours, oldest first."""
    refusals: int = 0
    open_at: datetime | None = None

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], now: datetime, *, share: float = 1.0
    ) -> ApplicationBudget:
        """Read the counters of earlier runs; what is damaged or past is left out."""
        listed = state.get("creates")
        texts = listed if isinstance(listed, list) else []
        times = [_instant(text) for text in (*texts, state.get("last_create"))]
        # a clock that was ahead must not close the budget for long
        known = sorted({min(time, now) for time in times if time is not None})
        return cls(share, creates=deque(t for t in known if now - t < _DAY))

    def to_state(self, now: datetime) -> dict[str, Any]:
        """Return the counters for the next run; empty if there is nothing to keep."""
        self._forget(now)
        if not self.creates:
            return {}
        texts = [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in self.creates]
        return {"last_create": texts[-1], "creates": texts}

    def ready_at(self, now: datetime) -> datetime:
        """Return when the next report may be asked for."""
        self._forget(now)
        ready = now if self.open_at is None else max(now, self.open_at)
        if self.creates:
            pause = timedelta(seconds=self.interval / self.share)
            ready = max(ready, self.creates[-1] + pause)
        allowed = max(int(self.per_day * self.share), 1)
        if len(self.creates) >= allowed:
            ready = max(ready, self.creates[-allowed] + _DAY)
        return ready

    def take(self, now: datetime) -> None:
        """Account for a report asked for now."""
        self._forget(now)
        self.creates.append(now)

    def refused(
        self,
        started: datetime,  # noqa: ARG002 - as a TokenBucket: there is one at a time
        now: datetime,
        retry_after: float | None,
        jitter: float,
    ) -> None:
        """Wait one interval after a 429: somebody else has used the turn."""
        self.refusals += 1
        wait = self.interval if retry_after is None else retry_after
        self.open_at = now + timedelta(seconds=wait + jitter)

    def succeeded(self) -> None:
        """Note an answer that was not a 429."""
        self.refusals = 0

    def seconds_for(self, calls: int, now: datetime) -> float:
        """Return how long it takes until so many reports are asked for."""
        trial = ApplicationBudget(
            self.share, self.interval, self.per_day, deque(self.creates)
        )
        trial.open_at, at = self.open_at, now
        for _ in range(calls):
            at = trial.ready_at(at)
            trial.take(at)
        return (at - now).total_seconds()

    def _forget(self, now: datetime) -> None:
        while self.creates and now - self.creates[0] >= _DAY:
            self.creates.popleft()


def _instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
