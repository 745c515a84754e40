"""Finances v0: event groups every 14 days, and what was posted for shipped orders.

As the model says, a span of more than 180 days is answered with nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_seconds
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.selling_partner.access.refusals import denied
from amazon_emulator.selling_partner.endpoints.paging import (
    Family,
    ListingService,
    Page,
    read_range,
)
from amazon_emulator.selling_partner.orders.book import SHIPPED

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.authorization import Authorization
    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.marketplaces import Marketplace
    from amazon_emulator.selling_partner.orders.book import Order, OrderBook

Json = dict[str, object]
MAX_SPAN = timedelta(days=180)
_GROUP_DAYS, _MAX_YEARS = 14, 2
_GROUPS = "/finances/v0/financialEventGroups"
_PAGES = Family(
    "NextToken",
    100,
    "MaxResultsPerPage",
    1500,
    "Token is not valid, token duration is {minutes} minutes.",
)
_STARTED = ("FinancialEventGroupStartedAfter", "FinancialEventGroupStartedBefore")
_POSTED = ("PostedAfter", "PostedBefore")
_REFUNDED_EVERY = 7


@dataclass(frozen=True, slots=True)
class _Group:
    number: int
    marketplace: Marketplace
    start: datetime

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=_GROUP_DAYS)

    @property
    def group_id(self) -> str:
        return f"{self.marketplace.marketplace_id}-{self.start.toordinal()}"


class FinancesService(ListingService):
    """The four listings of version 0; sellers only."""

    def __init__(self, authorization: Authorization, book: OrderBook) -> None:
        super().__init__(authorization)
        self._book = book

    @route("GET", _GROUPS, "list_financial_event_groups")
    def groups(self, call: Call, grant: Grant) -> Response:
        """List the groups that were opened in a span."""
        _check_seller(grant.partner)
        page = self.page(call, _PAGES)
        after, before = read_range(page.query, _STARTED, page.as_of, 180)
        found = [
            group
            for group in _groups(grant.partner, after, before)
            if self.is_visible(group.number, group.start, page.as_of)
        ]
        shown, token = page.cut(found if before - after <= MAX_SPAN else [])
        payload: Json = {
            "FinancialEventGroupList": [
                self._group(grant.partner, group, page.as_of) for group in shown
            ]
        }
        return self.respond({"payload": payload | _next(token)})

    @route("GET", "/finances/v0/financialEvents", "list_financial_events")
    def events(self, call: Call, grant: Grant) -> Response:
        """List what was posted in a span."""
        _check_seller(grant.partner)
        page = self.page(call, _PAGES)
        span = read_range(page.query, _POSTED, page.as_of, 180)
        return self._events(page, self._posted(grant.partner, page, span))

    @route(
        "GET",
        f"{_GROUPS}/<group_id>/financialEvents",
        "list_financial_events_by_group_id",
    )
    def events_of_group(self, call: Call, grant: Grant) -> Response:
        """List what was posted in one group."""
        _check_seller(grant.partner)
        page = self.page(call, _PAGES)
        group = _group_of(grant.partner, call.arguments["group_id"])
        span = (group.start, group.end)
        if page.query.get("PostedAfter"):
            after, before = read_range(page.query, _POSTED, page.as_of, 180)
            span = (max(after, group.start), min(before, group.end))
        found = [
            order
            for order in self._posted(grant.partner, page, span)
            if order.marketplace is group.marketplace
        ]
        return self._events(page, found)

    @route(
        "GET",
        "/finances/v0/orders/<order_id>/financialEvents",
        "list_financial_events_by_order_id",
    )
    def events_of_order(self, call: Call, grant: Grant) -> Response:
        """List what was posted for one order."""
        _check_seller(grant.partner)
        page = self.page(call, _PAGES)
        order = self._book.find(grant.partner, call.arguments["order_id"])
        if order is None:
            raise RefusalError(404, "The order was not found.")
        return self._events(page, [order] if order.status == SHIPPED else [])

    def _posted(
        self, partner: Partner, page: Page, span: tuple[datetime, datetime]
    ) -> list[Order]:
        after, before = span
        if before - after > MAX_SPAN:
            return []
        orders = self._book.updated(partner, partner.marketplaces, after, before)
        return [
            order
            for order in orders
            if order.status == SHIPPED and order.updated_at < before
            if self.is_visible(order.number, order.updated_at, page.as_of)
        ]

    def _events(self, page: Page, orders: list[Order]) -> Response:
        shown, token = page.cut(orders)
        refunded = [o for o in shown if o.created_at.minute % _REFUNDED_EVERY == 0]
        events = {
            "ShipmentEventList": [_shipment(order) for order in shown],
            "RefundEventList": [_refund(order) for order in refunded],
            "ServiceFeeEventList": [],
        }
        payload: Json = {"FinancialEvents": events}
        return self.respond({"payload": payload | _next(token)})

    def _group(self, partner: Partner, group: _Group, as_of: datetime) -> Json:
        currency = group.marketplace.currency
        orders = self._book.updated(
            partner, [group.marketplace], group.start, min(group.end, as_of)
        )
        total = sum(order.total for order in orders if order.status == SHIPPED)
        shown: Json = {
            "FinancialEventGroupId": group.group_id,
            "ProcessingStatus": "Closed" if group.end <= as_of else "Open",
            "OriginalTotal": _money(currency, total),
            "BeginningBalance": _money(currency, 0),
            "FinancialEventGroupStart": format_seconds(group.start),
        }
        if group.end <= as_of:
            shown["FundTransferStatus"] = "Succeeded"
            shown["FundTransferDate"] = format_seconds(group.end)
            shown["FinancialEventGroupEnd"] = format_seconds(group.end)
        return shown


def _groups(partner: Partner, after: datetime, before: datetime) -> list[_Group]:
    first = max(1, after.toordinal())
    return [
        _Group(ordinal // _GROUP_DAYS + position, marketplace, start)
        for ordinal in range(first, before.toordinal() + 1)
        if ordinal % _GROUP_DAYS == 0
        for position, marketplace in enumerate(partner.marketplaces)
        if after <= (start := _midnight(ordinal)) < before
    ]


def _group_of(partner: Partner, group_id: str) -> _Group:
    marketplace_id, _, ordinal = group_id.partition("-")
    for position, marketplace in enumerate(partner.marketplaces):
        is_day = ordinal.isdigit() and int(ordinal) < date.max.toordinal()
        if marketplace.marketplace_id == marketplace_id and is_day:
            number = int(ordinal)
            if number % _GROUP_DAYS == 0 < number:
                number = number // _GROUP_DAYS + position
                return _Group(number, marketplace, _midnight(int(ordinal)))
    raise RefusalError(404, "The financial event group was not found.")


def _midnight(ordinal: int) -> datetime:
    return datetime.combine(date.fromordinal(ordinal), time(), timezone.utc)


def _check_seller(partner: Partner) -> None:
    if partner.account_type != "seller":
        raise denied()


def _next(token: str | None) -> Json:
    return {} if token is None else {"NextToken": token}


def _money(currency: str, amount: float) -> Json:
    return {"CurrencyCode": currency, "CurrencyAmount": round(amount, 2)}


def _shipment(order: Order) -> Json:
    currency = order.marketplace.currency
    lines = [
        {
            "SellerSKU": item.product.sku,
            "OrderItemId": item.item_id,
            "QuantityShipped": item.quantity,
            "ItemChargeList": [
                _part("Charge", "Principal", currency, item.price * item.quantity)
            ],
            "ItemFeeList": [
                _part("Fee", "Commission", currency, -0.15 * item.price * item.quantity)
            ],
        }
        for item in order.items
    ]
    return {**_order_names(order), "ShipmentItemList": lines}


def _refund(order: Order) -> Json:
    item, currency = order.items[0], order.marketplace.currency
    line = {
        "SellerSKU": item.product.sku,
        "OrderAdjustmentItemId": item.item_id,
        "QuantityShipped": item.quantity,
        "ItemChargeAdjustmentList": [
            _part("Charge", "Principal", currency, -item.price * item.quantity)
        ],
    }
    return {**_order_names(order), "ShipmentItemAdjustmentList": [line]}


def _order_names(order: Order) -> Json:
    return {
        "AmazonOrderId": order.order_id,
        "SellerOrderId": order.order_id,
        "MarketplaceName": order.marketplace.name,
        "PostedDate": format_seconds(order.updated_at),
    }


def _part(kind: str, name: str, currency: str, amount: float) -> Json:
    return {f"{kind}Type": name, f"{kind}Amount": _money(currency, amount)}
