"""`POST /portfolios/list`: the portfolios of a profile, page by page."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from amazon_emulator.ads_accounts.scope import find_account, named_account
from amazon_emulator.ads_entities.world import profile_market
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.login.tokens import SignedInService
from amazon_emulator.market_model.entities import EntityBook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug import Response

    from amazon_emulator.ads_accounts.accounts import AdsAccounts
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.market_model.accounts import MarketAccount
    from amazon_emulator.state import EmulatorState

MEDIA_TYPE = "application/vnd.spPortfolio.v3+json"
PAGE = 1000
_EXTENDED = {
    "creationDateTime": "2025-03-04T08:00:00.000Z",
    "lastUpdateDateTime": "2026-10-04T09:30:00.000Z",
    "servingStatus": "PORTFOLIO_STATUS_ENABLED",
    "statusReasons": [],
}


class PortfoliosService(SignedInService):
    """Lists portfolios."""

    media_type = MEDIA_TYPE

    def __init__(
        self, state: EmulatorState, accounts: AdsAccounts, tokens: TokenStore
    ) -> None:
        super().__init__(tokens)
        self._state, self._accounts = state, accounts

    def target(self, call: Call) -> Target:
        """A rule may name the profile."""
        return Target.of(named_account(call.request.headers))

    @route("POST", "/portfolios/list", "portfolios")
    def listing(self, call: Call) -> Response:
        """List a page of portfolios."""
        region = self._state.settings.region
        account = find_account(self._accounts, region, call.request.headers)
        if call.request.mimetype != MEDIA_TYPE.lower():
            raise RefusalError(415, f"Content type must be {MEDIA_TYPE}")
        try:
            body = json.loads(call.body)
        except ValueError:
            raise RefusalError(400, "The body is no JSON object") from None
        found = portfolios(profile_market(self._state.settings, account))
        if body.get("includeExtendedDataFields"):
            found = [row | {"extendedData": _EXTENDED} for row in found]
        size = self._state.settings.entities_per_page or PAGE
        page, token = page_of(found, body.get("nextToken"), size)
        shown: dict[str, object] = {"portfolios": page, "totalResults": len(found)}
        return self.respond(shown | ({"nextToken": token} if token else {}))


def portfolios(account: MarketAccount) -> list[dict[str, object]]:
    """Return the portfolios of an account as Amazon shows them."""
    book = EntityBook(account, account.ad_products[0])
    every = map(book.portfolio, range(account.campaigns))
    by_id = {found.portfolio_id: found for found in every if found is not None}
    budget = {"amount": 1000, "currencyCode": account.currency, "policy": "dateRange"}
    budget |= {"startDate": "2026-01-01", "endDate": "2026-12-31"}
    return [
        {"portfolioId": str(found.portfolio_id), "name": found.name, "state": "ENABLED"}
        | {"inBudget": True}
        | ({"budget": budget} if number % 2 == 0 else {})
        for number, found in enumerate(by_id.values())
    ]


def page_of(
    rows: Sequence[dict[str, object]], token: object, size: int
) -> tuple[list[dict[str, object]], str | None]:
    """Return the rows behind a token, and the token of the next page, if any.

    Raises:
        RefusalError: 400, the token is not one of ours.
    """
    start = 0
    if token is not None:
        try:
            start = int(base64.b64decode(str(token)))
        except ValueError:
            raise RefusalError(400, "nextToken is invalid") from None
    end = start + size
    more = base64.b64encode(str(end).encode()).decode() if end < len(rows) else None
    return list(rows[start:end]), more
