"""The listings of AMC: `/amc/accounts`, `/amc/instances`."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from amazon_emulator.audiences.accounts import instances_of
from amazon_emulator.audiences.contract import CONNECTIONS_TYPE, INSTANCES_TYPE
from amazon_emulator.audiences.parsing import check_media
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.login.tokens import SignedInService

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_accounts.accounts import Json
    from amazon_emulator.audiences.accounts import AmcAccounts
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState

ACCOUNT = "Amazon-Advertising-API-AdvertiserId"
MARKETPLACE = "Amazon-Advertising-API-MarketplaceId"
_MAX_ON_PAGE = 100


class AmcService(SignedInService):
    """What the services of connections, terms and accounts share."""

    media_type = CONNECTIONS_TYPE

    def __init__(
        self, state: EmulatorState, accounts: AmcAccounts, tokens: TokenStore
    ) -> None:
        super().__init__(tokens)
        self._state, self._accounts = state, accounts

    def error_body(self, refusal: RefusalError) -> object:
        """Return `message` and `requestId`."""
        return {"message": refusal.message, "requestId": str(uuid.uuid4())}


class AmcAccountsService(AmcService):
    """`GET /amc/accounts`: the AMC accounts of the user, page by page."""

    @route("GET", "/amc/accounts", "amc_accounts")
    def listing(self, call: Call) -> Response:
        """List the accounts."""
        check_media(call, self.media_type, has_body=False)
        size = self._state.settings.page_size or _MAX_ON_PAGE
        page, more = _page(self._accounts.accounts(), call, size)
        return self.respond({"amcAccounts": page, **more})


class AmcInstancesService(AmcService):
    """`GET /amc/instances`: the instances of one account, or one of them."""

    media_type = INSTANCES_TYPE

    def target(self, call: Call) -> Target:
        """A rule may name the AMC account."""
        return Target.of(call.request.headers.get(ACCOUNT))

    def error_body(self, refusal: RefusalError) -> object:
        """Return `code` and `details`."""
        return {"code": str(refusal.status), "details": refusal.message}

    @route("GET", "/amc/instances", "amc_instances")
    def listing(self, call: Call) -> Response:
        """List the instances of an account, at most `limit` of them."""
        account = self._account(call)
        limit = call.request.args.get("limit")
        size = self._state.settings.page_size or _MAX_ON_PAGE
        if limit is not None:
            if not limit.isdigit() or not 1 <= int(limit) <= _MAX_ON_PAGE:
                message = f"limit must be a number from 1 to {_MAX_ON_PAGE}"
                raise RefusalError(400, message)
            size = int(limit)
        page, more = _page(instances_of(account), call, size)
        return self.respond({"instances": page, **more})

    @route("GET", "/amc/instances/<instance_id>", "amc_instances")
    def one(self, call: Call) -> Response:
        """Show one instance."""
        for instance in instances_of(self._account(call)):
            if instance["instanceId"] == call.arguments["instance_id"]:
                return self.respond({"instance": instance})
        raise RefusalError(404, "The instance does not exist")

    def _account(self, call: Call) -> Json:
        check_media(call, self.media_type, has_body=False)
        headers = call.request.headers
        missing = [name for name in (ACCOUNT, MARKETPLACE) if not headers.get(name)]
        if missing:
            raise RefusalError(400, f"Missing headers: {', '.join(missing)}")
        account = self._accounts.account(headers[ACCOUNT])
        if account is None or account["marketplaceId"] != headers[MARKETPLACE]:
            raise RefusalError(403, "No access to this AMC account and marketplace")
        return account


def _page(items: Sequence[Json], call: Call, size: int) -> tuple[list[Json], Json]:
    """Return one page and the `nextToken` that leads on, if anything follows."""
    start = _start(call.request.args.get("nextToken"))
    end = start + size
    more: Json = {}
    if end < len(items):
        more["nextToken"] = base64.urlsafe_b64encode(b"from:%d" % end).decode()
    return list(items[start:end]), more


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token).partition(b":")
        if word == b"from":
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise RefusalError(400, "nextToken is not valid")
