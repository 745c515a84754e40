"""Economics of days to come: estimates that follow from the days just past. Pure.

A preview is of all products of a marketplace, a simulation of those it names. Neither
depends on prices or actions that a query supposes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from amazon_emulator.market_model.retail import added
from amazon_emulator.selling_partner.data_kiosk.datasets.economics import (
    ProductEconomics,
)
from amazon_emulator.selling_partner.data_kiosk.datasets.lines import KioskPlan, Line

if TYPE_CHECKING:
    from amazon_emulator.market_model.products import Product
    from amazon_emulator.selling_partner.rows.plan import Row, SpRowPlan

PREVIEW, SIMULATION = "economicsPreview", "economicsSimulation"
MAX_DAYS = {PREVIEW: 120, SIMULATION: 90}
"""How long after today the last day may be."""
MAX_PRODUCTS = 100
_ADS = "SPONSORED_PRODUCTS_CHARGES"
_FEES = {
    "REFERRAL_FEES": "ReferralFee",
    "FBA_FULFILLMENT_FEES": "FbaFulfilmentFee",
    "BASE_FBA_FULFILLMENT_FEE": "FbaFulfilmentFee",
    "MONTHLY_INVENTORY_STORAGE_FEES": "FbaStorageFee",
    "BASE_MONTHLY_STORAGE_FEE": "FbaStorageFee",
}
"""Name in a query -> name in a row; of other fees there are none here."""


def preview(plan: KioskPlan) -> Iterator[Line]:
    """Yield one line per marketplace and product, with the fees that are asked for."""
    asked = set(plan.arguments["feeTypes"])
    names = {_FEES[name] for name in asked if name in _FEES}
    for row in _estimates(plan, lambda _: True):
        fees = [fee for fee in row["fees"] if fee["feeTypeName"] in names]
        yield Line({**row, "fees": fees, "ads": row["ads"] if _ADS in asked else None})


def simulation(plan: KioskPlan) -> Iterator[Line]:
    """Yield one line for each product that is known; others are left out."""
    listed = [entry["identifier"] for entry in plan.arguments["products"]]
    named = {(one["type"], one["value"]) for one in listed}
    for row in _estimates(plan, lambda product: _is_named(product, named)):
        yield Line(row)


def reason_against(root: str, arguments: Any, today: date) -> str | None:  # noqa: ANN401 - of a query
    """Return why an estimate cannot be made; None: it can, or it is none."""
    if root not in MAX_DAYS:
        return None
    if date.fromisoformat(arguments["startDate"]) < today:
        return "The start date must be not earlier than today"
    most = MAX_DAYS[root]
    if date.fromisoformat(arguments["endDate"]) > today + timedelta(days=most):
        return f"The end date must be no more than {most} days after today"
    if len(arguments.get("products", ())) > MAX_PRODUCTS:
        return f"Maximum {MAX_PRODUCTS} products per request"
    return None


def _is_named(product: Product, named: Collection[tuple[str, str]]) -> bool:
    own = {("MSKU", product.sku), ("ASIN", product.asin), ("FNSKU", product.fnsku)}
    return not own.isdisjoint(named)


def _estimates(plan: KioskPlan, is_asked: Callable[[Product], bool]) -> Iterator[Row]:
    start, end = plan.days
    for marketplace in plan.marketplaces:
        rows = plan.rows_of(marketplace)
        for product in rows.products():
            if is_asked(product):
                yield _estimate(plan, rows, product, (start, end))


def _estimate(
    plan: KioskPlan,
    rows: SpRowPlan,
    product: Product,
    span: tuple[date, date],
) -> Row:
    """Return what as many days up to yesterday would bring in the days asked for."""
    count = (span[1] - span[0]).days + 1
    yesterday = rows.today - timedelta(days=1)
    days = rows.dated(yesterday - timedelta(days=count - 1), yesterday)
    found = added([rows.shop().over(product.number, days)])
    return ProductEconomics(plan, rows, found, [product], span).fields("MSKU")
