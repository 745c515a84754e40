"""Vendor orders v1: purchase orders and their status, of the last six months.

A span of more than seven days is refused; so is one that is not said to end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zlib import crc32

from amazon_emulator.clock import format_seconds
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.market_model.products import Product, product
from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.endpoints.paging import (
    Family,
    ListingService,
    Page,
)
from amazon_emulator.selling_partner.queries import read_instant

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.marketplaces import Marketplace

Json = dict[str, object]
MAX_SPAN, HISTORY = timedelta(days=7), timedelta(days=183)
_ORDERS = "/vendor/orders/v1/purchaseOrders"
_PAGES = Family("nextToken", 100, "limit")
_PER_DAY = 2
_STEPS = (
    ("New", timedelta(0)),
    ("Acknowledged", timedelta(days=1)),
    ("Closed", timedelta(days=6)),
)


@dataclass(frozen=True, slots=True)
class _Order:
    number: str
    marketplace: Marketplace
    created_at: datetime
    state: str
    changed_at: datetime
    item: Product

    @property
    def is_open(self) -> bool:
        return self.state != "Closed"


class PurchaseOrdersService(ListingService):
    """The reads of vendor orders; vendors only."""

    @route("GET", _ORDERS, "get_purchase_orders")
    def orders(self, call: Call, grant: Grant) -> Response:
        """List purchase orders that came or changed within seven days."""
        page, found = self._found(call, grant, "changed")
        state = page.query.get("purchaseOrderState")
        kept = [order for order in found if state in (None, order.state)]
        shown, token = page.cut(kept)
        is_whole = page.query.get("includeDetails") != "false"
        orders = [_shown(order, is_whole=is_whole) for order in shown]
        return self.respond({"payload": {"orders": orders} | _pagination(token)})

    @route("GET", f"{_ORDERS}/<number>", "get_purchase_order")
    def order(self, call: Call, grant: Grant) -> Response:
        """Show one purchase order."""
        _check_vendor(grant.partner)
        now = self._state.clock.now()
        for order in self._orders(grant.partner, now):
            if order.number == call.arguments["number"]:
                return self.respond({"payload": _shown(order, is_whole=True)})
        raise RefusalError(404, "The purchase order was not found.")

    @route("GET", f"{_ORDERS}Status", "get_purchase_orders_status")
    def status(self, call: Call, grant: Grant) -> Response:
        """List how far purchase orders are."""
        page, found = self._found(call, grant, "updated")
        query = page.query
        number, word = (
            query.get("purchaseOrderNumber"),
            query.get("purchaseOrderStatus"),
        )
        kept = [
            order
            for order in found
            if number in (None, order.number) and word in (None, _word(order))
        ]
        shown, token = page.cut(kept)
        listed = [_status(order) for order in shown]
        return self.respond({"payload": {"ordersStatus": listed} | _pagination(token)})

    def _found(
        self, call: Call, grant: Grant, changed: str
    ) -> tuple[Page, list[_Order]]:
        _check_vendor(grant.partner)
        page = self.page(call, _PAGES)
        query = page.query
        created = _span(query, "created", page.as_of)
        updated = _span(query, changed, page.as_of)
        if created is None and updated is None:
            created = (page.as_of - MAX_SPAN, page.as_of)
        found = [
            order
            for order in self._orders(grant.partner, page.as_of)
            if _within(created, order.created_at) and _within(updated, order.changed_at)
        ]
        is_rising = query.get("sortOrder") == "ASC"
        found.sort(key=lambda o: (o.created_at, o.number), reverse=not is_rising)
        return page, found

    def _orders(self, partner: Partner, as_of: datetime) -> list[_Order]:
        """Return the orders of the last six months as they are then."""
        settings, found = self._state.settings, []
        for ordinal in range((as_of - HISTORY).toordinal(), as_of.toordinal() + 1):
            midnight = datetime.combine(date.fromordinal(ordinal), time(), timezone.utc)
            for position, marketplace in enumerate(partner.marketplaces):
                salt = f"{settings.seed}|{partner.name}|{marketplace.marketplace_id}"
                sold = partner.catalogue(settings.seed, marketplace.marketplace_id)
                for number in range(_PER_DAY):
                    drawn = crc32(f"{salt}|{ordinal}|{number}".encode())
                    at = midnight + timedelta(seconds=drawn % 86400)
                    seen = as_of - settings.lateness(ordinal + number)
                    steps = [(word, at + s) for word, s in _STEPS if at + s <= seen]
                    if not steps or at < as_of - HISTORY:
                        continue
                    name = f"{position}{ordinal % 100_000:05d}{number}P"
                    item = product(sold, drawn % max(1, settings.sp_asins))
                    found.append(_Order(name, marketplace, at, *steps[-1], item))
        return found


def _check_vendor(partner: Partner) -> None:
    if partner.account_type != "vendor":
        raise denied()


def _span(
    query: Mapping[str, str], word: str, as_of: datetime
) -> tuple[datetime, datetime] | None:
    names = (f"{word}After", f"{word}Before")
    if not any(query.get(name) for name in names):
        return None
    before = read_instant(query, names[1], as_of)
    after = read_instant(query, names[0], before - MAX_SPAN)
    if before <= after or min(before, as_of) - after > MAX_SPAN:
        raise invalid("Invalid Input")  # Amazon's own words; it says no more
    return after, before


def _within(span: tuple[datetime, datetime] | None, instant: datetime) -> bool:
    return span is None or span[0] <= instant <= span[1]


def _pagination(token: str | None) -> Json:
    return {} if token is None else {"pagination": {"nextToken": token}}


def _word(order: _Order) -> str:
    return "OPEN" if order.is_open else "CLOSED"


def _amount(number: int) -> Json:
    return {"amount": number, "unitOfMeasure": "Eaches", "unitSize": 1}


def _line(order: _Order) -> Json:
    money = {"currencyCode": order.marketplace.currency, "amount": "12.50"}
    return {
        "itemSequenceNumber": "1",
        "vendorProductIdentifier": order.item.sku,
        "netCost": money,
    }


def _shown(order: _Order, *, is_whole: bool) -> Json:
    shown: Json = {
        "purchaseOrderNumber": order.number,
        "purchaseOrderState": order.state,
    }
    if not is_whole:
        return shown
    line = _line(order) | {
        "amazonProductIdentifier": order.item.asin,
        "orderedQuantity": _amount(6),
        "isBackOrderAllowed": False,
    }
    shown["orderDetails"] = {
        "purchaseOrderDate": format_seconds(order.created_at),
        "purchaseOrderChangedDate": format_seconds(order.changed_at),
        "purchaseOrderStateChangedDate": format_seconds(order.changed_at),
        "purchaseOrderType": "RegularOrder",
        "paymentMethod": "Invoice",
        "sellingParty": {"partyId": "VEND1"},
        "shipToParty": {"partyId": "XYZ1"},
        "items": [line],
    }
    return shown


def _status(order: _Order) -> Json:
    is_received = not order.is_open
    line = _line(order) | {
        "buyerProductIdentifier": order.item.asin,
        "orderedQuantity": {"orderedQuantity": _amount(6)},
        "acknowledgementStatus": {
            "confirmationStatus": "UNCONFIRMED" if order.state == "New" else "ACCEPTED"
        },
        "receivingStatus": {
            "receiveStatus": "RECEIVED" if is_received else "NOT_RECEIVED"
        },
    }
    return {
        "purchaseOrderNumber": order.number,
        "purchaseOrderStatus": _word(order),
        "purchaseOrderDate": format_seconds(order.created_at),
        "lastUpdatedDate": format_seconds(order.changed_at),
        "sellingParty": {"partyId": "VEND1"},
        "shipToParty": {"partyId": "XYZ1"},
        "itemStatus": [line],
    }
