"""The rows of an export, as Amazon's common models have them; money in units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from amazon_emulator.market_model import combinations as at
from amazon_emulator.market_model.accounts import (
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_PRODUCTS,
)
from amazon_emulator.market_model.entities import EntityBook, asin_beside

if TYPE_CHECKING:
    from amazon_emulator.ads_entities.contract import ExportRequest
    from amazon_emulator.market_model.accounts import MarketAccount
    from amazon_emulator.market_model.entities import Ad, Target

Row = dict[str, Any]
BATCH = 1000
_LIFETIME = "LIFETIME_BUDGET"
_CREATED = "2025-03-{day:02d}T08:00:00.000Z"
_UPDATED = "2026-10-{day:02d}T09:30:00Z"
_DELIVERY: Mapping[str, tuple[str, str]] = {
    "ENABLED": ("DELIVERING", ""),
    "PAUSED": ("NOT_DELIVERING", "PAUSED"),
    "ARCHIVED": ("NOT_DELIVERING", "ARCHIVED"),
}


def export_rows(account: MarketAccount, request: ExportRequest) -> Iterator[Row]:
    """Yield the rows of an export, one ad product after another."""
    states, products = set(request.states), account.ad_products
    for ad_product in (name for name in products if name in request.ad_products):
        book = EntityBook(account, ad_product)
        of_number, per_campaign = _MAKERS[request.kind.name](book, request)
        for number in range(account.campaigns * per_campaign):
            row = of_number(number)
            if row is not None and row["state"] in states:
                yield row


def batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Yield rows in lists."""
    while batch := list(islice(rows, BATCH)):
        yield batch


_Maker = Callable[[int], Row | None]


def _campaigns(book: EntityBook, request: ExportRequest) -> tuple[_Maker, int]:
    del request
    return lambda number: _campaign(book, number), 1


def _ad_groups(book: EntityBook, request: ExportRequest) -> tuple[_Maker, int]:
    del request
    return lambda number: _ad_group(book, number), at.AD_GROUPS


def _ads(book: EntityBook, request: ExportRequest) -> tuple[_Maker, int]:
    del request
    return lambda number: _ad(book, book.ad(number)), at.AD_GROUPS * at.ADS


def _targets(book: EntityBook, request: ExportRequest) -> tuple[_Maker, int]:
    types = set(request.target_types) if request.has_all_targets else set()

    def make(number: int) -> Row | None:
        row = _target(book, book.target(number))
        return row if row["targetType"] in types else None

    return make, at.AD_GROUPS * at.TARGETS


_MAKERS = {
    "campaigns": _campaigns,
    "adGroups": _ad_groups,
    "ads": _ads,
    "targets": _targets,
}


def _common(number: int, state: str, level: str) -> Row:
    """Return what rows of all kinds have; reasons only where there are any."""
    delivery, reason = _DELIVERY[state]
    found: Row = {
        "state": state,
        "deliveryStatus": delivery,
        "creationDateTime": _CREATED.format(day=number % 28 + 1),
        "lastUpdatedDateTime": _UPDATED.format(day=number % 28 + 1),
    }
    return found | ({"deliveryReasons": [f"{level}_{reason}"]} if reason else {})


def _campaign(book: EntityBook, number: int) -> Row:
    campaign = book.campaign(number)
    money = {"amount": campaign.budget, "currencyCode": book.account.currency}
    row: Row = {
        "campaignId": str(campaign.campaign_id),
        "adProduct": book.ad_product,
        "name": campaign.name,
        "startDate": f"2025-03-{number % 28 + 1:02d}",
        "budgetCaps": {
            "recurrenceTimePeriod": (
                "LIFETIME" if campaign.budget_type == _LIFETIME else "DAILY"
            ),
            "budgetType": "MONETARY",
            "budgetValue": {"monetaryBudget": money},
        },
        **_common(number, campaign.state, "CAMPAIGN"),
        **_campaign_of(book.ad_product, number, campaign.cost_type),
    }
    if campaign.portfolio_id is not None:
        row["portfolioId"] = str(campaign.portfolio_id)
    return row


def _campaign_of(ad_product: str, number: int, cost_type: str) -> Row:
    """Return what only campaigns of one ad product have."""
    placements = [{"placement": "PLACEMENT_TOP", "percentage": 5 * (number % 4)}]
    strategy = {"bidStrategy": "SALES_BID_DOWN_ONLY"}
    if ad_product == SPONSORED_PRODUCTS:
        kind = "AUTO" if number % 4 == 0 else "MANUAL"
        bidding = strategy | {"placementBidAdjustments": placements}
        return {"targetingSettings": kind, "optimization": bidding}
    if ad_product == SPONSORED_BRANDS:
        brand = {"brandEntityId": f"ENTITYBRAND{number % 3}"}
        return {"costType": cost_type, "optimization": strategy, **brand}
    return {"costType": cost_type, "targetingSettings": "T00020"}


def _ad_group(book: EntityBook, number: int) -> Row:
    group = book.ad_group(number)
    row: Row = {
        "adGroupId": str(group.ad_group_id),
        "campaignId": str(group.campaign_id),
        "adProduct": book.ad_product,
        "name": group.name,
        **_common(number, group.state, "AD_GROUP"),
    }
    if book.ad_product != SPONSORED_BRANDS:
        bid = (50 + number % 30) / 100
        row["bid"] = {"defaultBid": bid, "currencyCode": book.account.currency}
    if book.ad_product == SPONSORED_DISPLAY:
        goal = {"goalSettings": {"goal": "CONVERSIONS", "kpi": "CLICKS"}}
        row |= {"creativeType": "IMAGE", "optimization": goal}
    return row


def _ad(book: EntityBook, ad: Ad) -> Row:
    products = [{"productIdType": "ASIN", "productId": ad.asin}]
    row: Row = {
        "adId": str(ad.ad_id),
        "adGroupId": str(ad.ad_group_id),
        "campaignId": str(ad.campaign_id),
        "adProduct": book.ad_product,
        "adType": "PRODUCT_AD",
        **_common(ad.number, ad.state, "AD"),
    }
    if book.ad_product == SPONSORED_BRANDS:
        row |= {"name": f"Ad {ad.number}", "adType": "PRODUCT_COLLECTION"}
        row["creative"] = {"products": products, "headline": f"Schöner {ad.number}"}
    else:
        if ad.sku is not None:
            products.append({"productIdType": "SKU", "productId": ad.sku})
        row["creative"] = {"products": products}
    return row


def _target(book: EntityBook, target: Target) -> Row:
    """Return a keyword or product target; only Sponsored Products say the campaign."""
    details: Row = {"asin": asin_beside(target.number), "matchType": "PRODUCT_EXACT"}
    if target.is_keyword:
        details = {"matchType": target.match_type, "keyword": target.text}
    row: Row = {
        "targetId": str(target.target_id),
        "adGroupId": str(target.ad_group_id),
        "adProduct": book.ad_product,
        "negative": False,
        "targetType": "KEYWORD" if target.is_keyword else "PRODUCT",
        "targetLevel": "AD_GROUP",
        "bid": {"bid": target.bid / 100, "currencyCode": book.account.currency},
        "targetDetails": details,
        **_common(target.number, target.state, "TARGET"),
    }
    if book.ad_product == SPONSORED_PRODUCTS:
        row["campaignId"] = str(target.campaign_id)
    return row


def odd(row: Row) -> Row:
    """Return a row in the other forms that were seen of it, and with a new field."""
    found = {**row, "someFutureField": {"level": 1}}
    if "startDate" in found:
        found["startDateTime"] = f"{found.pop('startDate')}T00:00:00Z"
    if "optimization" in found:
        found["optimization"] = [found["optimization"]]
    if "targetDetails" in found:
        details = found.pop("targetDetails")
        found["targetDetails"] = {"keywordTarget": details}
        found["bid"] = found["bid"]["bid"]
    return found
