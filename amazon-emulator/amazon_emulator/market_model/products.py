"""What is sold: the products of one kind of seller in one marketplace."""

from __future__ import annotations

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
    """One product in one marketplace."""

    number: int
    asin: str
    parent_asin: str
    sku: str
    fnsku: str
    title: str


def catalogue_of(seed: int, kind: str, marketplace_id: str) -> str:
    """Return the word the products of all `kind`s of a marketplace follow from.

    Advertisers and selling partners of one kind (`seller`, `vendor`) sell the same
    products there, so that reports of both APIs join by ASIN.
    """
    return f"{seed}|{kind}|{marketplace_id}"


@lru_cache(maxsize=10_000)
def product(catalogue: str, number: int) -> Product:
    """Return the product of a catalogue with this number."""
    base = crc32(catalogue.encode()) % 36**3
    asin = f"B0{_text36(base, 3)}{_text36(number, 5)}"
    parent = f"B0{_text36(base, 3)}{_text36(number // 2 * 2 + 36**4 * 35, 5)}"
    titles = _TITLES_JP if _JAPAN in catalogue else _TITLES
    title = titles[number % len(titles)]
    return Product(
        number, asin, parent, f"SKU-{number:05d}", f"X00{asin[2:]}", f"{title} {number}"
    )


def _text36(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 36)
        text = _LETTERS[digit] + text
    return text
