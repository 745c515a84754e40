"""Sellers and Tokens: marketplace participations, restricted data tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from amazon_emulator.faults import Target
from amazon_emulator.selling_partner.access import (
    RESTRICTED_LIFETIME_SECONDS,
    Resource,
)
from amazon_emulator.selling_partner.judge import read_body
from amazon_emulator.selling_partner.refusals import SpRefusalError, denied, invalid
from amazon_emulator.selling_partner.world import PII
from amazon_emulator.wire import Call, Route, json_response

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access import Grant
    from amazon_emulator.selling_partner.guard import Guard
    from amazon_emulator.selling_partner.marketplaces import Marketplace
    from amazon_emulator.wire import RefusalError

_MOST_RESOURCES = 50
_METHODS = ("GET", "PUT", "POST", "DELETE")
_ELEMENTS = ("buyerInfo", "shippingAddress", "buyerTaxInformation")


class SellersRoom:
    """Where a seller sells; vendors may not ask."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    @property
    def routes(self) -> Sequence[Route]:
        """The one operation."""
        path, name = "/sellers/v1/marketplaceParticipations", "participations"
        operation = f"get_marketplace_{name}"
        return (self._guard.route("GET", path, operation, self.participations),)

    def target(self, call: Call) -> Target:
        """Only the account can be matched."""
        return Target(self._guard.account(call))

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal as all these APIs do."""
        return self._guard.refuse(refusal)

    def reset(self) -> None:
        """Return to the default accounts."""
        self._guard.access.world.reset()

    def participations(self, call: Call, grant: Grant) -> Response:
        """List the marketplaces of a seller."""
        del call
        if grant.partner.account_type != "seller":
            raise denied()
        shown = [
            {
                "marketplace": _marketplace(place),
                "participation": {
                    "isParticipating": True,
                    "hasSuspendedListings": False,
                },
                "storeName": grant.partner.name,
            }
            for place in grant.partner.marketplaces
        ]
        return json_response({"payload": shown})


class RestrictedTokensRoom:
    """Gives tokens for single calls that show personal data."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    @property
    def routes(self) -> Sequence[Route]:
        """The one operation."""
        path = "/tokens/2021-03-01/restrictedDataToken"
        operation = "create_restricted_data_token"
        return (self._guard.route("POST", path, operation, self.create),)

    def target(self, call: Call) -> Target:
        """Only the account can be matched."""
        return Target(self._guard.account(call))

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal as all these APIs do."""
        return self._guard.refuse(refusal)

    def reset(self) -> None:
        """The tokens are forgotten with all others."""

    def create(self, call: Call, grant: Grant) -> Response:
        """Return a token for the named calls."""
        if call.request.mimetype != "application/json":
            raise SpRefusalError(415, "Content type must be application/json.")
        listed = read_body(call.body).get("restrictedResources")
        if not isinstance(listed, list) or not 1 <= len(listed) <= _MOST_RESOURCES:
            raise invalid("restrictedResources must be a list of 1 to 50.")
        resources = [_resource(entry) for entry in listed]
        if grant.is_restricted or PII not in grant.partner.roles:
            raise denied()
        token = self._guard.access.issue_restricted(grant.partner, resources)
        expires = RESTRICTED_LIFETIME_SECONDS
        return json_response({"restrictedDataToken": token, "expiresIn": expires})


def _marketplace(place: Marketplace) -> dict[str, str]:
    return {
        "id": place.marketplace_id,
        "name": place.name,
        "countryCode": place.country,
        "defaultCurrencyCode": place.currency,
        "defaultLanguageCode": place.language,
        "domainName": place.domain,
    }


def _resource(entry: object) -> Resource:
    if not isinstance(entry, Mapping):
        raise invalid("A restricted resource must be an object.")
    method, path = entry.get("method"), entry.get("path")
    if method not in _METHODS or not isinstance(path, str) or path[:1] != "/":
        raise invalid("A restricted resource needs a method and a path.")
    elements = entry.get("dataElements", [])
    if not isinstance(elements, list) or not set(elements) <= set(_ELEMENTS):
        text = f"dataElements may hold {', '.join(_ELEMENTS)}."
        raise invalid(text)
    return Resource(method, path, frozenset(elements))
