"""Files made of orders: all orders, shipping and tax lines, settlements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_seconds
from amazon_emulator.selling_partner.report_types import MAX_ORDER_DAYS

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.orders.book import Item, Order
    from amazon_emulator.selling_partner.rows.plan import SpRowPlan

Cells = Mapping[str, object]
_CITIES = {
    "JP": ("大阪市", "150-0002"),
    "DE": ("Köln", "01067"),
    "FR": ("Besançon", "06000"),
}


def orders_of(plan: SpRowPlan) -> list[Order]:
    """Return the orders of a report; more than a month at once gives none."""
    if plan.end - plan.start > timedelta(days=MAX_ORDER_DAYS):
        return []
    by_update = "LAST_UPDATE" in plan.report_type.name
    find = plan.orders.updated if by_update else plan.orders.created
    return find(plan.partner, plan.marketplaces, plan.start, plan.end)


def order_lines(plan: SpRowPlan) -> Iterator[Cells]:
    """Yield one line per product ordered."""
    for order in orders_of(plan):
        for item in order.items:
            yield _order_line(order, item)


def _order_line(order: Order, item: Item) -> Cells:
    city, code = _CITIES.get(order.marketplace.country, ("Anytown", "00501"))
    return {
        "amazon-order-id": order.order_id,
        "purchase-date": format_seconds(order.created_at, "+00:00"),
        "last-updated-date": format_seconds(order.updated_at, "+00:00"),
        "order-status": order.status,
        "fulfillment-channel": "Amazon",
        "sales-channel": order.marketplace.name,
        "ship-service-level": "Expedited",
        "product-name": item.product.title,
        "sku": item.product.sku,
        "asin": item.product.asin,
        "item-status": order.status,
        "quantity": item.quantity,
        "currency": order.marketplace.currency,
        "item-price": f"{item.price * item.quantity:.2f}",
        "ship-city": city,
        "ship-postal-code": code,
        "ship-country": order.marketplace.country,
        "is-business-order": "false",
    }


def message(order: Order) -> Cells:
    """Return an order as its XML element."""
    lines = [
        {
            "AmazonOrderItemCode": item.item_id,
            "ASIN": item.product.asin,
            "SKU": item.product.sku,
            "ProductName": item.product.title,
            "Quantity": item.quantity,
        }
        for item in order.items
    ]
    return {
        "Order": {
            "AmazonOrderID": order.order_id,
            "PurchaseDate": format_seconds(order.created_at, "+00:00"),
            "LastUpdatedDate": format_seconds(order.updated_at, "+00:00"),
            "OrderStatus": order.status,
            "SalesChannel": order.marketplace.name,
            "OrderItem": lines,
        }
    }


def shipping(plan: SpRowPlan) -> Iterator[Cells]:
    """Yield the lines of released orders with their buyers."""
    for line, order, item in _released(plan):
        yield {
            **line,
            "order-id": order.order_id,
            "order-item-id": item.item_id,
            "buyer-email": f"{item.item_id}@marketplace.example",
            "buyer-name": "Jürgen Müßig",
            "recipient-name": "Jürgen Müßig",
            "ship-address-1": "Königsallee 5",
            "quantity-purchased": item.quantity,
        }


def vat(plan: SpRowPlan) -> Iterator[Cells]:
    """Yield the lines of released orders with their taxes."""
    for line, order, item in _released(plan):
        yield {
            "Marketplace ID": order.marketplace.marketplace_id,
            "Order Date": line["purchase-date"],
            "Transaction Type": "SHIPMENT",
            "Order ID": order.order_id,
            "ASIN": item.product.asin,
            "SKU": item.product.sku,
            "Quantity": item.quantity,
            "Tax Rate": "0.19",
            "Currency": order.marketplace.currency,
            "OUR_PRICE Tax Amount": f"{item.price * 0.19:.2f}",
            "Buyer Tax Registration": "DE000000000",
        }


def _released(plan: SpRowPlan) -> Iterator[tuple[Cells, Order, Item]]:
    for order in orders_of(plan):
        if order.status != "Pending":
            for item in order.items:
                yield _order_line(order, item), order, item


def settlement(plan: SpRowPlan) -> Iterator[Cells]:
    """Yield the summary line, then one line per amount."""
    orders = plan.orders.created(plan.partner, plan.marketplaces, plan.start, plan.end)
    lines = [
        (order, item)
        for order in orders
        if order.status == "Shipped"
        for item in order.items
    ]
    mark = plan.marketplace.decimal_mark

    def amount(value: float) -> str:
        return f"{value:.2f}".replace(".", mark)

    settlement_id = f"{plan.start.toordinal()}{plan.partner.partner_id[-3:]}"
    total = sum(item.price * item.quantity for _, item in lines)
    yield {
        "settlement-id": settlement_id,
        "settlement-start-date": f"{plan.start:%Y-%m-%d %H:%M:%S} UTC",
        "settlement-end-date": f"{plan.end:%Y-%m-%d %H:%M:%S} UTC",
        "deposit-date": f"{plan.end + timedelta(days=2):%Y-%m-%d %H:%M:%S} UTC",
        "total-amount": amount(total),
        "currency": plan.marketplace.currency,
    }
    for order, item in lines:
        yield {
            "settlement-id": settlement_id,
            "transaction-type": "Order",
            "order-id": order.order_id,
            "marketplace-name": order.marketplace.name,
            "amount-type": "ItemPrice",
            "amount-description": "Principal",
            "amount": amount(item.price * item.quantity),
            "posted-date": f"{order.updated_at:%Y-%m-%d}",
            "order-item-code": item.item_id,
            "sku": item.product.sku,
            "quantity-purchased": item.quantity,
        }
