"""Digests by range: which stand on one side only, and how many on both."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_amazon_audience.mirror import digests
from target_amazon_audience.mirror.digests import RANGES, compare, split

DIGEST = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([-(2**63), -1, 0, 1, 2**58, 2**63 - 1]),
)
DIGESTS = st.sets(DIGEST, max_size=20)


def side(values: set[int]) -> Callable[[int], set[int]]:
    """Return what each range has of some digests."""
    parts = dict(split(values))
    return lambda number: set(parts.get(number, ()))


@given(values=st.lists(DIGEST))
def test_ranges_follow_one_another(values: list[int]) -> None:
    parts = list(split(values))
    assert [digest for _, part in parts for digest in part] == sorted(values)
    assert all(0 <= number < RANGES and part for number, part in parts)
    assert len({number for number, _ in parts}) == len(parts)


@given(ours=DIGESTS, theirs=DIGESTS)
def test_what_stands_on_one_side_only(ours: set[int], theirs: set[int]) -> None:
    found = compare(side(ours), side(theirs))
    assert found is not None
    assert found.ours == ours - theirs
    assert found.theirs == theirs - ours
    assert found.same == len(ours & theirs)


def test_too_much_that_differs_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "MAX_DIFFERENT", 2)
    assert compare(side({1, 2, 3}), side({3})) is not None
    assert compare(side({1, 2, 3, 4}), side({4})) is None
    assert compare(side({4}), side({1, 2, 3, 4})) is None
