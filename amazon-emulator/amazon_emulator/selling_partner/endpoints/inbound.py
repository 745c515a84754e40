"""Inbound v0: shipments to Amazon's warehouses and their lines.

A second page comes only to `QueryType=NEXT_TOKEN`; with any other query type the token
is ignored and page 1 comes again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.market_model.products import product
from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.endpoints.paging import (
    Family,
    ListingService,
    Page,
)
from amazon_emulator.selling_partner.queries import (
    read_instant,
    read_marketplaces,
    read_query,
    split,
)

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.marketplaces import Marketplace

Json = dict[str, object]
_SHIPMENTS = "/fba/inbound/v0/shipments"
_PAGES = Family("NextToken", 50)
_TYPE, _NEXT = "QueryType", "NEXT_TOKEN"
_EVERY_DAYS, _LINES = 3, 3
_STEPS = (
    ("WORKING", timedelta(0)),
    ("SHIPPED", timedelta(days=2)),
    ("RECEIVING", timedelta(days=5)),
    ("CLOSED", timedelta(days=9)),
)
_HISTORY = timedelta(days=550)


@dataclass(frozen=True, slots=True)
class _Shipment:
    number: int
    shipment_id: str
    marketplace: Marketplace
    status: str
    updated_at: datetime


class InboundService(ListingService):
    """Shipments and lines; sellers only."""

    @route("GET", _SHIPMENTS, "get_shipments")
    def shipments(self, call: Call, grant: Grant) -> Response:
        """List shipments by state, by id or by their last update."""
        page = self._page(call, grant, ("SHIPMENT", "DATE_RANGE", _NEXT))
        shown, token = page.cut(self._found(grant.partner, page))
        payload: Json = {"ShipmentData": [_shown(shipment) for shipment in shown]}
        return self.respond({"payload": payload | _token(token)})

    @route("GET", "/fba/inbound/v0/shipmentItems", "get_shipment_items")
    def lines(self, call: Call, grant: Grant) -> Response:
        """List the lines of the shipments that were updated in a span."""
        page = self._page(call, grant, ("DATE_RANGE", _NEXT))
        every = [
            line
            for shipment in self._found(grant.partner, page)
            for line in self._lines(grant.partner, shipment)
        ]
        shown, token = page.cut(every)
        payload: Json = {"ItemData": list(shown)}
        return self.respond({"payload": payload | _token(token)})

    @route(
        "GET",
        f"{_SHIPMENTS}/<shipment_id>/items",
        "get_shipment_items_by_shipment_id",
    )
    def lines_of_one(self, call: Call, grant: Grant) -> Response:
        """List the lines of one shipment, all at once."""
        if grant.partner.account_type != "seller":
            raise denied()
        now, name = self._state.clock.now(), call.arguments["shipment_id"]
        for shipment in self._shipments(grant.partner, now):
            if shipment.shipment_id == name:
                lines = self._lines(grant.partner, shipment)
                return self.respond({"payload": {"ItemData": lines}})
        raise RefusalError(404, "The shipment was not found.")

    def _page(self, call: Call, grant: Grant, kinds: Sequence[str]) -> Page:
        if grant.partner.account_type != "seller":
            raise denied()
        query = read_query(call.request)
        kind = query.get(_TYPE)
        if kind not in kinds:
            message = f"{_TYPE} must be one of {', '.join(kinds)}."
            raise invalid(message)
        if not query.get("MarketplaceId"):
            raise invalid("MarketplaceId is required.")
        read_marketplaces([query["MarketplaceId"]], grant.partner)
        if kind == _NEXT:
            if not query.get(_PAGES.parameter):
                raise invalid("NextToken is required with QueryType NEXT_TOKEN.")
            return self.page(call, _PAGES)
        _check_query(query)
        now = self._state.clock.now()
        return Page(call.operation, query, now, now, self._size(query, _PAGES))

    def _found(self, partner: Partner, page: Page) -> list[_Shipment]:
        query = page.query
        states, ids = (
            split(query.get("ShipmentStatusList")),
            query.get("ShipmentIdList"),
        )
        named = split(ids)
        after = read_instant(query, "LastUpdatedAfter", page.as_of - _HISTORY)
        before = read_instant(query, "LastUpdatedBefore", page.as_of)
        return [
            shipment
            for shipment in self._shipments(partner, page.as_of)
            if shipment.marketplace.marketplace_id == query["MarketplaceId"]
            and (not states or shipment.status in states)
            and (not named or shipment.shipment_id in named)
            and (query[_TYPE] == "SHIPMENT" or after <= shipment.updated_at <= before)
        ]

    def _shipments(self, partner: Partner, as_of: datetime) -> list[_Shipment]:
        """Return all shipments of an account as they are then, oldest first."""
        settings, found = self._state.settings, []
        for ordinal in range((as_of - _HISTORY).toordinal(), as_of.toordinal() + 1):
            if ordinal % _EVERY_DAYS:
                continue
            number = ordinal // _EVERY_DAYS
            seen = as_of - settings.lateness(number)
            day = datetime.combine(date.fromordinal(ordinal), time(9), timezone.utc)
            reached = [(name, day + s) for name, s in _STEPS if day + s <= seen]
            for position, marketplace in enumerate(partner.marketplaces):
                if reached:
                    name = f"FBA{position}{ordinal}"
                    found.append(_Shipment(number, name, marketplace, *reached[-1]))
        return found

    def _lines(self, partner: Partner, shipment: _Shipment) -> list[Json]:
        settings = self._state.settings
        marketplace_id = shipment.marketplace.marketplace_id
        sold = partner.catalogue(settings.seed, marketplace_id)
        count = min(settings.sp_asins, shipment.number % _LINES + 1)
        items = [product(sold, number) for number in range(count)]
        is_received = shipment.status == "CLOSED"
        return [
            {
                "ShipmentId": shipment.shipment_id,
                "SellerSKU": item.sku,
                "FulfillmentNetworkSKU": item.fnsku,
                "QuantityShipped": 10 + item.number,
                "QuantityReceived": 10 + item.number if is_received else 0,
                "QuantityInCase": 0,
            }
            for item in items
        ]


def _check_query(query: Mapping[str, str]) -> None:
    dates = ("LastUpdatedAfter", "LastUpdatedBefore")
    if query[_TYPE] == "DATE_RANGE" and not all(query.get(name) for name in dates):
        raise invalid("LastUpdatedAfter and LastUpdatedBefore are required.")
    lists = ("ShipmentStatusList", "ShipmentIdList")
    if query[_TYPE] == "SHIPMENT" and not any(query.get(name) for name in lists):
        raise invalid("ShipmentStatusList or ShipmentIdList is required.")


def _shown(shipment: _Shipment) -> Json:
    address = {
        "Name": "Müller & Söhne",
        "AddressLine1": "Königsallee 5",
        "City": "Köln",
        "StateOrProvinceCode": "NW",
        "CountryCode": shipment.marketplace.country,
        "PostalCode": "01067",
    }
    return {
        "ShipmentId": shipment.shipment_id,
        "ShipmentName": f'FBA 24" ({shipment.number})',
        "ShipFromAddress": address,
        "DestinationFulfillmentCenterId": "XYZ1",
        "ShipmentStatus": shipment.status,
        "LabelPrepType": "SELLER_LABEL",
        "AreCasesRequired": False,
        "BoxContentsSource": "NONE",
    }


def _token(token: str | None) -> Json:
    return {} if token is None else {"NextToken": token}
