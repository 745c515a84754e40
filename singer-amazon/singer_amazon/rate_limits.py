"""How often Amazon may be called: three rate limiters with one interface.

- `AdaptiveRateLimiter`  starts without a limit and learns one from refusals
- `TokenBucket`          a rate and a burst that Amazon has published
- `Quota`                so many units in any span of time, and a pause between calls

Nobody sleeps here and nothing reads the clock: whoever calls asks `ready_at` and comes
back then. A unit is a call, unless a quota counts something else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from singer_amazon.retry_policy import POLICY

_TINY = 1e-6  # sums of floats never quite reach what they should
_LAG = 0.02
"""Share of a call that Amazon's clock is behind: it begins when a call arrives."""


class RateLimiter(Protocol):
    """How often one thing may be done; one thread at a time asks it."""

    def ready_at(self, now: datetime, units: int = 1) -> datetime:
        """Return when the next call, of so many units, may be made."""

    def take(self, now: datetime, units: int = 1) -> None:
        """Account for a call made now; less than no units gives some back."""

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Take in a 429 to a call begun at `started`; `jitter` is in 0..1.

        Calls that were under way together are refused together: one refusal. Without
        a word from Amazon the wait grows with each; jitter spreads the return of
        several limiters.
        """

    def succeeded(self) -> None:
        """Take in an answer that was not a 429."""


@dataclass(slots=True)
class _Refusals:
    """What all limiters know of refusals."""

    refusals: int = field(default=0, init=False)
    """How often running Amazon has refused, calls under way counted once."""
    throttled: int = field(default=0, init=False, compare=False)
    """How often Amazon has refused at all."""
    open_at: datetime | None = field(default=None, init=False)
    _refused_at: datetime | None = field(default=None, init=False)

    def succeeded(self) -> None:
        """Note an answer that was not a 429."""
        self.refusals = 0

    def _opening(self, now: datetime) -> datetime:
        return now if self.open_at is None else max(now, self.open_at)

    def _count(self, started: datetime, now: datetime) -> bool:
        """Count a refusal; say whether it is a new one."""
        self.throttled += 1
        if self._refused_at is not None and started < self._refused_at:
            return False
        self.refusals += 1
        self._refused_at = now
        return True

    def _close(self, now: datetime, seconds: float) -> None:
        self.open_at = max(self._opening(now), now + timedelta(seconds=seconds))


def _growing(first: float, times: int, longest: float) -> float:
    return min(first * 2.0 ** min(times, 16), longest)


@dataclass(slots=True)
class AdaptiveRateLimiter(_Refusals):
    """Starts without a limit.

    A refusal doubles the interval between calls and closes it for as long as Amazon
    says, or else for a growing while; each success shortens the interval again.
    """

    interval: float = 0.0
    """Seconds between two calls."""

    def ready_at(self, now: datetime, units: int = 1) -> datetime:  # noqa: ARG002
        """Return when the next call may be made."""
        return self._opening(now)

    def take(self, now: datetime, units: int = 1) -> None:  # noqa: ARG002
        """Account for a call made now."""
        if self.interval:
            self.open_at = now + timedelta(seconds=self.interval)

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Slow down."""
        if self._count(started, now):
            self.interval = min(
                max(self.interval * 2, POLICY.first_interval), POLICY.max_interval
            )
        if retry_after is None:
            wait = _growing(self.interval, self.refusals, POLICY.max_throttle_wait)
            wait *= 0.75 + jitter / 2
        else:
            wait = retry_after + jitter
        self._close(now, wait)

    def succeeded(self) -> None:
        """Speed up."""
        self.refusals = 0
        self.interval *= POLICY.interval_recovery
        if self.interval < POLICY.forgotten_interval:
            self.interval = 0.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls per second in the long run, and how many at once after a pause."""

    per_second: float
    burst: int


@dataclass(slots=True)
class TokenBucket(_Refusals):
    """A published rate. It begins full: how full it is at Amazon nobody tells."""

    rate: Rate
    tokens: float = field(init=False)
    _named: float | None = field(default=None, init=False)
    """The rate Amazon's newest answer names, until `_fill` takes it over."""
    _filled_at: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.tokens = float(self.rate.burst)

    def ready_at(self, now: datetime, units: int = 1) -> datetime:
        """Return when the next call may be made."""
        self._fill(now)
        ready = now
        missing = units - self.tokens
        if missing > _TINY:
            ready = max(now, self._filled_at or now) + timedelta(
                seconds=missing / self.rate.per_second
            )
        return self._opening(ready)

    def take(self, now: datetime, units: int = 1) -> None:
        """Account for a call made now."""
        self._fill(now)
        if self.tokens >= self.rate.burst:
            self._filled_at = now + timedelta(seconds=_LAG / self.rate.per_second)
        self.tokens -= units

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Empty the bucket; at first the wait is what one call takes to come back."""
        self._count(started, now)
        one_call = 1 / self.rate.per_second
        if retry_after is None:
            times = min(self.refusals - 1, 8)
            wait = _growing(one_call, times, max(POLICY.max_throttle_wait, one_call))
            wait *= 0.75 + jitter / 2
        else:
            wait = retry_after + jitter
        self._close(now, wait)
        # at the opening there is one call to be made, not a burst
        self._fill(now)
        self._filled_at = now
        closed = (self._opening(now) - now).total_seconds()
        self.tokens = 1 - closed * self.rate.per_second

    def correct(self, per_second: float | None) -> None:
        """Take over the rate Amazon has named, if it has; any thread may call."""
        if per_second is not None:
            self._named = per_second

    def seconds_for(self, calls: int, now: datetime) -> float:
        """Return how long so many calls take from now on."""
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
        if self._named is not None:
            self.rate, self._named = Rate(self._named, self.rate.burst), None


@dataclass(slots=True)
class Quota(_Refusals):
    """So many units in any `period` seconds, `interval` seconds between two calls.

    A refusal without a word from Amazon closes it for `first_wait` to `max_wait`
    seconds, doubling with each; jitter may take off the share `jitter_share` of that,
    and puts off the return by up to `spread` seconds.
    """

    limit: int
    period: float
    interval: float = 0.0
    first_wait: float = 0.0
    max_wait: float = 0.0
    jitter_share: float = 0.5
    spread: float = 1.0
    _taken: deque[tuple[datetime, int]] = field(default_factory=deque, init=False)
    _sum: int = field(default=0, init=False)

    @property
    def taken(self) -> Iterable[tuple[datetime, int]]:
        """What was taken and when, oldest first; at least that of one period."""
        return self._taken

    def ready_at(self, now: datetime, units: int = 1) -> datetime:
        """Return when so many units may be taken."""
        self.forget(now)
        ready = self._opening(now)
        if self._taken and self.interval:
            pause = timedelta(seconds=self.interval)
            ready = max(ready, self._taken[-1][0] + pause)
        excess = self._sum + units - self.limit
        for at, taken in self._taken:
            if excess <= 0:
                break
            excess -= taken
            ready = max(ready, at + timedelta(seconds=self.period))
        return ready

    def take(self, now: datetime, units: int = 1) -> None:
        """Account for units taken now; less than none gives some back."""
        self.forget(now)
        self._taken.append((now, units))
        self._sum += units

    def refused(
        self, started: datetime, now: datetime, retry_after: float | None, jitter: float
    ) -> None:
        """Wait: somebody else has used what we would have taken."""
        self._count(started, now)
        wait = retry_after
        if wait is None:
            wait = _growing(self.first_wait, self.refusals - 1, self.max_wait)
            wait *= 1 - self.jitter_share * (1 - jitter)
        self._close(now, wait + jitter * self.spread)

    def seconds_for(self, calls: int, now: datetime) -> float:
        """Return how long it takes until so many calls of one unit are made."""
        trial = Quota(self.limit, self.period, self.interval)
        trial._taken, trial._sum = deque(self._taken), self._sum
        trial.open_at, at = self.open_at, now
        for _ in range(calls):
            at = trial.ready_at(at)
            trial.take(at)
        return (at - now).total_seconds()

    def forget(self, now: datetime) -> None:
        """Drop what was taken longer ago than a period."""
        oldest = now - timedelta(seconds=self.period)
        while self._taken and self._taken[0][0] <= oldest:
            self._sum -= self._taken.popleft()[1]
