"""Orders v0: search, one order, its lines, its buyer, its address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant, parse_instant
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.selling_partner.access.authorization import SpService
from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.orders.search import (
    V0,
    read_search,
    read_token,
    token,
)
from amazon_emulator.selling_partner.orders.v0 import (
    address_v0,
    buyer_v0,
    channel,
    item_v0,
    order_v0,
)
from amazon_emulator.selling_partner.queries import read_query

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.authorization import Authorization
    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.orders.book import Order, OrderBook

_ORDERS = "/orders/v0/orders"
_ORDER = f"{_ORDERS}/<order_id>"
_MADE = "made_at"
_REMOVED = datetime(2027, 3, 27, tzinfo=timezone.utc)


class OrdersV0Service(SpService):
    """The reads of version 0, which end in March 2027."""

    def __init__(self, authorization: Authorization, book: OrderBook) -> None:
        super().__init__(authorization)
        self._book = book

    @route("GET", _ORDERS, "get_orders")
    def search(self, call: Call, grant: Grant) -> Response:
        """Find orders page by page; the last page of several has an empty token."""
        self._check(grant)
        query = read_query(call.request)
        if not query.get(V0.marketplaces):
            raise invalid("MarketplaceIds is required.")
        if query.get("NextToken"):
            search, extra = read_token(query["NextToken"])
            self._check_age(extra)
        else:
            now = self._state.clock.now()
            search = read_search(query, V0, grant.partner, now)
            names = ("OrderStatuses", "FulfillmentChannels")
            extra = {name: query[name] for name in names if query.get(name)}
        limit = self._state.settings.sp_orders_per_page
        page, has_more = search.page(
            self._book, grant.partner, lambda order: _fits(order, extra), limit
        )
        elements = self._elements(call, grant)
        payload: dict[str, object] = {
            "Orders": [order_v0(order, elements) for order in page]
        }
        if has_more:
            made = {_MADE: format_instant(self._state.clock.now())}
            payload["NextToken"] = token(search, page[-1], {**extra, **made})
        elif search.behind:
            payload["NextToken"] = ""
        return self.respond({"payload": payload | search.upper_bound(V0)})

    @route("GET", _ORDER, "get_order_v0")
    def show(self, call: Call, grant: Grant) -> Response:
        """Show one order."""
        order = self._order(call, grant)
        shown = order_v0(order, self._elements(call, grant))
        return self.respond({"payload": shown})

    @route("GET", f"{_ORDER}/orderItems", "get_order_items")
    def items(self, call: Call, grant: Grant) -> Response:
        """Show the lines of an order page by page."""
        order = self._order(call, grant)
        text = call.request.args.get("NextToken") or "0"
        if not text.isdigit():
            raise invalid("NextToken is not valid.")
        first, size = int(text), self._state.settings.sp_order_items_per_page
        page = order.items[first : first + size]
        payload: dict[str, object] = {
            "AmazonOrderId": order.order_id,
            "OrderItems": [item_v0(order, item) for item in page],
        }
        if first + size < len(order.items):
            payload["NextToken"] = str(first + size)
        return self.respond({"payload": payload})

    @route("GET", f"{_ORDER}/buyerInfo", "get_order_buyer_info")
    def buyer(self, call: Call, grant: Grant) -> Response:
        """Show who bought; only with a restricted token."""
        order = self._order(call, grant)
        self._need_restricted(grant)
        shown = {"AmazonOrderId": order.order_id, **buyer_v0(order)}
        return self.respond({"payload": shown})

    @route("GET", f"{_ORDER}/address", "get_order_address")
    def address(self, call: Call, grant: Grant) -> Response:
        """Show where an order goes; only with a restricted token."""
        order = self._order(call, grant)
        self._need_restricted(grant)
        shown = {
            "AmazonOrderId": order.order_id,
            "ShippingAddress": address_v0(order),
        }
        return self.respond({"payload": shown})

    def _check_age(self, extra: Mapping[str, str]) -> None:
        """Refuse (400) a token older than the setting allows, if it says anything."""
        seconds = self._state.settings.sp_page_token_seconds
        made = parse_instant(extra[_MADE])
        if seconds and self._state.clock.now() - made > timedelta(seconds=seconds):
            raise invalid("The NextToken has expired.")

    def _check(self, grant: Grant) -> None:
        if grant.partner.account_type != "seller":
            raise denied()
        if self._state.clock.now() >= _REMOVED:
            raise RefusalError(404, "This operation has been removed.")

    def _order(self, call: Call, grant: Grant) -> Order:
        self._check(grant)
        order = self._book.find(grant.partner, call.arguments["order_id"])
        if order is None:
            raise RefusalError(404, "The order was not found.")
        return order

    def _elements(self, call: Call, grant: Grant) -> frozenset[str]:
        request = call.request
        return grant.elements(request.method, request.path) or frozenset()

    def _need_restricted(self, grant: Grant) -> None:
        if not grant.is_restricted:
            raise denied()


def _fits(order: Order, extra: object) -> bool:
    if not isinstance(extra, dict):
        return True
    found = {"OrderStatuses": order.status, "FulfillmentChannels": channel(order)}
    return all(
        text in (None, "") or found[name] in text.split(",")
        for name, text in ((name, extra.get(name)) for name in found)
    )
