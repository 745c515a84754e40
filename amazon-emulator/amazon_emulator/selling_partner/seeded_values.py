"""Numbers, products and names that follow from a word. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

_TITLES = (
    "Kopfhörer „Süd“ 50 €",
    "Wasserkocher 1,7 l",
    'Regal 24" weiß',
    "Café-Tasse, 6 Stück",
    "Plain box",
)
_TITLES_JP = (
    "ワイヤレスイヤホン 髙音質 ①",
    "電気ケトル 1.7㍑",
    "ｲﾔﾎﾝ ﾌﾞﾗｯｸ",
    "能率手帳 表紙ソフト",
    "Plain box",
)
"""Half-width letters, letters of the vendor's own, bytes that are ASCII backslashes."""
_JAPAN = "A1VC38T7YXB528"
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Product:
    """One product of one account in one marketplace."""

    number: int
    asin: str
    parent_asin: str
    sku: str
    fnsku: str
    title: str


@lru_cache(maxsize=10_000)
def product(salt: str, number: int) -> Product:
    """Return the product of an account with this number."""
    base = crc32(salt.encode()) % 36**3
    asin = f"B0{_text36(base, 3)}{_text36(number, 5)}"
    parent = f"B0{_text36(base, 3)}{_text36(number // 2 * 2 + 36**4 * 35, 5)}"
    titles = _TITLES_JP if _JAPAN in salt else _TITLES
    title = titles[number % len(titles)]
    return Product(
        number, asin, parent, f"SKU-{number:05d}", f"X00{asin[2:]}", f"{title} {number}"
    )


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


def _text36(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 36)
        text = _LETTERS[digit] + text
    return text
