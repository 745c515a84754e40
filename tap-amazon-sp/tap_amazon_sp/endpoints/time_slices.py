"""The span of a run in slices of time, so that progress can be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

SAFE_DISTANCE = timedelta(minutes=2)
"""How far in the past Amazon wants the upper bound of a search to be."""

SETTLING = timedelta(hours=1)
"""How long after a change it may take until Amazon's search finds it; our guess."""

FIRST_HOURS = 24.0
GROWTH = 4
MANY_PAGES = 20
MIN_LENGTH = timedelta(minutes=15)
MAX_LENGTH = timedelta(days=366)
CERTAIN_LENGTH = timedelta(days=7)
"""The shortest of all longest spans that operations of Amazon answer."""


@dataclass(frozen=True, slots=True)
class TimeSlice:
    """What was updated from `after` on and before `before`; None: until now.

    Amazon takes `after` as "at or after": records on the edge come twice, and the
    key merges them.
    """

    after: datetime
    before: datetime | None
    filters: tuple[tuple[str, str], ...] = ()
    """Parameters of this slice alone."""

    def params(
        self, params: Mapping[str, Any], after: str | None, before: str | None
    ) -> dict[str, Any]:
        """Return parameters with the bounds, which go before what is set there."""
        if after is None:
            return dict(params)
        bounds = {after: self.after}
        if before is not None and self.before is not None:
            bounds[before] = self.before
        return {**params, **bounds, **dict(self.filters)}


def newest(now: datetime) -> datetime:
    """Return the upper bound of a run begun now, in whole seconds of UTC.

    It is the next bookmark too, where records carry no time of their own.
    """
    return (now - SAFE_DISTANCE).astimezone(timezone.utc).replace(microsecond=0)


class TimeSlicer:
    """Cuts the span of a run into slices, oldest first, without holes.

    With `hours` all are of that length. Else they follow what a slice costs: longer
    while one page holds it, shorter when it takes many, so that a quiet account is
    read in few calls and a busy one keeps its progress. An endpoint that takes no
    upper bound (`is_bounded` False) is read in one piece only, until now.

    None is longer than `max_length`. Where that is None nobody knows how long a span
    the endpoint answers: a long one that comes back empty is asked for once more, in
    slices no longer than one that brought records (`CERTAIN_LENGTH` at first).
    """

    def __init__(
        self,
        start: datetime,
        end: datetime,
        *,
        hours: float | None = None,
        first_hours: float = FIRST_HOURS,
        is_bounded: bool = True,
        max_length: timedelta | None = MAX_LENGTH,
    ) -> None:
        self.start = self._at = start
        self._end = end
        self._is_bounded = is_bounded
        self._is_fixed = hours is not None
        self._max = min(max_length or MAX_LENGTH, MAX_LENGTH)
        self._answered = MAX_LENGTH if max_length is not None else CERTAIN_LENGTH
        self._doubted_until: datetime | None = None
        first = hours or first_hours
        longest = self._max.total_seconds() / 3600
        self.length = timedelta(hours=min(first, longest))

    def next(self) -> TimeSlice | None:
        """Return the next slice, None after the last."""
        if self._at >= self._end:
            return None
        after = self._at
        if not self._is_bounded:
            self._at = self._end
            return TimeSlice(after, None)
        length, end = min(self.length, self._max), self._end
        if self._doubted_until is not None and after < self._doubted_until:
            length, end = min(length, self._answered), self._doubted_until
        # an instant that datetime cannot hold is later than any end
        left = end - after
        self._at = end if left <= length else after + length
        return TimeSlice(after, self._at)

    @property
    def is_last(self) -> bool:
        """Whether the slice handed out last is the last one."""
        return self._at >= self._end

    def took(self, pages: int) -> None:
        """Learn from how many pages a slice took."""
        if self._is_fixed:
            return
        if pages <= 1:
            self.length = min(self.length * GROWTH, self._max)
        elif pages > MANY_PAGES:
            self.length = max(self.length / 2, MIN_LENGTH)

    def doubts(self, entry: TimeSlice, records: int) -> bool:
        """Learn from how many records a slice had; say whether to ask it again.

        If so, the next slices are those of its span.
        """
        if entry.before is None:
            return False
        length = entry.before - entry.after
        is_repeated = self._doubted_until is not None and (
            entry.before <= self._doubted_until
        )
        if records and is_repeated:
            self._max = min(self._max, self._answered)  # the longer one was no answer
        elif records:
            self._answered = max(self._answered, length)
        elif length > self._answered:
            self._at, self._doubted_until = entry.after, entry.before
            return True
        return False

    def again(self, entry: TimeSlice) -> bool:
        """Begin with a slice once more; say whether it is a shorter one now."""
        self._at = entry.after
        if not self.can_shorten(entry):
            return False
        assert entry.before is not None  # noqa: S101 - it can be shortened
        self.length = max((entry.before - entry.after) / 2, MIN_LENGTH)
        return True

    @staticmethod
    def can_shorten(entry: TimeSlice) -> bool:
        """Whether a slice can be asked for in smaller ones."""
        return entry.before is not None and entry.before - entry.after > MIN_LENGTH

    def next_hours(self, *, was_too_long: bool) -> float | None:
        """Return the first length for the next run, where it is not the usual one.

        `was_too_long`: this run did not even end its first slice.
        """
        if self._is_fixed or not self._is_bounded:
            return None
        length = max(self.length / 2, MIN_LENGTH) if was_too_long else self.length
        hours = length.total_seconds() / 3600
        return hours if hours < FIRST_HOURS else None
