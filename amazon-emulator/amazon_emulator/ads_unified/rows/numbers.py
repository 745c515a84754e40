"""The metrics of a row: counted per outcome, added up, written as JSON.

Every metric has as many totals for one ad product as for another, so that rows of
several can be added up; what did not happen is 0, what nothing is known of is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.rows.fixed_metrics import IMPRESSIONS
from amazon_emulator.ads_reporting.rows.metric_kinds import (
    Metric,
    Quotient,
    Reach,
    Sum,
    reach,
)
from amazon_emulator.ads_reporting.rows.numbers import amount_text

if TYPE_CHECKING:
    from amazon_emulator.ads_reporting.rows.metric_kinds import Terms
    from amazon_emulator.market_model.outcomes import Outcome

Totals = tuple[int, ...]
_DIGITS = 4


class Numbers:
    """The metrics of one ad product, in the order of the query."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._terms = [terms for metric in metrics for terms in _terms(metric)]
        self._texts: list[tuple[int, Callable[..., str]]] = [
            (len(_terms(metric)), _writer(metric)) for metric in metrics
        ]

    def totals(self, outcome: Outcome) -> Totals:
        """Return what an outcome adds to a row."""
        return tuple([sum([term(outcome) for term in terms]) for terms in self._terms])

    def texts(self, totals: Totals) -> list[str]:
        """Return the metrics of a row as JSON."""
        found, at = [], 0
        for width, text in self._texts:
            found.append(text(*totals[at : at + width]))
            at += width
        return found


def _terms(metric: Metric) -> tuple[Terms, ...]:
    """Return what a metric needs the totals of."""
    if isinstance(metric, Quotient):
        return metric.above, metric.below
    return (metric.terms if isinstance(metric, Sum) else IMPRESSIONS,)


def _writer(metric: Metric) -> Callable[..., str]:
    if isinstance(metric, Sum):
        write: Callable[[int], str] = amount_text if metric.is_amount else str
        factor = metric.factor
        return lambda total: write(total * factor)
    if isinstance(metric, Reach):
        return _frequency if metric.is_frequency else lambda seen: str(reach(seen))
    return _quotient(metric.factor)


def _frequency(seen: int) -> str:
    people = reach(seen)
    return repr(round(seen / people, 2)) if people else "null"


def _quotient(factor: float) -> Callable[[int, int], str]:
    def text(above: int, below: int) -> str:
        return repr(round(above * factor / below, _DIGITS)) if below else "null"

    return text
