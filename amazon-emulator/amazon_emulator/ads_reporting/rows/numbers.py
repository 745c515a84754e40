"""The number columns of a row: from the sums of its measures to JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.rows.dimensions import is_dimension, json_text
from amazon_emulator.ads_reporting.rows.fixed_metrics import IMPRESSIONS
from amazon_emulator.ads_reporting.rows.metric_kinds import (
    HUNDREDTHS,
    Metric,
    Quotient,
    Reach,
    Sum,
    Terms,
    reach,
)
from amazon_emulator.ads_reporting.rows.metrics import metric_of

if TYPE_CHECKING:
    from amazon_emulator.ads_reporting.rows.measures import Measure
    from amazon_emulator.market_model.outcomes import Outcome

Sums = Sequence[int]
_DIGITS = 4
_NULL_EVERY = 3
_Text = Callable[[Sums], str]
_Total = Callable[[Sums], int]


@lru_cache(maxsize=200)
def number_texts(columns: tuple[str, ...], ad_product: str) -> NumberTexts:
    """Return what adds up and writes the number columns among these."""
    return NumberTexts(columns, ad_product)


class NumberTexts:
    """Adds up what the columns of one report need, and writes it."""

    def __init__(self, columns: Sequence[str], ad_product: str) -> None:
        self._measures: dict[Measure, int] = {}
        self._texts: list[tuple[str, _Text]] = []
        for position, column in enumerate(columns):
            if not is_dimension(column):
                text = self._text(metric_of(column, ad_product), position)
                self._texts.append((f"{json_text(column)}:", text))
        self._functions = tuple(self._measures)

    @property
    def has_columns(self) -> bool:
        """Whether there is any number column."""
        return bool(self._texts)

    def sums(self, found: Outcome) -> Sums:
        """Return the measures of an outcome, in the order `text` takes them."""
        return [measure(found) for measure in self._functions]

    def text(self, sums: Sums) -> str:
        """Return the end of a row: `"clicks":3,...}`."""
        return ",".join([start + text(sums) for start, text in self._texts]) + "}"

    def _total(self, terms: Terms) -> _Total:
        """Return what adds up the terms of a column."""
        places = [
            self._measures.setdefault(term, len(self._measures)) for term in terms
        ]
        if len(places) == 1:
            return itemgetter(places[0])
        if len(places) == 2:  # noqa: PLR2004 - after clicks and after views
            first, second = places
            return lambda sums: sums[first] + sums[second]
        return lambda sums: sum([sums[place] for place in places])

    def _text(self, metric: Metric, position: int) -> _Text:
        if isinstance(metric, Sum):
            return self._sum(metric, position)
        if isinstance(metric, Quotient):
            return self._quotient(metric)
        return self._reach(metric)

    def _sum(self, metric: Sum, position: int) -> _Text:
        total, factor = self._total(metric.terms), metric.factor
        write: Callable[[int], str] = amount_text if metric.is_amount else str
        # What did not happen is null in some columns and 0 in others.
        zero = "null" if position % _NULL_EVERY == 1 else "0"

        def text(sums: Sums) -> str:
            found = total(sums)
            return write(found * factor) if found else zero

        return text

    def _quotient(self, metric: Quotient) -> _Text:
        above, below = self._total(metric.above), self._total(metric.below)
        factor = metric.factor

        def text(sums: Sums) -> str:
            divisor = below(sums)
            if not divisor:
                return "null"
            return repr(round(above(sums) * factor / divisor, _DIGITS))

        return text

    def _reach(self, metric: Reach) -> _Text:
        impressions, is_frequency = self._total(IMPRESSIONS), metric.is_frequency

        def text(sums: Sums) -> str:
            seen = impressions(sums)
            people = reach(seen)
            if not is_frequency:
                return str(people)
            return repr(round(seen / people, 2)) if people else "null"

        return text


def amount_text(hundredths: int) -> str:
    """Return an amount as JSON; whole ones have no point."""
    if hundredths % HUNDREDTHS == 0:
        return str(hundredths // HUNDREDTHS)
    return repr(hundredths / HUNDREDTHS)
