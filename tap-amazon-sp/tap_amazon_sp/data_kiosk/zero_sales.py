"""Numbers that look fine and are not: a period without any sales behind one with some.

Amazon has answered so more than once while its data were not whole. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import date, timedelta

HORIZON = timedelta(days=14)
"""How long after its end a period without sales is read again, not taken as final."""


class SalesWatch:
    """Sales by period, as documents bring them."""

    def __init__(self) -> None:
        self._sales: dict[Hashable, dict[date, float]] = {}

    def add(self, series: Hashable, period: date, sales: float) -> None:
        """Add sales of a period; none at all counts, too."""
        of = self._sales.setdefault(series, {})
        of[period] = of.get(period, 0.0) + abs(sales)

    def without_sales(self, series: Hashable, periods: Iterable[date]) -> list[date]:
        """Return which of these have no sales, as far as is known."""
        known = self._sales.get(series, {})
        return [period for period in sorted(periods) if not known.get(period)]

    def suspicious(self, series: Hashable, periods: Iterable[date]) -> list[date]:
        """Return which of these have no sales though one before them had some."""
        known = self._sales.get(series, {})
        first = min(
            (period for period, sales in known.items() if sales > 0), default=None
        )
        if first is None:
            return []
        return [p for p in self.without_sales(series, periods) if p > first]


def may_still_change(end: date, today: date) -> bool:
    """Whether a period that ended then is read again if its numbers look wrong."""
    return today - end <= HORIZON
