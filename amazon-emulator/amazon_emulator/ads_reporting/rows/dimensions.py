"""What dimension columns hold, as JSON: ids, names, listed words, in many scripts.

A text follows from the number of the thing a column is about: its campaign, ad group,
ad, target, or the place, device or site it was seen on. The same campaign has the same
id and name in every report, on every day; what has no value is null.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.contract import column_types
from amazon_emulator.ads_reporting.rows import cells as c
from amazon_emulator.ads_reporting.rows.plan import is_metric
from amazon_emulator.market_model import entities as e
from amazon_emulator.market_model.accounts import SPONSORED_BRANDS
from amazon_emulator.market_model.hashing import number_of
from amazon_emulator.market_model.products import product

if TYPE_CHECKING:
    from amazon_emulator.market_model.products import Product

ByNumber = Callable[[int], str]
Dimension = tuple[int, ByNumber]
"""Which number of a cell a column follows from, and the JSON text for that number."""

_LISTS = files(__package__).joinpath("closed_lists.json").read_text(encoding="utf-8")
CLOSED_LISTS: Mapping[str, Sequence[str | None]] = json.loads(_LISTS)
"""Column -> what it may hold, in the order it comes; None is a missing value."""
_SITES = (
    *("country", "region", "city", "postalCode", "dmaCode", "dmaName", "deal"),
    *("operatingSystemName", "browserName", "browserVersion", "deviceName"),
    *("environmentName", "supplySource", "site", "placement", "placementSize"),
    *("dealId", "dealType", "segmentId", "segmentName", "segmentClassCode"),
    *("segmentType", "segmentSource", "segmentMarketplaceId", "targetingMethod"),
)
"""What an impression was shown on, in or to; one campaign meets many of them."""
_INJECTIVE = (
    *("country", "region", "city", "postalCode", "dmaCode", "operatingSystemName"),
    *("browserName", "browserVersion", "deviceName", "environmentName"),
    *("supplySource", "site", "segmentName"),
)
"""Listed words that have to differ from one site to the next, so they go on."""
_AD_GROUPS = ("adGroup", "adStatus", "lineItem", "omsLineItem")
_ADS = ("adId", "adName", "adCreative", "creative", "advertised", "promoted")
_KINDS = len(e.KEYWORD_TYPES)
_KNOWN_PRODUCTS = 5000
_IDS = {
    "campaignId": "campaign",
    "orderId": "campaign",
    "adGroupId": "ad_group",
    "lineItemId": "ad_group",
    "adId": "ad",
    "creativeId": "ad",
    "keywordId": "target",
    "targetingId": "target",
    "portfolioId": "portfolio",
}
_NULL_SECOND = ("advertisedSku", "promotedSku", "featuredAsin", "dealId", "segmentId")
_DATE_SUFFIXES = ("StartDate", "EndDate")
_BUDGETS = (
    *("campaignBudgetAmount", "campaignRuleBasedBudgetAmount", "orderBudget"),
    *("lineItemBudget", "lineItemBudgetCap", "flightBudget"),
)
CURRENCY = ("campaignBudgetCurrencyCode", "orderCurrency")
"""Columns that name the currency of the amounts."""
_OWNER_KEYS = {
    "advertiserId": "id",
    "advertiserName": "name",
    "advertiserCountry": "country",
    "advertiserTimezone": "timezone",
    "entityId": "entity_id",
}


def json_text(value: object) -> str:
    """Return a value as JSON, characters beyond ASCII as themselves."""
    return json.dumps(value, ensure_ascii=False)


def owner_value(column: str, owner: Mapping[str, object]) -> str | None:
    """Return a column that only depends on the account, as JSON; None for others."""
    if column in CURRENCY:
        return json_text(owner.get("currency"))
    key = _OWNER_KEYS.get(column)
    return None if key is None else json_text(owner.get(key))


def is_dimension(column: str) -> bool:
    """Return whether a column describes a row; budgets and bids do so in numbers."""
    return not is_metric(column) or column in (
        *_BUDGETS,
        "keywordBid",
        "creativeweight",
    )


def is_below_campaign(column: str) -> bool:
    """Return whether a column of a grain tells parts of one campaign apart."""
    return column not in _SITES


def dimension(column: str, book: e.EntityBook) -> Dimension:
    """Return where in a cell the number of a column is, and its text."""
    if column in _SHOWN:
        return c.SHOWN, _product_text(_SHOWN[column], column, book)
    if column in _BOUGHT:
        place = c.OTHER if column == "asinBrandHalo" else c.BOUGHT
        return place, _product_text(_BOUGHT[column], column, book)
    value = _of_target(column, book)
    if value is not None:
        return (c.CAMPAIGN if column == "searchTerm" else c.TARGET), value
    return _place(column), _by_number(column, book)


def _place(column: str) -> int:
    """Return which number of a cell a column follows from."""
    if column in _SITES:
        return c.SITE
    if column == "placementClassification":
        return c.PLACEMENT
    if column == "attributionType":
        return c.PART
    if column.startswith(_ADS):
        return c.AD
    return c.AD_GROUP if column.startswith(_AD_GROUPS) else c.CAMPAIGN


def _by_number(column: str, book: e.EntityBook) -> ByNumber:
    """Return the text of a column for the number of what it is about."""
    if column in _IDS:
        return _entity_id(column, book)
    if column == "matchedTargetAsin":
        base = number_of(book.account.salt, column)
        return lambda n: "null" if n == 1 else f'"B{(base + n) % 10**9:09d}"'
    if column in _BUDGETS:
        size = book.account.combinations
        return _cycle([e.budget_of(n, size) for n in range(e.BUDGETS)])
    if column == "creativeweight":
        return lambda n: str(n % 100 + 1)
    listed = CLOSED_LISTS.get(column)
    value = _text(column, book) if listed is None else _listed(column, listed)
    if column in _NULL_SECOND:
        return lambda n: "null" if n == 1 else value(n)
    return value


def _entity_id(column: str, book: e.EntityBook) -> ByNumber:
    base = book.id_base(_IDS[column])
    if column_types()[column] == "string":
        return lambda n: f'"{base + 2 * n}"'
    if column == "portfolioId":
        return lambda n: _portfolio_id(n, base)
    return lambda n: str(base + 2 * n)


def _portfolio_id(campaign: int, base: int) -> str:
    number = e.portfolio_number(campaign)
    return "null" if number is None else str(base + 2 * number)


def _listed(column: str, listed: Sequence[str | None]) -> ByNumber:
    texts = [json_text(item) for item in listed]
    size = len(texts)
    if column not in _INJECTIVE:
        return lambda n: texts[n % size]
    endless = _endless([item for item in listed if item is not None])
    return lambda n: texts[n] if n < size else endless(n)


def _endless(words: Sequence[str]) -> ByNumber:
    """Return a text that differs for every number."""
    starts = [json_text(word)[:-1] for word in words]
    size = len(starts)
    return lambda n: f'{starts[n % size]} {n}"'


def _text(column: str, book: e.EntityBook) -> ByNumber:
    if column == "portfolioName":
        return lambda n: _portfolio_name(n, book)
    if column.endswith("Id"):
        first = 570_000_000_000_000_000 + 10_000_000 * number_of(
            book.account.salt, column
        )
        return lambda n: f'"{first + n}"'
    if column.endswith(_DATE_SUFFIXES):
        return lambda n: f'"2026-0{n % 9 + 1}-1{n % 7} 00:00:00"'
    if "Name" in column or column == "segmentName":
        return _endless(e.NAMES)
    # Every fourth is missing.
    return lambda n: "null" if n & 3 == 3 else f'"{column} {n} é"'  # noqa: PLR2004


def _portfolio_name(campaign: int, book: e.EntityBook) -> str:
    found = book.portfolio(campaign)
    return "null" if found is None else json_text(found.name)


_SHOWN = {
    "advertisedAsin": "asin",
    "promotedAsin": "asin",
    "asin": "asin",
    "featuredAsin": "asin",
    "advertisedSku": "sku",
    "promotedSku": "sku",
    "parentAsin": "parent_asin",
}
_BOUGHT = {"purchasedAsin": "asin", "asinBrandHalo": "asin", "productName": "title"}


def _product_text(attribute: str, column: str, book: e.EntityBook) -> ByNumber:
    """Return an attribute of the product with a number."""

    def text(number: int) -> str:
        if number == 1 and column in _NULL_SECOND:
            return "null"
        sold: Product = product(book.catalogue, number)
        return json_text(getattr(sold, attribute))

    # One more than is advertised, for an account with one product.
    known = min(book.account.products + 1, _KNOWN_PRODUCTS)
    texts = [text(number) for number in range(known)]
    return lambda number: texts[number] if number < known else text(number)


def _of_target(column: str, book: e.EntityBook) -> ByNumber | None:
    """Return a column about a keyword or product target."""
    make = {
        "keywordBid": _cycle([_amount(e.bid_of(n)) for n in range(e.BIDS)]),
        "matchType": _cycle(e.MATCH_TYPES),
        "keywordType": _cycle(e.KEYWORD_TYPES),
        "adKeywordStatus": _cycle(e.STATES),
        "searchTerm": _search_term,
        **dict.fromkeys(
            ("keyword", "keywordText", "targeting", "targetingText"), _words
        ),
        "targetingExpression": _words,
        "keywordId": _entity_id("keywordId", book),
        "targetingId": _entity_id("targetingId", book),
    }.get(column)
    if make is None:
        return None
    return _one_of_two(column, make) if book.ad_product == SPONSORED_BRANDS else make


def _one_of_two(column: str, value: ByNumber) -> ByNumber:
    """Return a column that only keywords, or only product targets have."""
    if column in ("keywordId", "keywordText", "keyword"):
        return lambda n: "null" if n % _KINDS == e.EXPRESSION else value(n)
    if column in ("targetingId", "targetingExpression", "targetingText"):
        return lambda n: value(n) if n % _KINDS == e.EXPRESSION else "null"
    return value


def _cycle(words: Sequence[object]) -> ByNumber:
    texts = [json_text(word) for word in words]
    size = len(texts)
    return lambda n: texts[n % size]


_TERMS = [json_text(term) for term in e.SEARCH_TERMS]
_STARTS = [text[:-1] for text in _TERMS]


def _search_term(campaign: int) -> str:
    if campaign < len(_TERMS):
        return _TERMS[campaign]
    return f'{_STARTS[campaign % len(_STARTS)]} {campaign}"'


def _words(target: int) -> str:
    """Return `target_text` as JSON."""
    if target % _KINDS == e.EXPRESSION:
        return f'"asin=\\"{e.asin_beside(target)}\\""'
    return f'{_STARTS[target % len(_STARTS)]} {target}"'


def _amount(hundredths: int) -> float:
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100
