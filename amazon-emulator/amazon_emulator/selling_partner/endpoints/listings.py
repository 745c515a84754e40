"""Listings items 2021-08-01 (sellers and vendors) and catalogue items 2022-04-01."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_seconds
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.market_model.products import Product, product
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
    from collections.abc import Mapping

    from werkzeug import Response

    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.accounts import Partner

Json = dict[str, object]
_LISTINGS = "/listings/2021-08-01/items/<seller_id>"
_CATALOG = "/catalog/2022-04-01/items"
_PAGES = Family("pageToken", 20, "pageSize")
_BORN = datetime(2025, 1, 1, tzinfo=timezone.utc)


class ListingsService(ListingService):
    """Listings of an account, and products of the catalogue."""

    @route("GET", _LISTINGS, "search_listings_items")
    def listings(self, call: Call, grant: Grant) -> Response:
        """List the account's listings in a marketplace."""
        page = self._own_page(call, grant)
        after = read_instant(page.query, "lastUpdatedAfter", _BORN)
        before = read_instant(page.query, "lastUpdatedBefore", page.as_of)
        named = split(page.query.get("identifiers"))
        found = [
            _listing(item, page.query, page.as_of)
            for item in self._products(grant.partner, page)
            if not named or {item.sku, item.asin, item.fnsku} & set(named)
            if after <= _updated(item, page.as_of) <= before
        ]
        return self._respond(page, found)

    @route("GET", f"{_LISTINGS}/<sku>", "get_listings_item")
    def listing(self, call: Call, grant: Grant) -> Response:
        """Show one listing."""
        page = self._own_page(call, grant)
        for item in self._products(grant.partner, page):
            if item.sku == call.arguments["sku"]:
                return self.respond(_listing(item, page.query, page.as_of))
        raise RefusalError(404, "The listing was not found.")

    @route("GET", _CATALOG, "search_catalog_items")
    def catalog(self, call: Call, grant: Grant) -> Response:
        """Find products by their ids or by words."""
        page = self._page(call, grant)
        query = page.query
        words = split((query.get("keywords") or "").lower())
        named = split(query.get("identifiers"))
        if bool(words) == bool(named):
            raise invalid("Either identifiers or keywords are required.")
        if named and not query.get("identifiersType"):
            raise invalid("identifiersType is required with identifiers.")
        found = [
            _product(item, query)
            for item in self._products(grant.partner, page)
            if {item.asin, item.sku} & set(named)
            or any(word in item.title.lower() for word in words)
        ]
        return self._respond(page, found)

    @route("GET", f"{_CATALOG}/<asin>", "get_catalog_item")
    def catalog_item(self, call: Call, grant: Grant) -> Response:
        """Show one product."""
        page = self._page(call, grant)
        for item in self._products(grant.partner, page):
            if item.asin == call.arguments["asin"]:
                return self.respond(_product(item, page.query))
        raise RefusalError(404, "Requested item was not found in the marketplace.")

    def _own_page(self, call: Call, grant: Grant) -> Page:
        if call.arguments["seller_id"] != grant.partner.partner_id:
            raise denied()
        return self._page(call, grant)

    def _page(self, call: Call, grant: Grant) -> Page:
        ids = split(read_query(call.request).get("marketplaceIds"))
        if not ids:
            raise invalid("marketplaceIds is required.")
        read_marketplaces(ids, grant.partner)
        return self.page(call, _PAGES)

    def _products(self, partner: Partner, page: Page) -> list[Product]:
        settings = self._state.settings
        marketplace_id = split(page.query["marketplaceIds"])[0]
        sold = partner.catalogue(settings.seed, marketplace_id)
        return [product(sold, number) for number in range(settings.sp_asins)]

    def _respond(self, page: Page, found: list[Json]) -> Response:
        shown, token = page.cut(found)
        body: Json = {"numberOfResults": len(found), "items": list(shown)}
        if token is not None:
            body["pagination"] = {"nextToken": token}
        return self.respond(body)


def _updated(item: Product, as_of: datetime) -> datetime:
    """Return when a listing changed last: every tenth day, at an hour of its own."""
    passed = (as_of - _BORN - timedelta(hours=item.number % 24)).days
    days = max(0, passed - (passed + item.number) % 10)
    return _BORN + timedelta(days=days, hours=item.number % 24)


def _listing(item: Product, query: Mapping[str, str], as_of: datetime) -> Json:
    shown: Json = {"sku": item.sku}
    if "summaries" in split(query.get("includedData") or "summaries"):
        shown["summaries"] = [
            {
                "marketplaceId": split(query["marketplaceIds"])[0],
                "asin": item.asin,
                "productType": "PRODUCT",
                "conditionType": "new_new",
                "status": ["BUYABLE", "DISCOVERABLE"],
                "fnSku": item.fnsku,
                "itemName": item.title,
                "createdDate": format_seconds(_BORN),
                "lastUpdatedDate": format_seconds(_updated(item, as_of)),
            }
        ]
    return shown


def _product(item: Product, query: Mapping[str, str]) -> Json:
    summary = {
        "marketplaceId": split(query["marketplaceIds"])[0],
        "brand": "Süd & Söhne",
        "itemClassification": "BASE_PRODUCT",
        "itemName": item.title,
    }
    return {"asin": item.asin, "summaries": [summary]}
