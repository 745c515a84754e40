"""The look-ups of AMC: `/amc/accounts`, `/amc/instances`."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from amazon_emulator.audiences.reading import check_media
from amazon_emulator.audiences.rules import CONNECTIONS_TYPE, INSTANCES_TYPE
from amazon_emulator.audiences.world import instances_of
from amazon_emulator.faults import Target
from amazon_emulator.wire import Call, RefusalError, Route, json_response

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_accounts.world import Json
    from amazon_emulator.audiences.world import AmcWorld
    from amazon_emulator.core import Core
    from amazon_emulator.lwa.store import TokenStore

ACCOUNT = "Amazon-Advertising-API-AdvertiserId"
MARKETPLACE = "Amazon-Advertising-API-MarketplaceId"
_MOST = 100


class AmcAccountsRoom:
    """`GET /amc/accounts`: the AMC accounts of the user, page by page."""

    def __init__(self, core: Core, world: AmcWorld, tokens: TokenStore) -> None:
        self._core, self._world, self._tokens = core, world, tokens

    @property
    def routes(self) -> Sequence[Route]:
        """The one listing."""
        return (Route("GET", "/amc/accounts", "amc_accounts", self.listing),)

    def target(self, call: Call) -> Target:  # noqa: ARG002 - the port gives the call
        """Nothing but the operation can be matched."""
        return Target()

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal with `message` and `requestId`."""
        return linked_refusal(refusal)

    def reset(self) -> None:
        """Return to the default AMC world."""
        self._world.reset()

    def listing(self, call: Call) -> Response:
        """List the accounts."""
        self._tokens.check(call.request)
        check_media(call, CONNECTIONS_TYPE, has_body=False)
        size = self._core.settings.page_size or _MOST
        page = _page(self._world.accounts(), call, size)
        return json_response(
            {"amcAccounts": page[0], **page[1]}, content_type=CONNECTIONS_TYPE
        )


class AmcInstancesRoom:
    """`GET /amc/instances`: the instances of one account, or one of them."""

    def __init__(self, core: Core, world: AmcWorld, tokens: TokenStore) -> None:
        self._core, self._world, self._tokens = core, world, tokens

    @property
    def routes(self) -> Sequence[Route]:
        """All instances, or one."""
        path = "/amc/instances"
        return (
            Route("GET", path, "amc_instances", self.listing),
            Route("GET", f"{path}/<instance_id>", "amc_instances", self.one),
        )

    def target(self, call: Call) -> Target:
        """A rule may name the AMC account."""
        account = call.request.headers.get(ACCOUNT)
        return Target(frozenset([account] if account else []))

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal with `code` and `details`."""
        return json_response(
            {"code": str(refusal.status), "details": refusal.message},
            refusal.status,
            content_type=INSTANCES_TYPE,
            headers=refusal.headers,
        )

    def reset(self) -> None:
        """The AMC world is reset by the accounts."""

    def listing(self, call: Call) -> Response:
        """List the instances of an account, at most `limit` of them."""
        account = self._account(call)
        limit = call.request.args.get("limit")
        size = self._core.settings.page_size or _MOST
        if limit is not None:
            if not limit.isdigit() or not 1 <= int(limit) <= _MOST:
                message = f"limit must be a number from 1 to {_MOST}"
                raise RefusalError(400, message)
            size = int(limit)
        page = _page(instances_of(account), call, size)
        return json_response(
            {"instances": page[0], **page[1]}, content_type=INSTANCES_TYPE
        )

    def one(self, call: Call) -> Response:
        """Show one instance."""
        account = self._account(call)
        for instance in instances_of(account):
            if instance["instanceId"] == call.arguments["instance_id"]:
                body = {"instance": instance}
                return json_response(body, content_type=INSTANCES_TYPE)
        raise RefusalError(404, "The instance does not exist")

    def _account(self, call: Call) -> Json:
        self._tokens.check(call.request)
        check_media(call, INSTANCES_TYPE, has_body=False)
        headers = call.request.headers
        missing = [name for name in (ACCOUNT, MARKETPLACE) if not headers.get(name)]
        if missing:
            message = f"Missing headers: {', '.join(missing)}"
            raise RefusalError(400, message)
        account = self._world.account(headers[ACCOUNT])
        if account is None or account["marketplaceId"] != headers[MARKETPLACE]:
            raise RefusalError(403, "No access to this AMC account and marketplace")
        return account


def linked_refusal(refusal: RefusalError) -> Response:
    """Word a refusal as connections, terms and accounts do."""
    return json_response(
        {"message": refusal.message, "requestId": str(uuid.uuid4())},
        refusal.status,
        content_type=CONNECTIONS_TYPE,
        headers=refusal.headers,
    )


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
