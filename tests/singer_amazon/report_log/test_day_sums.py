"""Counts and sums of rows against plain decimals."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singer_amazon.report_log.day_sums import DaySums, plain_text

MONEY = st.decimals(-10_000, 10_000, places=2).map(float)
LONG = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.none() | st.integers(-(2**60), 2**60) | MONEY | LONG
ROWS = st.lists(
    st.fixed_dictionaries(
        {"day": st.sampled_from("abc"), "id": st.sampled_from("12"), "cost": NUMBERS}
    )
)


def added(rows: list[dict[str, Any]], size: int = 100) -> DaySums:
    sums = DaySums([itemgetter("id"), itemgetter("day")], {"cost": itemgetter("cost")})
    for start in range(0, len(rows), size):
        sums.add(rows[start : start + size])
    return sums


@given(ROWS, st.integers(1, 5))
def test_sums_are_those_of_the_decimals_in_the_document(
    rows: list[dict[str, Any]], size: int
) -> None:
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        key, value = (row["id"], row["day"]), row["cost"]
        counts[key] += 1
        expected[key] += Decimal(repr(value)) if value is not None else 0
    found = added(rows, size).groups
    assert {key: group.rows for key, group in found.items()} == counts
    for key, total in expected.items():
        text = found[key].sums(["cost"])["cost"]
        assert Decimal(text) == pytest.approx(total, rel=Decimal("1e-25"), abs=0)


def test_a_hundred_thousand_cents_are_a_thousand() -> None:
    rows = [{"day": "a", "id": "1", "cost": 0.01}] * 100_000
    (group,) = added(rows).groups.values()
    assert group.sums(["cost", "sales"]) == {"cost": "1000", "sales": "0"}


def test_more_than_six_decimals_lose_nothing() -> None:
    rows = [{"day": "a", "id": "1", "cost": v} for v in (0.00000001, 2.5, 1e-9)]
    (group,) = added(rows).groups.values()
    assert group.sums(["cost"]) == {"cost": "2.500000011"}


@pytest.mark.parametrize(
    ("number", "text"),
    [("0", "0"), ("1E+3", "1000"), ("1.50", "1.5"), ("-0.10", "-0.1"), ("100", "100")],
)
def test_decimals_are_written_plainly(number: str, text: str) -> None:
    assert plain_text(Decimal(number)) == text
