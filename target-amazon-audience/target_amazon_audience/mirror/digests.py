"""Digests of rows, by which two sides are compared.

A digest is Python's own hash of all that counts of a row, 64 bits with a key that each
process draws anew: fast, and good for comparisons within one run. A changed member is
taken for an unchanged one when the digest happens to be that of any other member: with
a million members, of whom one in a hundred has changed, in one of a thousand million
runs. It is sent then when it is next due.

Digests are compared by ranges of their values, so that only a part of them is held at
a time; of those that differ no more than ``MAX_DIFFERENT``.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

RANGES = 32
MAX_DIFFERENT = 250_000
"""With more of them nothing is gained any more; each takes 80 bytes."""

IS_WIDE = sys.hash_info.width >= 64  # noqa: PLR2004 - bits
"""Whether digests tell rows apart: those of 32-bit Pythons do not."""

_LIMITS = [n * (2**64 // RANGES) - 2**63 for n in range(1, RANGES)]


def split(digests: Iterable[int]) -> Iterator[tuple[int, array[int]]]:
    """Yield digests by range, with the number of each; empty ones are left out."""
    ordered = array("q", sorted(digests))
    ends = [bisect_left(ordered, limit) for limit in _LIMITS]
    slices = zip([0, *ends], [*ends, len(ordered)], strict=True)
    for number, (start, end) in enumerate(slices):
        if end > start:
            yield number, ordered[start:end]


@dataclass(slots=True)
class Comparison:
    """Which digests stand on one side only, and how many on both."""

    ours: set[int] = field(default_factory=set)
    theirs: set[int] = field(default_factory=set)
    same: int = 0


def compare(
    ours: Callable[[int], set[int]], theirs: Callable[[int], set[int]]
) -> Comparison | None:
    """Compare two sides, each given by range; None where too much differs."""
    found = Comparison()
    for number in range(RANGES):
        left, right = ours(number), theirs(number)
        same = left & right
        found.same += len(same)
        found.ours |= left - same
        found.theirs |= right - same
        if max(len(found.ours), len(found.theirs)) > MAX_DIFFERENT:
            return None
    return found
