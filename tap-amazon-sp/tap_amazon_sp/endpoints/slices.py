"""The span of a run in slices of time, so that progress can be kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

SAFE_DISTANCE = timedelta(minutes=2)
"""How far in the past Amazon wants the upper bound of a search to be."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What was updated from `after` on and before `before`; None: until now.

    Amazon takes `after` as "at or after": records on the edge come twice, and the
    key merges them.
    """

    after: datetime
    before: datetime | None

    def params(
        self, params: Mapping[str, Any], after: str, before: str | None
    ) -> dict[str, Any]:
        """Return parameters with the bounds, which go before what is set there."""
        bounds = {after: self.after}
        if before is not None and self.before is not None:
            bounds[before] = self.before
        return {**params, **bounds}


def newest(now: datetime) -> datetime:
    """Return the upper bound of a run begun now, in whole seconds of UTC.

    It is the next bookmark too, where records carry no time of their own.
    """
    return (now - SAFE_DISTANCE).astimezone(timezone.utc).replace(microsecond=0)


def slices(
    start: datetime, end: datetime, hours: float | None, *, is_bounded: bool = True
) -> Iterator[Slice]:
    """Yield what to ask for from `start` to `end`, oldest first, without holes.

    Without `hours` it is one slice. An endpoint that takes no upper bound
    (`is_bounded` False) can be asked in one piece only, until now.
    """
    if start >= end:
        return
    if not is_bounded:
        yield Slice(start, None)
        return
    step = timedelta(hours=hours) if hours else end - start
    at = start
    while at < end:
        following = min(at + step, end)
        yield Slice(at, following)
        at = following
