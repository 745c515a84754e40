"""Coupons of sellers, coupon campaigns of vendors, promotions: found by their start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_seconds
from amazon_emulator.selling_partner.periods import start_range
from amazon_emulator.selling_partner.rows.plan import Row, Section, SpRowPlan, section

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.marketplaces import Marketplace
    from amazon_emulator.selling_partner.seeded_values import SeededDraw

_EVERY_DAYS = 30
_LENGTH = timedelta(days=9, hours=18)
_KINDS = ("PERCENT_OFF_LIST_PRICE", "AMOUNT_OFF_LIST_PRICE")
_DEALS = ("BEST_DEAL", "LIGHTNING_DEAL", "PRICE_DISCOUNT", "PROMO_CODE")
_STATES = ("APPROVED", "PENDING_APPROVAL", "NEEDS_YOUR_ATTENTION", "CANCELED")


def coupons(plan: SpRowPlan) -> list[Section]:
    """Return the coupons of a seller, or the campaigns of a vendor."""
    if plan.partner.account_type == "vendor":
        return [section("campaigns", lambda: _each(plan, _campaign))]
    return [section("coupons", lambda: _each(plan, _coupon))]


def promotions(plan: SpRowPlan) -> list[Section]:
    """Return the promotions of an account."""
    return [section("promotions", lambda: _each(plan, _promotion))]


class _Offer:
    """One offer: when it starts, and numbers that grow while it runs."""

    def __init__(self, plan: SpRowPlan, marketplace: Marketplace, ordinal: int) -> None:
        self.plan, self.marketplace = plan, marketplace
        self.key = f"{ordinal}"
        midnight = datetime.fromordinal(ordinal).replace(tzinfo=timezone.utc)
        self.start = midnight + timedelta(hours=6)
        self.end = self.start + _LENGTH
        self.draw: SeededDraw = plan.draw(marketplace.marketplace_id, ordinal)

    @property
    def days_run(self) -> int:
        """How many days the offer has run when the report was asked for."""
        passed = min(self.plan.created_at, self.end) - self.start
        return max(0, passed.days)

    @property
    def last_updated(self) -> str:
        """The last day on which its numbers grew."""
        return format_seconds(self.start + timedelta(days=self.days_run))

    def grown(self, name: str, high: int) -> int:
        """Return a number that grows by the day."""
        return self.days_run * self.draw.whole(name, high, 1)

    def asins(self) -> list[str]:
        """Return the first products of the account."""
        return [item.asin for item in self.plan.products(self.marketplace)][:2]


def _each(plan: SpRowPlan, make: Callable[[_Offer], Row]) -> Iterator[Row]:
    first, last = start_range(plan.options)
    for marketplace in plan.marketplaces:
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            offer = _Offer(plan, marketplace, ordinal)
            is_inside = first <= offer.start <= last
            if ordinal % _EVERY_DAYS == 0 and is_inside:
                yield make(offer)


def _money_part(offer: _Offer) -> Row:
    spent = float(offer.grown("spent", 90))
    budget = 5000.0
    return {
        "clips": offer.grown("clips", 9),
        "redemptions": offer.grown("redemptions", 5),
        "budget": budget,
        "totalDiscount": round(spent * 0.9, 2),
        "budgetSpent": spent,
        "budgetRemaining": budget - spent,
        "budgetPercentageUsed": round(spent / budget * 100, 2),
    }


def _coupon(offer: _Offer) -> Row:
    row: Row = {
        "couponId": f"A2C{offer.marketplace.country}{offer.key}",
        "merchantId": offer.plan.partner.partner_id,
        "marketplaceId": offer.marketplace.marketplace_id,
        "currencyCode": offer.marketplace.currency,
        "name": f"Grüße {offer.key}",
        "websiteMessage": "Save on äöü",
        "startDateTime": format_seconds(offer.start),
        "endDateTime": format_seconds(offer.end),
        "customerSegment": "All (Default)",
        "discountType": offer.draw.pick("kind", _KINDS),
        "discountAmount": offer.draw.whole("discount", 30, 5),
        **_money_part(offer),
        "sales": float(offer.grown("sales", 400)),
        "asins": [{"asin": asin} for asin in offer.asins()],
    }
    if offer.start.month % 2:
        for name in ("budget", "budgetRemaining", "websiteMessage"):
            del row[name]
    return row


def _campaign(offer: _Offer) -> Row:
    asins = [
        {
            "asin": asin,
            "discountType": offer.draw.pick(asin, _KINDS),
            "discountAmount": offer.draw.money(asin, 30),
        }
        for asin in offer.asins()
    ]
    coupon = {
        "couponId": f"A2V{offer.marketplace.country}{offer.key}",
        "name": f"Coupon {offer.key}",
        "startDateTime": format_seconds(offer.start),
        "endDateTime": format_seconds(offer.end),
        "isOncePerCustomer": True,
        "customerSegment": "All (Default)",
        **_money_part(offer),
        "asins": asins,
    }
    return {
        "campaignId": f"AMZ{offer.marketplace.country}{offer.key}",
        "campaignName": f"Kampagne {offer.key}",
        "vendorCode": "ABCDE",
        "marketplaceId": offer.marketplace.marketplace_id,
        "creationDateTime": format_seconds(offer.start - timedelta(days=3)),
        "lastUpdatedDateTime": offer.last_updated,
        "isSubscribeAndSave": False,
        "budgetType": "PER_INDIVIDUAL_COUPON",
        "totalClips": coupon["clips"],
        "totalRedemptions": coupon["redemptions"],
        "currencyCode": offer.marketplace.currency,
        "coupons": [coupon],
    }


def _promotion(offer: _Offer) -> Row:
    currency = offer.marketplace.currency
    is_vendor = offer.plan.partner.account_type == "vendor"
    owner = "vendorCode" if is_vendor else "merchantId"
    products = [
        {
            "asin": item.asin,
            "productName": item.title,
            "productGlanceViews": offer.grown(f"views{item.asin}", 300),
            "productUnitsSold": offer.grown(f"units{item.asin}", 9),
            "productAmountSpent": float(offer.grown(f"spent{item.asin}", 30)),
            "productAmountSpentCurrencyCode": currency,
            "productRevenue": float(offer.grown(f"revenue{item.asin}", 200)),
            "productRevenueCurrencyCode": currency,
        }
        for item in list(offer.plan.products(offer.marketplace))[:2]
    ]
    return {
        "promotionId": f"169{offer.key}",
        "promotionName": f"Frühling {offer.key}",
        owner: "ABCDE" if is_vendor else offer.plan.partner.partner_id,
        "unitsSold": offer.grown("units", 20),
        "amountSpent": float(offer.grown("spent", 70)),
        "amountSpentCurrencyCode": currency,
        "revenue": float(offer.grown("revenue", 500)),
        "revenueCurrencyCode": currency,
        "startDateTime": format_seconds(offer.start),
        "endDateTime": format_seconds(offer.end),
        "type": offer.draw.pick("type", _DEALS),
        "status": offer.draw.pick("status", _STATES),
        "creationChannel": "SELF-SERVICE",
        "marketplaceId": offer.marketplace.marketplace_id,
        "fundingAgreementId": f"5898{offer.key}",
        "glanceViews": offer.grown("views", 900),
        "createdDateTime": format_seconds(offer.start - timedelta(days=5)),
        "lastUpdatedDateTime": offer.last_updated,
        "includedProducts": products,
    }
