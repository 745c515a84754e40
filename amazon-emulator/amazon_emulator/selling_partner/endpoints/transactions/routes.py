"""listTransactions: filters, the 180-day rule, pages that may be empty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from amazon_emulator.http import Call, route
from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.endpoints.paging import (
    LAG,
    Family,
    ListingService,
    Page,
    read_range,
)
from amazon_emulator.selling_partner.endpoints.transactions.book import (
    GROUP_DAYS,
    STATUSES,
    Transaction,
    of_order,
    transactions,
)
from amazon_emulator.selling_partner.endpoints.transactions.objects import (
    transaction_json,
)
from amazon_emulator.selling_partner.orders.book import SHIPPED
from amazon_emulator.selling_partner.queries import read_marketplaces, read_query

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.authorization import Authorization
    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.orders.book import OrderBook

Json = dict[str, object]
MAX_SPAN = timedelta(days=180)
_US = "ATVPDKIKX0DER"
_TOKEN = "nextToken"  # noqa: S105 - a parameter
_PAGES = Family(_TOKEN, 420)
_POSTED = ("postedAfter", "postedBefore")
_EMPTY = "E"
"""Begins the token of a page on which nothing is."""
_BY_ORDER, _BY_GROUP = "ORDER_ID", "FINANCIAL_EVENT_GROUP_ID"


class TransactionsService(ListingService):
    """The one listing of version 2024-06-19; sellers only."""

    def __init__(self, authorization: Authorization, book: OrderBook) -> None:
        super().__init__(authorization)
        self._book = book

    @route("GET", "/finances/2024-06-19/transactions", "list_transactions")
    def listed(self, call: Call, grant: Grant) -> Response:
        """List what was posted in a span, or belongs to an order or event group."""
        if grant.partner.account_type != "seller":
            raise denied()
        given = read_query(call.request)
        token = given.pop(_TOKEN, "")
        if token.startswith(_EMPTY):
            return self._answer([], token.removeprefix(_EMPTY), grant.partner)
        page = self.page(call, _PAGES)
        if dict(page.query) != given:
            raise invalid("All parameters must be those of the first page.")
        found = self._found(page, grant.partner)
        shown, following = page.cut(found)
        if following is not None and self._state.settings.sp_empty_pages:
            following = f"{_EMPTY}{following}"
        return self._answer(list(shown), following, grant.partner)

    def truth(
        self, partner: Partner, after: datetime, before: datetime
    ) -> list[Mapping[str, object]]:
        """Return the transactions of a half-open span as they are now."""
        settings, now = self._state.settings, self._state.clock.now()
        span = (after, before)
        found = transactions(partner, self._book, settings, span, now)
        return [transaction_json(one, partner, settings) for one in found]

    def _answer(
        self, shown: list[Transaction], token: str | None, partner: Partner
    ) -> Response:
        settings = self._state.settings
        listed = [transaction_json(one, partner, settings) for one in shown]
        payload: Json = {"transactions": listed}
        if token is not None:
            payload[_TOKEN] = token
        return self.respond({"payload": payload})

    def _found(self, page: Page, partner: Partner) -> list[Transaction]:
        query = page.query
        status = query.get("transactionStatus")
        if status is not None and status not in STATUSES:
            raise invalid("Unknown transactionStatus.", status)
        marketplace_id = query.get("marketplaceId")
        if marketplace_id is not None:
            read_marketplaces([marketplace_id], partner)
        return [
            one
            for one in self._candidates(page, partner)
            if status in (None, one.status)
            and marketplace_id in (None, one.marketplace.marketplace_id)
            # as the model says of orders that US sellers ship themselves
            and not (marketplace_id == _US and one.is_by_merchant)
        ]

    def _candidates(self, page: Page, partner: Partner) -> list[Transaction]:
        query, settings = page.query, self._state.settings
        name = query.get("relatedIdentifierName")
        value = query.get("relatedIdentifierValue")
        if (name is None) != (value is None):
            raise invalid("A related identifier needs a name and a value.")
        if name is not None and value is not None:
            return self._related(page, partner, name, value)
        if not query.get("postedAfter"):
            raise invalid("Start date cannot be null")
        after, before = read_range(query, _POSTED, page.as_of, 180)
        if before - after > MAX_SPAN:
            return []
        return transactions(partner, self._book, settings, (after, before), page.as_of)

    def _related(
        self, page: Page, partner: Partner, name: str, value: str
    ) -> list[Transaction]:
        settings, now = self._state.settings, page.as_of
        if name == _BY_ORDER:
            order = self._book.find(partner, value)
            is_there = order is not None and order.status == SHIPPED
            return (
                []
                if order is None or not is_there
                else list(of_order(order, settings, now))
            )
        if name != _BY_GROUP:
            raise invalid("The related identifier is not supported.", name)
        ordinal = value.rpartition("-")[2]
        if not ordinal.isdigit() or not 0 < int(ordinal) < now.toordinal() + 1:
            return []
        start = now.fromordinal(int(ordinal)).replace(tzinfo=now.tzinfo)
        end = min(start + timedelta(days=GROUP_DAYS), now - LAG)
        found = transactions(partner, self._book, settings, (start, end), now)
        return [one for one in found if one.group_id == value]
