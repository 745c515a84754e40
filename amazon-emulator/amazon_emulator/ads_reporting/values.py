"""What dimension columns hold: ids, names, words, with nulls and many scripts.

Every function here is a pure function of (column, owner, index): the same campaign has
the same id and name in every report, on every day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from zlib import crc32

_STATUS = ("ENABLED", "PAUSED", "ARCHIVED")
CLOSED_LISTS: Mapping[str, Sequence[str | None]] = {
    "campaignStatus": _STATUS,
    "adStatus": _STATUS,
    "adKeywordStatus": _STATUS,
    "adCreativeStatus": _STATUS,
    "lineItemStatus": ("DELIVERING", "ENDED", "INACTIVE"),
    "lineItemApprovalStatus": ("APPROVED", None, "PENDING"),
    "matchType": ("BROAD", None, "EXACT", "PHRASE"),
    "keywordType": ("BROAD", "TARGETING_EXPRESSION", "EXACT", "PHRASE"),
    "placementClassification": (
        "Top of Search on-Amazon",
        None,
        "Detail Page on-Amazon",
        "Other on-Amazon",
    ),
    "attributionType": ("Promoted", "Brand Halo"),
    "campaignBudgetType": ("DAILY_BUDGET", "LIFETIME_BUDGET"),
    "campaignBiddingStrategy": ("legacy", "optimizeForSales", "manual"),
    "campaignPriceTypeCode": ("CPC", "CPM"),
    "costType": ("CPC", "VCPM"),
    "bidOptimization": ("CLICKS", "CONVERSIONS", "REACH"),
    "targetingType": ("KEYWORD", "PRODUCT"),
    "targetingMethod": ("Behavioral segments", None),
    "conversionType": ("VIEW", "CLICK"),
    "marketplace": ("AMAZON.COM", "AMAZON.CO.JP"),
    "environmentName": ("Web", "App"),
    "deviceName": ("PC", "Mobile", "Connected TV", "Tablet"),
    "operatingSystemName": ("Android", None, "iOS", "Windows", "Fire OS"),
    "browserName": ("Chrome", None, "Safari", "Firefox"),
    "browserVersion": ("Chrome 141.0", None, "Safari 26.1", "Firefox 145.0"),
    "supplySource": ("AMAZON", "Twitch", "Öffentliche Börse", "株式取引所"),
    "site": ("www.amazon.com", None, "bücher.example", "例え.テスト"),
    "placementSize": ("300x250", "728x90", None, "160x600"),
    "placement": ("Above the fold", None, "Unter dem Falz"),
    "dealType": ("PREFERRED", None, "PRIVATE_AUCTION"),
    "country": ("United States", "Deutschland", "日本", "Curaçao", "Brasil"),
    "region": ("California", None, "Île-de-France", "東京都", "São Paulo"),
    "city": ("Los Angeles", None, "Köln", "大阪市", "São Luís"),
    "postalCode": ("00501", None, "SW1A 1AA", "150-0002"),
    "dmaCode": ("501", None, "803"),
    "dmaName": ("New York", None, "Los Angeles"),
    "asinBrandHalo": ("B0HALO0001", None, "B0HALO0003"),
    "searchTerm": (
        "wireless earbuds",
        "*",
        "kopfhörer süß",
        "ワイヤレス 🎧",
        'tv 55" \\ oled',
    ),
    "creativeLanguage": ("en_US", None, "ja_JP"),
    "lineItemType": ("Standard Display", "Video"),
    "creativeType": ("Image", "Video", "REC"),
    "segmentType": ("LIFESTYLE", "IN_MARKET"),
    "reportGranularity": ("ASIN",),
}
"""The words of a column, in the order they come; None is a missing value."""

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


def closed_list(column: str) -> Sequence[str | None] | None:
    """Return the closed list of a column's words, if it has one."""
    return CLOSED_LISTS.get(column)


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
