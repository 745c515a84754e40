"""Orders as version 2026-01-01 shows them: lines nested, parts on demand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_seconds
from amazon_emulator.selling_partner.orders.book import (
    CANCELLED,
    PENDING,
    SHIPPED,
    UNSHIPPED,
)

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.orders.book import Item, Order

Json = dict[str, object]
STATUSES = {
    PENDING: "PENDING",
    UNSHIPPED: "UNSHIPPED",
    SHIPPED: "SHIPPED",
    CANCELLED: "CANCELLED",
}
"""Status of version 0 -> status here."""
INCLUDED = (
    *("BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION"),
    *("FULFILLMENT", "PACKAGES", "TAX", "PAYMENT", "FULFILLMENT_ORDERS"),
)
FULFILLERS = ("MERCHANT", "AMAZON")


def fulfiller(order: Order) -> str:
    """Return who sends the goods."""
    return FULFILLERS[bool(order.number % 3)]


def order_2026(order: Order, included: Iterable[str]) -> Json:
    """Return an order with the parts asked for."""
    requested = frozenset(included)
    shown: Json = {
        "orderId": order.order_id,
        "createdTime": format_seconds(order.created_at),
        "lastUpdatedTime": format_seconds(order.updated_at),
        "programs": ["AMAZON_BUSINESS"] if order.number % 2 else [],
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": order.marketplace.marketplace_id,
            "marketplaceName": order.marketplace.name,
        },
        "orderItems": [_item(order, item, requested) for item in order.items],
    }
    parts = {
        "BUYER": ("buyer", _buyer),
        "RECIPIENT": ("recipient", _recipient),
        "PROCEEDS": ("proceeds", _proceeds),
        "FULFILLMENT": ("fulfillment", _fulfillment),
    }
    for name, (key, make) in parts.items():
        if name in requested:
            shown[key] = make(order)
    if "PACKAGES" in requested and order.status == SHIPPED:
        shown["packages"] = [_package(order)]
    return shown


def _item(order: Order, item: Item, requested: frozenset[str]) -> Json:
    product: Json = {
        "asin": item.product.asin,
        "title": item.product.title,
        "sellerSku": item.product.sku,
        "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
    }
    shown: Json = {
        "orderItemId": item.item_id,
        "quantityOrdered": item.quantity,
        "product": product,
    }
    if order.status != PENDING:
        product["price"] = {"unitPrice": _money(order, item.price)}
        if "PROCEEDS" in requested:
            total = _money(order, item.price * item.quantity)
            breakdown = {"type": "ITEM", "subtotal": total}
            shown["proceeds"] = {"proceedsTotal": total, "breakdowns": [breakdown]}
    if "CANCELLATION" in requested and order.status == CANCELLED:
        request = {"requester": "BUYER", "cancelReason": "NO_LONGER_NEEDED"}
        shown["cancellation"] = {"cancellationRequest": request}
    if "FULFILLMENT" in requested:
        done = item.quantity if order.status == SHIPPED else 0
        shown["fulfillment"] = {
            "quantityFulfilled": done,
            "quantityUnfulfilled": item.quantity - done,
        }
    return shown


def _buyer(order: Order) -> Json:
    return {
        "buyerName": "Jürgen Müßig",
        "buyerEmail": f"{order.order_id}@marketplace.example",
    }


def _recipient(order: Order) -> Json:
    address = {
        "name": "Jürgen Müßig",
        "addressLine1": "Königsallee 5",
        "city": "Köln",
        "postalCode": "01067",
        "countryCode": order.marketplace.country,
    }
    return {"deliveryAddress": address}


def _proceeds(order: Order) -> Json:
    return {} if order.status == PENDING else {"grandTotal": _money(order, order.total)}


def _fulfillment(order: Order) -> Json:
    day = timedelta(days=1)
    window = {
        "earliestDateTime": format_seconds(order.created_at + day),
        "latestDateTime": format_seconds(order.created_at + 2 * day),
    }
    return {
        "fulfillmentStatus": STATUSES[order.status],
        "fulfilledBy": fulfiller(order),
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": window,
    }


def _package(order: Order) -> Json:
    items = [
        {"orderItemId": item.item_id, "quantity": item.quantity} for item in order.items
    ]
    return {
        "packageReferenceId": "1",
        "createdTime": format_seconds(order.updated_at),
        "packageStatus": {"status": "SHIPPED"},
        "carrier": "DHL",
        "trackingNumber": f"JJD{order.order_id[-7:]}",
        "packageItems": items,
    }


def _money(order: Order, amount: float) -> Json:
    return {"amount": f"{amount:.2f}", "currencyCode": order.marketplace.currency}
