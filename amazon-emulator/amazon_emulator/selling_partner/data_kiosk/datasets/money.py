"""Amounts in the currency a query asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.rows.plan import Row

_IN_DOLLARS: Mapping[str, int] = {
    "USD": 100,
    "EUR": 110,
    "GBP": 125,
    "CAD": 74,
    "JPY": 1,
}
"""Currency -> what one of it is in cents; others count as dollars."""


class Money:
    """Turns hundredths of a marketplace's currency into amounts of another one."""

    def __init__(self, source: str, code: str) -> None:
        self.code = code
        is_same = source == code
        self._above = 1 if is_same else _IN_DOLLARS.get(source, 100)
        self._below = 1 if is_same else _IN_DOLLARS.get(code, 100)

    def of(self, hundredths: int) -> Row:
        """Return an amount."""
        cents = hundredths * self._above // self._below
        amount = cents // 100 if cents % 100 == 0 else cents / 100
        return {"amount": amount, "currencyCode": self.code}

    def each(self, hundredths: int, count: int) -> Row | None:
        """Return an amount per unit; None: there is none."""
        return self.of(hundredths // count) if count else None
