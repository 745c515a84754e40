"""Orders 2026-01-01: search and one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant, parse_instant
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.selling_partner.access.authorization import SpService
from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.accounts import PII
from amazon_emulator.selling_partner.orders.current import (
    FULFILLERS,
    INCLUDED,
    STATUSES,
    fulfiller,
    order_2026,
)
from amazon_emulator.selling_partner.orders.search import (
    CURRENT,
    read_search,
    read_token,
    token,
)
from amazon_emulator.selling_partner.queries import read_query, split

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.authorization import Authorization
    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.orders.book import Order, OrderBook

_ORDERS = "/orders/2026-01-01/orders"
_TOKEN_LIFE_SECONDS = 86400
_PERSONAL = ("BUYER", "RECIPIENT")
_CHOICES: Mapping[str, Sequence[str]] = {
    "includedData": INCLUDED,
    "fulfillmentStatuses": (
        *STATUSES.values(),
        "PENDING_AVAILABILITY",
        "PARTIALLY_SHIPPED",
        "UNFULFILLABLE",
    ),
    "fulfilledBy": FULFILLERS,
}
_TOKEN, _MADE = "paginationToken", "made_at"


class OrdersService(SpService):
    """The current version: lines are nested, parts are asked for."""

    def __init__(self, authorization: Authorization, book: OrderBook) -> None:
        super().__init__(authorization)
        self._book = book

    @route("GET", _ORDERS, "search_orders")
    def search(self, call: Call, grant: Grant) -> Response:
        """Find orders page by page; a token goes with the parameters it came from."""
        query = self._query(call, grant)
        page_token = query.pop(_TOKEN, "")
        now = self._state.clock.now()
        if page_token:
            search, extra = read_token(page_token)
            made_at = parse_instant(extra[_MADE])
            if {k: v for k, v in extra.items() if k != _MADE} != query:
                raise invalid("All parameters must stay as on the first page.")
            if made_at + self._token_life() < now:
                raise invalid("The paginationToken has expired.")
        else:
            search = read_search(query, CURRENT, grant.partner, now)
        limit = self._state.settings.sp_orders_per_page
        page, has_more = search.page(
            self._book, grant.partner, lambda order: _fits(order, query), limit
        )
        included = self._included(query, grant)
        body: dict[str, object] = {
            "orders": [order_2026(order, included) for order in page]
        }
        if has_more:
            extra = {**query, _MADE: format_instant(now)}
            next_token = token(search, page[-1], extra)
            body["pagination"] = {"nextToken": next_token}
        return self.respond(body | search.upper_bound(CURRENT))

    def _token_life(self) -> timedelta:
        seconds = self._state.settings.sp_page_token_seconds
        return timedelta(seconds=seconds or _TOKEN_LIFE_SECONDS)

    @route("GET", f"{_ORDERS}/<order_id>", "get_order")
    def show(self, call: Call, grant: Grant) -> Response:
        """Show one order."""
        query = self._query(call, grant)
        order = self._book.find(grant.partner, call.arguments["order_id"])
        if order is None:
            raise RefusalError(404, "The order was not found.")
        shown = order_2026(order, self._included(query, grant))
        return self.respond({"order": shown})

    def _query(self, call: Call, grant: Grant) -> dict[str, str]:
        if grant.partner.account_type != "seller":
            raise denied()
        query = read_query(call.request)
        for name, allowed in _CHOICES.items():
            unknown = set(split(query.get(name))) - set(allowed)
            if unknown:
                text = f"{name} has unknown values."
                raise invalid(text, ", ".join(unknown))
        return query

    def _included(self, query: Mapping[str, str], grant: Grant) -> list[str]:
        """Return the parts to show; personal data depend on the roles."""
        return [
            part
            for part in split(query.get("includedData"))
            if part not in _PERSONAL or PII in grant.partner.roles
        ]


def _fits(order: Order, query: Mapping[str, str]) -> bool:
    statuses, fulfillers = (
        split(query.get(name)) for name in ("fulfillmentStatuses", "fulfilledBy")
    )
    return (not statuses or STATUSES[order.status] in statuses) and (
        not fulfillers or fulfiller(order) in fulfillers
    )
