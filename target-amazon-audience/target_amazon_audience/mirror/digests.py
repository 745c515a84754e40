"""Digests of rows: which came twice, and which stand on one side only.

A digest is Python's own hash of all that counts of a row, 64 bits with a key that each
process draws anew: fast, and good for comparisons within one run. A changed member is
taken for an unchanged one when the digest happens to be that of any other member: with
a million members, of whom one in a hundred has changed, in one of a thousand million
runs. It is sent then when it is next due.

Digests are compared by ranges of their values, so that only a part of them is held at
a time. Each block of rows has its own slice of a range.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import TypeAlias

Slices: TypeAlias = "list[tuple[int, array[int]]]"
"""Digests within one range, with the number of the block whose rows they are of."""

Found: TypeAlias = "dict[int, array[int]]"
"""Digests by the number of the block whose rows they are of."""

RANGES = 32
IS_WIDE = sys.hash_info.width >= 64  # noqa: PLR2004 - bits
"""Whether digests tell rows apart: those of 32-bit Pythons do not."""

_LIMITS = [n * (2**64 // RANGES) - 2**63 for n in range(1, RANGES)]


def split(digests: Iterable[int]) -> Slices:
    """Return digests by range, with the number of each; empty ones are left out."""
    ordered = array("q", sorted(digests))
    ends = [bisect_left(ordered, limit) for limit in _LIMITS]
    slices = zip([0, *ends], [*ends, len(ordered)], strict=True)
    return [
        (n, ordered[start:end]) for n, (start, end) in enumerate(slices) if end > start
    ]


def repeated(slices: Slices) -> set[int]:
    """Return the digests that came more than once."""
    digests = [digest for _, part in slices for digest in part]
    if len(set(digests)) == len(digests):
        return set()
    return {digest for digest, count in Counter(digests).items() if count > 1}


def unmatched(ours: Slices, theirs: Slices) -> tuple[set[int], set[int]]:
    """Return the digests that stand on our side only, and on theirs."""
    left, right = _united(ours), _united(theirs)
    return left - right, right - left


def collect(found: Found, slices: Slices, digests: set[int]) -> None:
    """Add to ``found`` what the blocks have of some digests."""
    if not digests:
        return
    for block, part in slices:
        if hits := digests.intersection(part):
            found.setdefault(block, array("q")).extend(hits)


def _united(slices: Slices) -> set[int]:
    return set(chain.from_iterable(part for _, part in slices))
