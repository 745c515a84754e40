"""Tokens: restricted data tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from amazon_emulator.http import Call, route
from amazon_emulator.selling_partner.access.authorization import SpService
from amazon_emulator.selling_partner.access.refusals import (
    denied,
    invalid,
    read_body,
)
from amazon_emulator.selling_partner.access.tokens import (
    RESTRICTED_LIFETIME_SECONDS,
    Resource,
)
from amazon_emulator.selling_partner.accounts import PII

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.tokens import Grant

_PATH = "/tokens/2021-03-01/restrictedDataToken"
_MAX_RESOURCES = 50
_METHODS = ("GET", "PUT", "POST", "DELETE")
_ELEMENTS = ("buyerInfo", "shippingAddress", "buyerTaxInformation")


class RestrictedTokensService(SpService):
    """Gives tokens for single calls that show personal data."""

    @route("POST", _PATH, "create_restricted_data_token")
    def create(self, call: Call, grant: Grant) -> Response:
        """Return a token for the named calls."""
        listed = read_body(call).get("restrictedResources")
        if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_RESOURCES:
            raise invalid("restrictedResources must be a list of 1 to 50.")
        resources = [_resource(entry) for entry in listed]
        if grant.is_restricted or PII not in grant.partner.roles:
            raise denied()
        token = self._authorization.tokens.issue_restricted(grant.partner, resources)
        expires = RESTRICTED_LIFETIME_SECONDS
        return self.respond({"restrictedDataToken": token, "expiresIn": expires})


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
