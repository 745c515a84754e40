"""The kinds of metric columns: a sum of measures, a quotient of sums, a reach."""

from __future__ import annotations

from dataclasses import dataclass

from amazon_emulator.ads_reporting.rows import measures as m

HUNDREDTHS = 100
Terms = tuple[m.Measure, ...]
"""Measures that are added up; a sum of rows is the sum of theirs."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A column whose rows add up."""

    terms: Terms
    is_amount: bool = False
    factor: int = 1


@dataclass(frozen=True, slots=True)
class Quotient:
    """A column that follows from two sums; null where the lower one is 0."""

    above: Terms
    below: Terms
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Reach:
    """People reached, or (`is_frequency`) impressions per person: sums do not add."""

    is_frequency: bool = False


Metric = Sum | Quotient | Reach


def parts_of(terms: Terms, percent: int) -> Terms:
    """Return so much of every term, rounded down for each outcome."""
    return tuple(m.part_of(term, percent) for term in terms)


def reach(impressions: int) -> int:
    """Return how many people so many impressions reach: ever fewer new ones."""
    return impressions * 10 // (12 + impressions.bit_length())
