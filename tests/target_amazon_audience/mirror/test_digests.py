"""Digests by range: which came twice, and which stand on one side only."""

from __future__ import annotations

from array import array
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from target_amazon_audience.mirror.digests import (
    RANGES,
    Found,
    Slices,
    collect,
    repeated,
    split,
    unmatched,
)

DIGEST = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([-(2**63), -1, 0, 1, 2**58, 2**63 - 1]),
)
BLOCKS = st.lists(st.lists(DIGEST, max_size=5), max_size=4)


def sliced(blocks: list[list[int]]) -> list[Slices]:
    """Return what each range has of the blocks."""
    found: list[Slices] = [[] for _ in range(RANGES)]
    for number, digests in enumerate(blocks):
        for part, values in split(digests):
            found[part].append((number, values))
    return found


@given(digests=st.lists(DIGEST))
def test_ranges_follow_one_another(digests: list[int]) -> None:
    parts = split(digests)
    assert [digest for _, part in parts for digest in part] == sorted(digests)
    assert all(0 <= number < RANGES and part for number, part in parts)
    assert len({number for number, _ in parts}) == len(parts)


@given(ours=BLOCKS, theirs=BLOCKS)
def test_what_stands_on_one_side_only(
    ours: list[list[int]], theirs: list[list[int]]
) -> None:
    left: set[int] = set()
    right: set[int] = set()
    twice: Found = {}
    for mine, other in zip(sliced(ours), sliced(theirs), strict=True):
        only = unmatched(mine, other)
        left |= only[0]
        right |= only[1]
        collect(twice, mine, repeated(mine))
    us, them = ({d for block in side for d in block} for side in (ours, theirs))
    assert (left, right) == (us - them, them - us)
    counts = Counter(digest for block in ours for digest in block)
    for number, block in enumerate(ours):
        assert set(twice.get(number, array("q"))) == {d for d in block if counts[d] > 1}
