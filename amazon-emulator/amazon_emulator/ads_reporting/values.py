"""What dimension columns hold: ids, names, listed values, with nulls and many scripts.

Every function here is a pure function of (column, owner, index): the same campaign has
the same id and name in every report, on every day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from zlib import crc32

_TEXT = files(__package__).joinpath("closed_lists.json").read_text(encoding="utf-8")
CLOSED_LISTS: Mapping[str, Sequence[str | None]] = json.loads(_TEXT)
"""Column -> what it may hold, in the order it comes; None is a missing value."""

_NAMES = (
    "Sommer Grüße",
    "春のセール",
    'Promo "été" (50 %)',
    "Back\\slash & <b>",
    "Blåbærsyltetøy 🫐",
    "line\nbreak\tand tab",
    "plain",
)
_CURRENCY = ("campaignBudgetCurrencyCode", "orderCurrency")
_NULL_KEYS = ("advertisedSku", "promotedSku", "matchedTargetAsin", "featuredAsin")
_NULL_SECOND = (*_NULL_KEYS, "dealId", "segmentId")
_DATE_SUFFIXES = ("StartDate", "EndDate")
SHARED_WITH_KEYWORD = ("keywordText", "keyword")
SHARED_WITH_TARGET = ("targetingExpression", "targetingText")

Value = Callable[[int], str]


def json_text(value: object) -> str:
    """Return a value as JSON, characters beyond ASCII as themselves."""
    return json.dumps(value, ensure_ascii=False)


def owner_value(column: str, owner: Mapping[str, object]) -> str | None:
    """Return a column that only depends on the account, as JSON; None for others."""
    if column in _CURRENCY:
        return json_text(owner.get("currency"))
    key = {
        "advertiserId": "id",
        "advertiserName": "name",
        "advertiserCountry": "country",
        "advertiserTimezone": "timezone",
        "entityId": "entity_id",
    }.get(column)
    return None if key is None else json_text(owner.get(key))


def make_value(column: str, kind: str, salt: str, *, in_grain: bool) -> Value:
    """Return the function index -> JSON text of a dimension column.

    In the grain it never gives one text for two indices; elsewhere it may.
    """
    listed = CLOSED_LISTS.get(column)
    if listed is not None:
        return _listed_value(listed, in_grain=in_grain)
    if kind == "integer":
        return _number_value(column, salt)
    value = _text_value(column, salt, in_grain=in_grain)
    if column in _NULL_SECOND:
        return lambda index: "null" if index == 1 else value(index)
    return value


def _text_value(column: str, salt: str, *, in_grain: bool) -> Value:
    base = crc32(f"{salt}|{column}".encode())
    if column.endswith("Id"):
        first = 570_000_000_000_000_000 + base * 10_000_000
        return lambda i: f'"{first + i}"'
    if "asin" in column.lower():
        return lambda i: f'"B{(base + i) % 10**9:09d}"'
    if column.endswith("Sku"):
        return lambda i: json_text(f"SKU-ß-{i:04d}")
    if column.endswith(_DATE_SUFFIXES):
        return lambda i: json_text(f"2026-0{i % 9 + 1}-1{i % 7} 00:00:00")
    if "Name" in column or in_grain:
        return lambda i: json_text(f"{_NAMES[i % len(_NAMES)]} {i}")
    # Every fourth is missing.
    return lambda i: "null" if i & 3 == 3 else json_text(f"{column} {i} é")  # noqa: PLR2004


def _listed_value(listed: Sequence[str | None], *, in_grain: bool) -> Value:
    texts = [json_text(item) for item in listed]
    present = [item for item in listed if item is not None]
    size = len(texts)
    if not in_grain:
        return lambda i: texts[i % size]
    return lambda i: (
        texts[i] if i < size else json_text(f"{present[i % len(present)]} {i}")
    )


def _number_value(column: str, salt: str) -> Value:
    # Odd and beyond 2^53: a reader that goes through doubles changes every id.
    base = 2**53 + 1 + 2 * ((crc32(f"{salt}|{column}".encode()) >> 4) << 21)
    if column == "portfolioId":
        return lambda i: "null" if i % 3 == 1 else str(base + 2 * i)
    return lambda i: str(base + 2 * i)
