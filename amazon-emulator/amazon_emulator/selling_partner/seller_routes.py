"""Sellers: where an account sells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.http import Call, route
from amazon_emulator.selling_partner.access.authorization import SpService
from amazon_emulator.selling_partner.access.refusals import denied

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.marketplaces import Marketplace

_PATH = "/sellers/v1/marketplaceParticipations"


class SellersService(SpService):
    """Where a seller sells; vendors may not ask."""

    @route("GET", _PATH, "get_marketplace_participations")
    def participations(self, _: Call, grant: Grant) -> Response:
        """List the marketplaces of a seller."""
        if grant.partner.account_type != "seller":
            raise denied()
        status = {"isParticipating": True, "hasSuspendedListings": False}
        shown = [
            {
                "marketplace": _marketplace(marketplace),
                "participation": status,
                "storeName": grant.partner.name,
            }
            for marketplace in grant.partner.marketplaces
        ]
        return self.respond({"payload": shown})


def _marketplace(marketplace: Marketplace) -> dict[str, str]:
    return {
        "id": marketplace.marketplace_id,
        "name": marketplace.name,
        "countryCode": marketplace.country,
        "defaultCurrencyCode": marketplace.currency,
        "defaultLanguageCode": marketplace.language,
        "domainName": marketplace.domain,
    }
