"""`POST /adsApi/v1/query/...`: campaigns and ad groups of the DSP and Sponsored TV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from amazon_emulator.ads_accounts.scope import ACCOUNT, SCOPE, find_account
from amazon_emulator.ads_entities.portfolios import page_of
from amazon_emulator.ads_entities.world import advertiser_market, profile_market
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.login.tokens import SignedInService
from amazon_emulator.market_model import combinations as at
from amazon_emulator.market_model.accounts import DSP, SPONSORED_TELEVISION
from amazon_emulator.market_model.entities import STATES, EntityBook

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_accounts.accounts import AdsAccounts
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.market_model.accounts import MarketAccount
    from amazon_emulator.state import EmulatorState

_PRODUCTS = {"AMAZON_DSP": DSP, "SPONSORED_TELEVISION": SPONSORED_TELEVISION}
"""Those whose entities are shown here; exports have the others."""
_MOST = {
    ("campaigns", "AMAZON_DSP"): 100,
    ("adGroups", "AMAZON_DSP"): 100,
    ("campaigns", "SPONSORED_TELEVISION"): 1000,
    ("adGroups", "SPONSORED_TELEVISION"): 100,
}
_FIELDS = {
    *("adProductFilter", "stateFilter", "campaignIdFilter", "maxResults", "nextToken"),
}
_CODES = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 429: "TOO_MANY_REQUESTS"}
_CREATED, _UPDATED = "2025-03-04T08:00:00Z", "2026-10-04T09:30:00Z"
_STARTED = "2025-04-01T00:00:00Z"
Row = dict[str, Any]


class QueriesService(SignedInService):
    """Answers queries of Ads API v1, one ad product each."""

    def __init__(
        self, state: EmulatorState, accounts: AdsAccounts, tokens: TokenStore
    ) -> None:
        super().__init__(tokens)
        self._state, self._accounts = state, accounts

    def target(self, call: Call) -> Target:
        """A rule may name the profile or advertiser."""
        headers = call.request.headers
        return Target.of(headers.get(SCOPE), headers.get(ACCOUNT))

    def error_body(self, refusal: RefusalError) -> object:
        """Return the error body of this API."""
        code = _CODES.get(refusal.status, "INTERNAL_SERVER_ERROR")
        return {"code": code, "message": refusal.message}

    @route("POST", "/adsApi/v1/query/campaigns", "query_campaigns")
    def campaigns(self, call: Call) -> Response:
        """Show campaigns; of the DSP, orders."""
        return self._page(call, "campaigns")

    @route("POST", "/adsApi/v1/query/adGroups", "query_ad_groups")
    def ad_groups(self, call: Call) -> Response:
        """Show ad groups; of the DSP, line items."""
        return self._page(call, "adGroups")

    def _page(self, call: Call, kind: str) -> Response:
        body = _body(call)
        product = _product(body)
        size = _size(body, _MOST[kind, product])
        market = self._market(call, product)
        rows = campaign_rows(market) if kind == "campaigns" else group_rows(market)
        states = _included(body, "stateFilter") or list(STATES)
        ids = _included(body, "campaignIdFilter")
        found = [
            row
            for row in rows
            if row["state"] in states and (not ids or row["campaignId"] in ids)
        ]
        size = min(size, self._state.settings.entities_per_page or size)
        page, token = page_of(found, body.get("nextToken"), size)
        return self.respond({kind: page} | ({"nextToken": token} if token else {}))

    def _market(self, call: Call, product: str) -> MarketAccount:
        settings, headers = self._state.settings, call.request.headers
        if product == "AMAZON_DSP":
            advertiser_id = headers.get(ACCOUNT)
            if not advertiser_id:
                raise RefusalError(400, f"The header {ACCOUNT} is missing")
            advertiser = self._advertiser(advertiser_id)
            return advertiser_market(settings, advertiser_id, advertiser)
        account = find_account(self._accounts, settings.region, headers)
        return profile_market(settings, account)

    def _advertiser(self, advertiser_id: str) -> Mapping[str, object]:
        region = self._state.settings.region
        for profile in self._accounts.profiles(region):
            listed = self._accounts.advertisers(str(profile["profileId"]))
            if advertiser_id in listed:
                return listed[advertiser_id]
        link = self._accounts.link(advertiser_id, region)
        if link is None:
            raise RefusalError(401, "Not authorized to access the advertiser account")
        return link


def campaign_rows(account: MarketAccount) -> list[Row]:
    """Return campaigns as Ads API v1 shows them: orders, or those of television."""
    product = account.ad_products[-1]
    book = EntityBook(account, product)
    rows = []
    for campaign in map(book.campaign, range(account.campaigns)):
        row = _row(book, campaign.state) | {
            "campaignId": str(campaign.campaign_id),
            "name": campaign.name,
            "startDateTime": _STARTED,
            "budgets": [_budget(book, campaign.budget)],
        }
        if campaign.portfolio_id is not None and product != DSP:
            row["portfolioId"] = str(campaign.portfolio_id)
        rows.append(row)
    return rows


def group_rows(account: MarketAccount) -> list[Row]:
    """Return ad groups as Ads API v1 shows them: line items of the DSP."""
    book = EntityBook(account, account.ad_products[-1])
    groups = map(book.ad_group, range(account.campaigns * at.AD_GROUPS))
    return [
        _row(book, group.state)
        | {
            "adGroupId": str(group.ad_group_id),
            "campaignId": str(group.campaign_id),
            "name": group.name,
            "bid": {"baseBid": 2.5, "currencyCode": _currency(book)},
            "budgets": [_budget(book, 50 + group.number % 10)],
        }
        for group in groups
    ]


def _row(book: EntityBook, state: str) -> Row:
    names = {there: here for here, there in _PRODUCTS.items()}
    delivery = "DELIVERING" if state == "ENABLED" else "NOT_DELIVERING"
    return {
        "adProduct": names[book.ad_product],
        "state": state,
        "status": {"deliveryStatus": delivery},
        "creationDateTime": _CREATED,
        "lastUpdatedDateTime": _UPDATED,
    }


def _budget(book: EntityBook, amount: int) -> Row:
    money = {"currencyCode": _currency(book), "value": float(amount)}
    return {
        "budgetType": "MONETARY",
        "recurrenceTimePeriod": "DAILY",
        "budgetValue": {"monetaryBudgetValue": {"monetaryBudget": money}},
    }


def _currency(book: EntityBook) -> str:
    return book.account.currency or "USD"


def _body(call: Call) -> Mapping[str, object]:
    try:
        body = json.loads(call.body)
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        raise RefusalError(400, "The body is no JSON object")
    unknown = sorted(set(body) - _FIELDS)
    if unknown:
        raise RefusalError(400, f"Unknown fields: {', '.join(unknown)}")
    return body


def _included(body: Mapping[str, object], name: str) -> list[str]:
    given = body.get(name)
    if given is None:
        return []
    values = given.get("include") if isinstance(given, Mapping) else None
    if not isinstance(values, list) or not values:
        raise RefusalError(400, f"{name} must include at least one value")
    return [str(value) for value in values]


def _product(body: Mapping[str, object]) -> str:
    names = _included(body, "adProductFilter")
    if len(names) != 1 or names[0] not in _PRODUCTS:
        known = ", ".join(_PRODUCTS)
        raise RefusalError(400, f"adProductFilter must include one of {known}")
    return names[0]


def _size(body: Mapping[str, object], most: int) -> int:
    size = body.get("maxResults", most)
    if not isinstance(size, int) or not 1 <= size <= most:
        raise RefusalError(400, f"maxResults must be between 1 and {most}")
    return size
