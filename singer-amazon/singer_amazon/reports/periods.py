"""What one request may hold: how sets of days (or hours) are cut into windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from singer_amazon.reports import spans
from singer_amazon.reports.model import DateOrHour, Window, step_back


class Grid(Protocol):
    """The periods of a report type: days, hours, weeks or longer.

    All windows it is given begin and end where periods do.
    """

    @property
    def is_single(self) -> bool:
        """Whether no request can hold more than one period."""

    def cut(self, days: Iterable[Window]) -> spans.Spans:
        """Cut a set into windows that a request may hold, oldest first."""

    def back(self, newest: DateOrHour, count: int) -> DateOrHour:
        """Return where the first of `count` periods up to `newest` begins."""


@dataclass(frozen=True, slots=True)
class DayGrid:
    """Any days (or hours), at most so many in one request."""

    longest: int

    @property
    def is_single(self) -> bool:
        """Whether a request holds one day."""
        return self.longest == 1

    def cut(self, days: Iterable[Window]) -> spans.Spans:
        """Cut at the longest request."""
        return spans.split(days, self.longest)

    def back(self, newest: DateOrHour, count: int) -> DateOrHour:
        """Count days back."""
        return step_back(newest, count - 1)


def shortened(window: Window, grid: Grid, count: int) -> Window | None:
    """Return a window without its newest `count` periods, the oldest always kept.

    None: it is one period only.
    """
    edges = [grid.back(window.end, n) for n in range(1, count + 1)]
    inside = [edge for edge in edges if edge > window.start]
    return Window(window.start, step_back(inside[-1])) if inside else None
