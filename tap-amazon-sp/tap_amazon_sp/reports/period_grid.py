"""Whole periods as the report engine counts them: grids, ranges, and their patience."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from singer_amazon.reports import periods as spans
from singer_amazon.reports.model import DateOrHour, Window, earliest
from singer_amazon.reports.windows import DateRange
from tap_amazon_sp.periods import (
    Availability,
    Period,
    PeriodRules,
    covering,
    cut,
    end_of,
    gives_up_on,
    number_at,
    start_of,
)


@dataclass(frozen=True, slots=True)
class PeriodGrid:
    """Whole periods of one kind, at most `per_request` of them (None: any number).

    What is too long for one request is cut where every stream would cut it, however
    far each has come.
    """

    period: Period
    per_request: int | None

    @property
    def is_single(self) -> bool:
        """Whether a request takes one period only."""
        return self.per_request == 1

    def cut(self, days: Iterable[Window]) -> spans.Spans:
        """Cut days into windows of whole periods, on a fixed grid."""
        return tuple(part for window in spans.union(days) for part in self._cut(window))

    def back(self, newest: DateOrHour, count: int) -> DateOrHour:
        """Return the start of the period so many before the newest."""
        return start_of(self.period, number_at(self.period, newest) - count + 1)

    def _cut(self, window: Window) -> spans.Spans:
        span = covering(self.period, window)
        if self.per_request is None or len(span) <= self.per_request:
            return (window,)
        return tuple(part.window for part in cut(span, self.per_request))


def range_of(
    period: Period, availability: Availability, start: DateOrHour, *, start_is_set: bool
) -> DateRange:
    """Return the days (or hours) a run may request, from the period with `start` on."""
    end = end_of(period, availability.newest)
    kept = earliest(end)
    if availability.oldest is not None:
        kept = start_of(period, availability.oldest)
    first = start_of(period, number_at(period, start))
    return DateRange(first, end, kept, start_is_set=start_is_set)


def may_come(
    period: Period, rules: PeriodRules, window: Window, *, today: date, now: datetime
) -> bool:
    """Whether what was not available may still be published, in reasonable time."""
    end = gives_up_on(covering(period, window), rules)
    return now < end if isinstance(end, datetime) else today < end
