"""Orders as version 0 shows them; what personal data there is takes its own token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_seconds
from amazon_emulator.selling_partner.orders.book import PENDING, SHIPPED

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.orders.book import Item, Order

Json = dict[str, object]


def order_v0(order: Order, elements: frozenset[str] = frozenset()) -> Json:
    """Return an order; `elements`: the personal data that the token opens."""
    shipped = sum(item.quantity for item in order.items)
    is_shipped = order.status == SHIPPED
    shown: Json = {
        "AmazonOrderId": order.order_id,
        "PurchaseDate": format_seconds(order.created_at),
        "LastUpdateDate": format_seconds(order.updated_at),
        "OrderStatus": order.status,
        "FulfillmentChannel": channel(order),
        "SalesChannel": order.marketplace.name,
        "ShipServiceLevel": "Std DE Dom_1",
        "NumberOfItemsShipped": shipped if is_shipped else 0,
        "NumberOfItemsUnshipped": 0 if is_shipped else shipped,
        "PaymentMethod": "Other",
        "PaymentMethodDetails": ["Standard"],
        "MarketplaceId": order.marketplace.marketplace_id,
        "ShipmentServiceLevelCategory": "Standard",
        "OrderType": "StandardOrder",
        "EarliestShipDate": format_seconds(order.created_at + timedelta(days=1)),
        "LatestShipDate": format_seconds(order.created_at + timedelta(days=2)),
        "IsBusinessOrder": order.number % 2 == 1,
        "IsPrime": False,
        "IsPremiumOrder": False,
        "IsGlobalExpressEnabled": False,
        "IsReplacementOrder": False,
        "IsSoldByAB": False,
        "IsISPU": False,
        "IsAccessPointOrder": False,
        "HasRegulatedItems": False,
    }
    if order.status != PENDING:
        shown["OrderTotal"] = _money(order, order.total)
    if "buyerInfo" in elements:
        shown["BuyerInfo"] = buyer_v0(order)
    if "shippingAddress" in elements:
        shown["ShippingAddress"] = address_v0(order)
    return shown


def item_v0(order: Order, item: Item) -> Json:
    """Return a line of an order; while the order is pending it has no prices."""
    shown: Json = {
        "ASIN": item.product.asin,
        "SellerSKU": item.product.sku,
        "OrderItemId": item.item_id,
        "Title": item.product.title,
        "QuantityOrdered": item.quantity,
        "QuantityShipped": item.quantity if order.status == SHIPPED else 0,
        "ProductInfo": {"NumberOfItems": "1"},
        "IsGift": "false",
        "ConditionId": "New",
        "ConditionSubtypeId": "New",
        "IsTransparency": False,
        "SerialNumberRequired": False,
    }
    if order.status != PENDING:
        shown["ItemPrice"] = _money(order, item.price * item.quantity)
        shown["ItemTax"] = _money(order, item.price * item.quantity * 0.19)
        shown["PromotionDiscount"] = _money(order, 0)
    return shown


def buyer_v0(order: Order) -> Json:
    """Return who bought."""
    return {
        "BuyerEmail": f"{order.order_id}@marketplace.example",
        "BuyerName": "Jürgen Müßig",
    }


def address_v0(order: Order) -> Json:
    """Return where an order goes."""
    return {
        "Name": "Jürgen Müßig",
        "AddressLine1": "Königsallee 5",
        "City": "Köln",
        "PostalCode": "01067",
        "CountryCode": order.marketplace.country,
    }


def channel(order: Order) -> str:
    """Return who sends the goods: AFN or MFN."""
    return "AFN" if order.number % 3 else "MFN"


def _money(order: Order, amount: float) -> Json:
    return {"CurrencyCode": order.marketplace.currency, "Amount": f"{amount:.2f}"}
