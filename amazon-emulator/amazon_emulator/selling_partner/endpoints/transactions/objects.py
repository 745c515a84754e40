"""The JSON of a transaction: names, contexts, trees of amounts that add up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_seconds
from amazon_emulator.selling_partner.endpoints.transactions.book import (
    FEE,
    REFUND,
    RELEASE,
    SALE,
    Transaction,
)

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.orders.book import Item
    from amazon_emulator.settings import Settings

Json = dict[str, object]
_COMMISSION, _TAX_ON_FEES = 15, 20
_MONTHLY_FEE, _SHIPPING = -3999, 499
_WITHOUT_PARTS_EVERY = 5
"""Every so many orders have items without breakdowns, as was seen."""


@dataclass(frozen=True, slots=True)
class Node:
    """An amount in hundredths, and the amounts it is the sum of."""

    name: str
    parts: Sequence[Node] = field(default_factory=tuple)
    own: int = 0

    @property
    def amount(self) -> int:
        """Its own amount, or the sum of its parts."""
        return sum(part.amount for part in self.parts) if self.parts else self.own


def transaction_json(one: Transaction, partner: Partner, settings: Settings) -> Json:
    """Return a transaction as the settings spell it."""
    words = _Words(one.marketplace.currency, settings.sp_breakdowns)
    trees = _trees(one)
    shown: Json = {
        "sellingPartnerMetadata": {
            "sellingPartnerId": partner.partner_id,
            "accountType": "Standard Orders",
            "marketplaceId": one.marketplace.marketplace_id,
        },
        "relatedIdentifiers": _related(one),
        "transactionType": {REFUND: "Refund", FEE: "ServiceFee"}.get(
            one.kind, "Shipment"
        ),
        "transactionId": one.transaction_id,
        "transactionStatus": _spelt(one.status, settings.sp_transaction_status),
        "description": {REFUND: "Refund Order", FEE: "Subscription"}.get(
            one.kind, "Order Payment"
        ),
        "postedDate": format_seconds(one.posted_at),
        "totalAmount": words.money(sum(tree.amount for tree in trees)),
        "marketplaceDetails": {
            "marketplaceId": one.marketplace.marketplace_id,
            "marketplaceName": one.marketplace.name,
        },
        "items": _items(one, words),
        "contexts": _contexts(one),
        "breakdowns": words.trees(trees),
    }
    if one.kind == FEE and settings.sp_fees_without_id:
        del shown["transactionId"]
    if settings.sp_unknown_fields:
        shown["newField2027"] = {"note": "not in the model"}
    return shown


class _Words:
    """Amounts and trees in one of the two forms they were seen in."""

    def __init__(self, currency: str, form: str) -> None:
        self._currency, self._form = currency, form

    def money(self, hundredths: int) -> Json:
        return {"currencyAmount": hundredths / 100, "currencyCode": self._currency}

    def trees(self, nodes: Sequence[Node]) -> object:
        listed = [self._node(node) for node in nodes]
        return {"breakdowns": listed} if self._form == "object" else listed

    def _node(self, node: Node) -> Json:
        return {
            "breakdownType": node.name,
            "breakdownAmount": self.money(node.amount),
            "breakdowns": self.trees(node.parts) if node.parts else None,
        }


def _spelt(status: str, form: str) -> str:
    return status if form == "upper" else status.capitalize()


def _related(one: Transaction) -> list[Json]:
    names: dict[str, str | None] = {"FINANCIAL_EVENT_GROUP_ID": one.group_id}
    if one.order is not None:
        names |= {"ORDER_ID": one.order.order_id, "SHIPMENT_ID": one.id_of("ship")}
    if one.kind == REFUND:
        names["REFUND_ID"] = one.id_of("refund")
    if one.kind == RELEASE:
        names["DEFERRED_TRANSACTION_ID"] = one.id_of(SALE)
    if one.kind == SALE and one.status == "DEFERRED_RELEASED":
        names["RELEASE_TRANSACTION_ID"] = one.id_of(RELEASE)
    return [
        {"relatedIdentifierName": name, "relatedIdentifierValue": value}
        for name, value in names.items()
        if value is not None
    ]


def _contexts(one: Transaction) -> list[Json]:
    if one.kind == FEE:
        end = one.posted_at + timedelta(days=28)
        return [
            {
                "contextType": "TimeRangeContext",
                "startTime": format_seconds(one.posted_at),
                "endTime": format_seconds(end),
            }
        ]
    if one.matures_at is None:
        return []
    return [
        {
            "contextType": "DeferredContext",
            "deferralReason": "DD7" if one.number % 2 else "B2B",
            "maturityDate": format_seconds(one.matures_at),
        }
    ]


def _items(one: Transaction, words: _Words) -> list[Json]:
    if one.order is None:
        return []
    is_bare = one.order.created_at.minute % _WITHOUT_PARTS_EVERY == 0
    return [_item(one, item, words, is_bare=is_bare) for item in _listed(one)]


def _item(one: Transaction, item: Item, words: _Words, *, is_bare: bool) -> Json:
    trees = _item_trees(one, item)
    return {
        "description": item.product.title,
        "relatedIdentifiers": [
            {
                "itemRelatedIdentifierName": "ORDER_ADJUSTMENT_ITEM_ID",
                "itemRelatedIdentifierValue": item.item_id,
            }
        ],
        "totalAmount": words.money(sum(tree.amount for tree in trees)),
        "breakdowns": None if is_bare else words.trees(trees),
        "contexts": [
            {
                "contextType": "ProductContext",
                "asin": item.product.asin,
                "sku": item.product.sku,
                "quantityShipped": item.quantity,
                "fulfillmentNetwork": "MFN" if one.is_by_merchant else "AFN",
            }
        ],
    }


def _listed(one: Transaction) -> Sequence[Item]:
    items = () if one.order is None else one.order.items
    return items[:1] if one.kind == REFUND else items


def _item_trees(one: Transaction, item: Item) -> list[Node]:
    """Return charges and fees of an item; a refund gives back both."""
    sign = -1 if one.kind == REFUND else 1
    price = round(item.price * 100) * item.quantity
    fee = -price * _COMMISSION // 100
    tax = fee * _TAX_ON_FEES // 100
    charges = [
        Node("Principle", own=sign * price),
        Node("Shipping", own=sign * _SHIPPING),
    ]
    commission = [Node("Base", own=sign * fee), Node("Tax", own=sign * tax)]
    return [
        Node("Sales", [Node("Product Charges", charges)]),
        Node("Expenses", [Node("AmazonFees", [Node("Commission", commission)])]),
    ]


def _trees(one: Transaction) -> list[Node]:
    """Return the trees of a transaction: those of its items, added up."""
    if one.kind == FEE:
        return [Node("Expenses", [Node("Subscription Fee", own=_MONTHLY_FEE)])]
    return _sum([_item_trees(one, item) for item in _listed(one)])


def _sum(forests: Sequence[Sequence[Node]]) -> list[Node]:
    return [
        Node(
            nodes[0].name,
            _sum([node.parts for node in nodes]),
            sum(node.own for node in nodes),
        )
        for nodes in zip(*forests, strict=True)
    ]
