"""What can be counted of an outcome and added up: the measures behind all columns.

A measure is a function from an outcome to a whole number; amounts are hundredths.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from amazon_emulator.market_model.hashing import number_of
from amazon_emulator.market_model.outcomes import CLICKED, NEW_TO_BRAND, PROMOTED

if TYPE_CHECKING:
    from amazon_emulator.market_model.outcomes import Outcome

Measure = Callable[["Outcome"], int]
STANDARD_WINDOW = 14
"""Days of attribution where a column names none."""
_HALO_PARTS, _LOW_BITS = 4, 9


def impressions(outcome: Outcome) -> int:
    """Return valid impressions, as far as is known."""
    return outcome.impressions


def clicks(outcome: Outcome) -> int:
    """Return valid clicks, as far as is known."""
    return outcome.clicks


def cost(outcome: Outcome) -> int:
    """Return what the advertiser pays."""
    return outcome.cost


def viewable(outcome: Outcome) -> int:
    """Return impressions that were on the screen."""
    return outcome.viewable


def measurable(outcome: Outcome) -> int:
    """Return impressions of which is known whether they were on the screen."""
    return outcome.viewable + (outcome.impressions - outcome.viewable) * 3 // 4


def invalid_impressions(outcome: Outcome) -> int:
    """Return impressions that do not count."""
    return outcome.invalid_impressions


def invalid_clicks(outcome: Outcome) -> int:
    """Return clicks that do not count."""
    return outcome.invalid_clicks


def gross_impressions(outcome: Outcome) -> int:
    """Return all impressions."""
    return outcome.impressions + outcome.invalid_impressions


def gross_clicks(outcome: Outcome) -> int:
    """Return all clicks."""
    return outcome.clicks + outcome.invalid_clicks


@cache
def part_of(measure: Measure, percent: int) -> Measure:
    """Return so much of another measure, rounded down."""
    return lambda outcome: measure(outcome) * percent // 100


@cache
def without(whole: Measure, *parts: Measure) -> Measure:
    """Return what is left of a measure when others are taken out of it."""
    return lambda outcome: whole(outcome) - sum([part(outcome) for part in parts])


@cache
def conversions(
    what: str,
    window: int = STANDARD_WINDOW,
    *,
    is_promoted: bool | None = None,
    is_click: bool | None = None,
    is_new: bool | None = None,
) -> Measure:
    """Return the `purchases`, `units` or `sales` within a window of days.

    None stands for both: promoted or not, after a click or a view, new or known.
    """
    asked = ((is_promoted, PROMOTED), (is_click, CLICKED), (is_new, NEW_TO_BRAND))
    mask = sum(bit for is_so, bit in asked if is_so is not None)
    kind = sum(bit for is_so, bit in asked if is_so)
    if what == "purchases":
        return lambda outcome: sum(
            [x.lag < window and x.kind & mask == kind for x in outcome.conversions]
        )
    if what == "units":
        return lambda outcome: sum(
            [
                x.units
                for x in outcome.conversions
                if x.lag < window and x.kind & mask == kind
            ]
        )
    return lambda outcome: sum(
        [
            x.sales
            for x in outcome.conversions
            if x.lag < window and x.kind & mask == kind
        ]
    )


@cache
def after_clicks(event: str) -> Measure:
    """Return how often something happened after a click."""
    salt = number_of(event) | 1
    return lambda outcome: (outcome.seed * salt >> _LOW_BITS) % (outcome.clicked + 1)


@cache
def after_views(event: str) -> Measure:
    """Return how often something happened after an ad was seen, not clicked."""
    salt = number_of(event, "seen") | 1
    return lambda outcome: (outcome.seed * salt >> _LOW_BITS) % (outcome.seen + 1)


@cache
def of_halo(measure: Measure) -> Measure:
    """Return the same for other products of the brand: fewer."""
    return lambda outcome: measure(outcome) // _HALO_PARTS


def price_of(event: str) -> int:
    """Return what one event of a kind is worth, in hundredths."""
    return 150 + number_of(event, "value") % 4000
