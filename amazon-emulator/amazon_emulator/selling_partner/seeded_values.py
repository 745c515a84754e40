"""Numbers that follow from a word. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32


class SeededDraw:
    """Numbers that follow from a salt and the name they are drawn for."""

    __slots__ = ("_salt",)

    def __init__(self, *parts: object) -> None:
        self._salt = crc32("|".join(map(str, parts)).encode())

    def whole(self, name: str, high: int, low: int = 0) -> int:
        """Return a whole number from least to most."""
        return low + crc32(name.encode(), self._salt) % (high - low + 1)

    def money(self, name: str, high: float = 5000.0, low: float = 0.0) -> float:
        """Return an amount with cents; every fifth is whole."""
        cents = self.whole(name, int(high * 100), int(low * 100))
        return cents // 100 if cents % 5 == 0 else cents / 100

    def share(self, name: str) -> float:
        """Return a fraction of one with four digits."""
        return self.whole(name, 10_000) / 10_000

    def percent(self, name: str) -> float:
        """Return a number from 0 to 100 with two digits."""
        return self.whole(name, 10_000) / 100

    def pick(self, name: str, choices: Sequence[str]) -> str:
        """Return one of the words."""
        return choices[self.whole(name, len(choices) - 1)]
