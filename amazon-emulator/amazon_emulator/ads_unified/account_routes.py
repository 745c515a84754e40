"""`POST /adsApi/v1/query/advertiserAccounts`: whose reports may be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from amazon_emulator.ads_entities.portfolios import page_of
from amazon_emulator.ads_unified.advertisers import Advertiser, advertisers_of
from amazon_emulator.ads_unified.routes import error_body, parsed, refuse_headers
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.login.tokens import SignedInService

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_accounts.accounts import AdsAccounts
    from amazon_emulator.ads_unified.advertisers import Market
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState

_KNOWN = {
    *("isGlobalAccountFilter", "advertiserAccountIdFilter", "maxResults", "nextToken"),
}
_EMPTY = "empty."
"""How the token of an empty page begins; the rest is that of the next one."""
_LEAST, _MOST, _MAX_IDS, _MAX_ALTERNATES = 10, 100, 100, 30


class AdvertiserAccountsService(SignedInService):
    """Lists advertiser accounts, page by page."""

    def __init__(
        self, state: EmulatorState, accounts: AdsAccounts, tokens: TokenStore
    ) -> None:
        super().__init__(tokens)
        self._state, self._accounts = state, accounts

    def error_body(self, refusal: RefusalError) -> object:
        """Return the error body of this API."""
        return error_body(refusal)

    @route("POST", "/adsApi/v1/query/advertiserAccounts", "query_advertiser_accounts")
    def listing(self, call: Call) -> Response:
        """Show a page of accounts; without a filter only global ones, as seen."""
        refuse_headers(call)
        body = _body(call)
        is_global = _flag(body)
        named = _ids(body)
        settings = self._state.settings
        found = [
            _shown(advertiser)
            for advertiser in advertisers_of(self._accounts).values()
            if advertiser.is_seen_from(settings.region)
            and advertiser.is_global is is_global
            and (named is None or advertiser.advertiser_account_id in named)
        ]
        size = min(_size(body), settings.entities_per_page or _MOST)
        given = str(body.get("nextToken", ""))
        if given.startswith(_EMPTY):
            shown = {"advertiserAccounts": [], "nextToken": given.removeprefix(_EMPTY)}
            return self.respond(shown)
        page, token = page_of(found, given or None, size)
        before = _EMPTY if settings.unified_empty_pages else ""
        more = {"nextToken": f"{before}{token}"} if token else {}
        return self.respond({"advertiserAccounts": page} | more)


def _shown(advertiser: Advertiser) -> dict[str, object]:
    first = advertiser.markets[0]
    is_short = len(advertiser.markets) > _MAX_ALTERNATES // 2
    alternates = [
        entry
        for market in advertiser.markets
        for entry in _alternates(market, is_short=is_short)
    ]
    shown: dict[str, object] = {
        "advertiserAccountId": advertiser.advertiser_account_id,
        "displayName": advertiser.name,
        "isGlobalAccount": advertiser.is_global,
        "isTestAccount": False,
        "status": {"statusCode": "APPROVED", "statusMessage": "Approved"},
        "businessDetails": [{"website": "www.example.com"}],
        "timeZoneIana": first.timezone,
        "alternateIds": alternates[:_MAX_ALTERNATES],
    }
    return shown | ({"currencyCode": first.currency} if first.currency else {})


def _alternates(market: Market, *, is_short: bool) -> list[dict[str, str]]:
    """Return the other ids of a market: each in an entry of its own, as seen."""
    common = {"countryCode": market.country, "region": market.region}
    if market.kind == "dsp":
        return [common | {"dspAdvertiserId": market.account_id}]
    profile = {"profileId": market.account_id}
    entity = {} if market.entity_id is None else {"entityId": market.entity_id}
    return (
        [common | profile | entity] if is_short else [common | profile, common | entity]
    )


def _body(call: Call) -> Mapping[str, object]:
    body = parsed(call.body) if call.body else {}
    if not isinstance(body, Mapping):
        raise RefusalError(400, "The body is no JSON object")
    unknown = sorted(set(body) - _KNOWN)
    if unknown:
        raise RefusalError(400, f"Unknown fields: {', '.join(unknown)}")
    return body


def _included(body: Mapping[str, object], name: str, most: int) -> list[object] | None:
    given = body.get(name)
    if given is None:
        return None
    values = given.get("include") if isinstance(given, Mapping) else None
    if not isinstance(values, list) or not 1 <= len(values) <= most:
        raise RefusalError(400, f"{name} must include 1 to {most} values")
    return values


def _flag(body: Mapping[str, object]) -> bool:
    values = _included(body, "isGlobalAccountFilter", 1)
    if values is not None and not isinstance(values[0], bool):
        raise RefusalError(400, "isGlobalAccountFilter must include true or false")
    return values is None or values[0] is True


def _ids(body: Mapping[str, object]) -> set[str] | None:
    values = _included(body, "advertiserAccountIdFilter", _MAX_IDS)
    return None if values is None else set(map(str, values))


def _size(body: Mapping[str, object]) -> int:
    size = body.get("maxResults", _MOST)
    if not isinstance(size, int) or not _LEAST <= size <= _MOST:
        raise RefusalError(400, f"maxResults must be between {_LEAST} and {_MOST}")
    return size
