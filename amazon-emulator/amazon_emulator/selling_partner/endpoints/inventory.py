"""FBA inventory v1: stock by product. A page token lives 30 seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_seconds
from amazon_emulator.http import Call, route
from amazon_emulator.market_model.products import Product, product
from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.endpoints.paging import Family, ListingService
from amazon_emulator.selling_partner.queries import (
    read_instant,
    read_marketplaces,
    read_query,
    split,
)
from amazon_emulator.selling_partner.seeded_values import SeededDraw

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.endpoints.paging import Page

Json = dict[str, object]
_PAGES = Family("nextToken", 50, None, 30, "The nextToken has expired.")
_OLDEST = timedelta(days=548)


class InventoryService(ListingService):
    """Inventory summaries; sellers only."""

    @route("GET", "/fba/inventory/v1/summaries", "get_inventory_summaries")
    def summaries(self, call: Call, grant: Grant) -> Response:
        """List stock, all of it or what changed since `startDateTime`."""
        if grant.partner.account_type != "seller":
            raise denied()
        query = read_query(call.request)
        _check(query)
        page = self.page(call, _PAGES)
        if page.offset and page.query.get("startDateTime") != query.get(
            "startDateTime"
        ):
            raise invalid("startDateTime must stay as on the first page.")
        shown, token = page.cut(self._rows(grant.partner, page))
        granularity = {
            "granularityType": query["granularityType"],
            "granularityId": query["granularityId"],
        }
        payload = {"granularity": granularity, "inventorySummaries": list(shown)}
        body: Json = {"payload": payload}
        if token is not None:
            body["pagination"] = {"nextToken": token}
        return self.respond(body)

    def _rows(self, partner: Partner, page: Page) -> list[Json]:
        query, settings = page.query, self._state.settings
        ids = split(query["marketplaceIds"])
        marketplace = read_marketplaces(ids, partner)[0]
        salt = f"{settings.seed}|{partner.name}|{marketplace.marketplace_id}"
        since = read_instant(query, "startDateTime", page.as_of - _OLDEST)
        if since < page.as_of - _OLDEST:
            raise invalid("startDateTime must be within the last 18 months.")
        named = split(query.get("sellerSkus")) or split(query.get("sellerSku"))
        if query.get("startDateTime"):
            named = []  # ignored then, as the model says
        sold = partner.catalogue(settings.seed, marketplace.marketplace_id)
        found = []
        for number in range(settings.sp_asins):
            as_of = page.as_of - settings.lateness(number)
            row = _row(salt, product(sold, number), as_of)
            if query.get("details") != "true":
                del row["inventoryDetails"]
            is_new = row["lastUpdatedTime"] >= format_seconds(since)  # type: ignore[operator] # a text
            if is_new and (not named or row["sellerSku"] in named):
                found.append(row)
        return found


def _check(query: Mapping[str, str]) -> None:
    if query.get("granularityType") != "Marketplace" or not query.get("granularityId"):
        raise invalid("granularityType must be Marketplace, with a granularityId.")
    if len(split(query.get("marketplaceIds"))) != 1:
        raise invalid("Exactly one marketplace id is required.")


def _row(salt: str, item: Product, as_of: datetime) -> Json:
    """Return the stock of a product; it changed last at a full hour of its own."""
    hours = item.number % 24 + 1
    full = as_of.replace(minute=0, second=0, microsecond=0)
    changed = full - timedelta(hours=(full.hour - hours) % 24)
    draw = SeededDraw(salt, item.sku, changed)
    stock = draw.whole("stock", 500)
    return {
        "asin": item.asin,
        "fnSku": item.fnsku,
        "sellerSku": item.sku,
        "condition": "NewItem",
        "inventoryDetails": {
            "fulfillableQuantity": stock,
            "inboundWorkingQuantity": draw.whole("working", 9),
            "inboundShippedQuantity": draw.whole("shipped", 9),
            "inboundReceivingQuantity": draw.whole("receiving", 9),
        },
        "lastUpdatedTime": format_seconds(changed),
        "productName": item.title,
        "totalQuantity": stock,
        "stores": [],
    }
