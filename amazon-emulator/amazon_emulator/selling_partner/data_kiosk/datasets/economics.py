"""Economics: what a product brought in and cost. Pure.

Sales are those of sales and traffic; fees and ads follow from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from amazon_emulator.market_model.retail import added
from amazon_emulator.selling_partner.data_kiosk.datasets.lines import (
    KioskPlan,
    Line,
    dated,
)
from amazon_emulator.selling_partner.rows.sales_traffic import families

if TYPE_CHECKING:
    from amazon_emulator.market_model.products import Product
    from amazon_emulator.market_model.retail import Retail
    from amazon_emulator.selling_partner.rows.plan import Row, SpRowPlan

_LEVELS = {"PARENT_ASIN": "PARENT", "CHILD_ASIN": "CHILD", "MSKU": "SKU"}
_REFERRAL, _AD_SHARE = 15, 8
"""Per cent of the sales."""
_FULFILMENT, _FUEL, _STORAGE, _DISCOUNT = 322, 11, 7, 5
"""Hundredths per unit."""
_NOTHING_EVERY = 11
"""Every so many products have no proceeds per unit (seen in about 9 % of rows)."""


def economics(plan: KioskPlan) -> Iterator[Line]:
    """Yield one line per marketplace, period and product."""
    chosen = plan.arguments.get("aggregateBy") or {}
    period, level = chosen.get("date") or "DAY", chosen.get("productId") or "MSKU"
    for marketplace in plan.marketplaces:
        rows = plan.rows_of(marketplace)
        spans = [plan.days] if period == "RANGE" else plan.periods(period)
        shop = rows.shop()
        for start, end in spans:
            if start > rows.today:
                break
            days = rows.dated(start, end)
            for family in families(rows, _LEVELS[level]):
                found = added(shop.over(item.number, days) for item in family)
                product = ProductEconomics(plan, rows, found, family, (start, end))
                yield Line(product.fields(level))


class ProductEconomics:
    """The numbers of one product in one period, in hundredths."""

    def __init__(
        self,
        plan: KioskPlan,
        rows: SpRowPlan,
        found: Retail,
        family: Sequence[Product],
        span: tuple[date, date],
    ) -> None:
        self._rows, self._found, self._item = rows, found, family[0]
        self._span, self._number = span, family[0].number
        listed = plan.arguments.get("includeComponentsForFeeTypes") or ()
        self._with_components = frozenset(listed)
        price = found.sales // found.units if found.units else 0
        self._refunded = found.returned_units * price
        self._net_units = found.units - found.returned_units

    def fields(self, level: str) -> Row:
        """Return the row, with the ids that a level knows."""
        start, end = self._span
        item = self._item
        is_sku, is_child = level == "MSKU", level != "PARENT_ASIN"
        fees = [self._referral(), self._fulfilment(), self._storage()]
        ad_cost = self._found.sales * _AD_SHARE // 100 if self._number % 3 else 0
        charged = sum(charge[1] for fee in fees for charge in fee[1])
        net = self._found.sales - self._refunded - charged - ad_cost
        return dated(
            start,
            end,
            marketplaceId=self._rows.marketplace.marketplace_id,
            parentAsin=item.parent_asin,
            childAsin=item.asin if is_child else None,
            msku=item.sku if is_sku else None,
            fnsku=item.fnsku if is_sku and self._number % 2 == 0 else None,
            sales=self._sales(),
            fees=[
                {
                    "feeTypeName": name,
                    "charges": [charge for charge, _ in charges],
                    "charge": charges[0][0],
                }
                for name, charges in fees
            ],
            ads=self._ads(ad_cost),
            cost=self._cost(),
            netProceeds={"total": self._money(net), "perUnit": self._per_unit(net)},
        )

    def _money(self, hundredths: int) -> Row:
        return self._rows.amount(hundredths)

    def _sales(self) -> Row:
        found, price = self._found, None
        if found.units:
            price = self._money(found.sales // found.units)
        return {
            "unitsOrdered": found.units,
            "unitsRefunded": found.returned_units,
            "netUnitsSold": self._net_units,
            "orderedProductSales": self._money(found.sales),
            "refundedProductSales": self._money(self._refunded),
            "netProductSales": self._money(found.sales - self._refunded),
            "averageSellingPrice": price,
        }

    def _referral(self) -> tuple[str, list[tuple[Row, int]]]:
        amount = self._found.sales * _REFERRAL // 100
        return "ReferralFee", [self._charge("ref", amount, self._found.units)]

    def _fulfilment(self) -> tuple[str, list[tuple[Row, int]]]:
        """Return a fee that changes in the middle of the month: two charges then."""
        units, (start, end) = self._found.shipped_units, self._span
        with_parts = "FBA_FULFILLMENT_FEE" in self._with_components
        middle = start.replace(day=15)
        if not start < middle <= end:
            charge = self._charge(
                "fba-1", units * _FULFILMENT, units, with_parts=with_parts
            )
            return "FbaFulfilmentFee", [charge]
        first = units // 2
        spans = [(start, middle.replace(day=14)), (middle, end)]
        charges = [
            self._charge(
                f"fba-{number}", count * _FULFILMENT, count, span, with_parts=with_parts
            )
            for number, (count, span) in enumerate(
                zip((first, units - first), spans, strict=True), 1
            )
        ]
        return "FbaFulfilmentFee", charges

    def _storage(self) -> tuple[str, list[tuple[Row, int]]]:
        amount = self._found.units * _STORAGE
        return "FbaStorageFee", [self._charge("sto", amount, None, is_discounted=True)]

    def _charge(
        self,
        name: str,
        amount: int,
        units: int | None,
        span: tuple[date, date] | None = None,
        *,
        with_parts: bool = False,
        is_discounted: bool = False,
    ) -> tuple[Row, int]:
        """Return a charge and what was really charged."""
        start, end = span or self._span
        discount = amount * _DISCOUNT // 100 if is_discounted else 0
        fuel = (units or 0) * _FUEL
        parts = [
            self._part("BaseFbaFulfilmentFee", amount - fuel, units),
            self._part("FuelSurcharge", fuel, units),
        ]
        return {
            "identifier": f"{name}-{self._item.sku}",
            "startDate": start.isoformat(),
            "endDate": end.isoformat(),
            "aggregatedDetail": self._detail(amount, discount, units),
            "components": parts if with_parts else None,
            "properties": [{"propertyName": "sizeTier", "propertyValue": "Standard"}],
        }, amount - discount

    def _part(self, name: str, amount: int, units: int | None) -> Row:
        detail = self._detail(amount, 0, units)
        return {"name": name, "aggregatedDetail": detail, "properties": None}

    def _detail(self, amount: int, discount: int, units: int | None) -> Row:
        """Return an amount before and after what was taken off it."""
        each = self._money(amount // units) if units else None
        return {
            "quantity": None if units is None else float(units),
            "amount": self._money(amount),
            "amountPerUnit": each,
            "amountPerUnitDelta": None,
            "promotionAmount": self._money(discount),
            "taxAmount": self._money(0),
            "totalAmount": self._money(amount - discount),
        }

    def _ads(self, amount: int) -> list[Row] | None:
        if not amount:
            return None
        charge = self._detail(amount, 0, None)
        return [{"adTypeName": "SponsoredProductFee", "charge": charge}]

    def _cost(self) -> Row | None:
        """Return what the seller has typed in, for every other product."""
        if self._number % 2:
            return None
        return {
            "costOfGoodsSold": self._money(self._found.shipped_cost),
            "miscellaneousCost": None,
            "fbaCost": {"shippingToAmazonCost": self._money(self._found.units * 20)},
            "mfnCost": None,
        }

    def _per_unit(self, net: int) -> Row | None:
        is_left_out = self._number % _NOTHING_EVERY == _NOTHING_EVERY - 1
        if self._net_units <= 0 or is_left_out:
            return None
        return self._money(net // self._net_units)
