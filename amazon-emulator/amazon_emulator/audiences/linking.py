"""Connections and the AMC terms, as the API shows and changes them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.audiences.lookups import linked_refusal
from amazon_emulator.audiences.reading import (
    check_media,
    known_keys,
    read_object,
    required,
)
from amazon_emulator.audiences.rules import CONNECTIONS_TYPE
from amazon_emulator.faults import Target
from amazon_emulator.wire import Call, RefusalError, Route, json_response

if TYPE_CHECKING:
    from amazon_emulator.audiences.connections import Connections
    from amazon_emulator.audiences.tally import Tally
    from amazon_emulator.audiences.world import AmcWorld
    from amazon_emulator.core import Core
    from amazon_emulator.lwa.store import TokenStore

_PATH = "/amc/audiences/connections"
_AGREEMENT = "Terms of the emulator: whoever accepts them promises to be kind to ducks."
_ALL_REMOVED = "All connections were removed: DELETE came without a connectionId."


class ConnectionsRoom:
    """List, add and remove connections."""

    def __init__(
        self,
        connections: Connections,
        tokens: TokenStore,
        tally: Tally,
    ) -> None:
        self._connections, self._tokens, self._tally = connections, tokens, tally

    @property
    def routes(self) -> Sequence[Route]:
        """The three calls."""
        return (
            Route("GET", _PATH, "connections", self.listing),
            Route("POST", _PATH, "add_connection", self.add),
            Route("DELETE", _PATH, "delete_connection", self.remove),
        )

    def target(self, call: Call) -> Target:
        """A rule may name the connection asked for."""
        name = call.request.args.get("connectionId")
        return Target(frozenset([name] if name else []))

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal with `message` and `requestId`."""
        return linked_refusal(refusal)

    def reset(self) -> None:
        """Return to the connections of the AMC world."""
        self._connections.reset()

    def listing(self, call: Call) -> Response:
        """List all connections, the one asked for, or the default one."""
        self._tokens.check(call.request)
        check_media(call, CONNECTIONS_TYPE, has_body=False)
        query = call.request.args
        if query.get("isDefault", "false") not in ("true", "false"):
            raise RefusalError(400, "isDefault must be true or false")
        found = self._connections.all()
        if query.get("connectionId"):
            named = self._connections.find(query["connectionId"])
            if named is None:
                raise RefusalError(404, "The connection does not exist")
            found = [named]
        shown = [self._connections.as_json(connection) for connection in found]
        if query.get("isDefault") == "true":
            shown = [connection for connection in shown if connection["isDefault"]]
        return json_response({"connections": shown}, content_type=CONNECTIONS_TYPE)

    def add(self, call: Call) -> Response:
        """Add a connection."""
        self._tokens.check(call.request)
        check_media(call, CONNECTIONS_TYPE, has_body=True)
        connection = self._connections.add(read_object(call.body))
        body = {"connectionId": connection.connection_id}
        return json_response(body, 201, content_type=CONNECTIONS_TYPE)

    def remove(self, call: Call) -> Response:
        """Remove a connection; without an id all of them, which raises an alarm."""
        self._tokens.check(call.request)
        connection_id = call.request.args.get("connectionId", "").strip()
        if not connection_id:
            self._tally.alarm(_ALL_REMOVED)
        self._connections.remove(connection_id)
        return Response(status=204)


class TermsRoom:
    """Show the AMC terms, and accept them."""

    def __init__(self, core: Core, world: AmcWorld, tokens: TokenStore) -> None:
        self._core, self._world, self._tokens = core, world, tokens

    @property
    def routes(self) -> Sequence[Route]:
        """The two calls."""
        return (
            Route("GET", f"{_PATH}/terms", "terms", self.show),
            Route("PATCH", f"{_PATH}/terms", "accept_terms", self.accept),
        )

    def target(self, call: Call) -> Target:  # noqa: ARG002 - the port gives the call
        """Nothing but the operation can be matched."""
        return Target()

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal with `message` and `requestId`."""
        return linked_refusal(refusal)

    def reset(self) -> None:
        """The terms are a setting; settings are reset by the core."""

    def show(self, call: Call) -> Response:
        """Show the agreement and whether the user has accepted it."""
        self._tokens.check(call.request)
        check_media(call, CONNECTIONS_TYPE, has_body=False)
        body = {
            "agreementContent": _AGREEMENT,
            "agreementToken": self._token,
            "hasAccepted": self._core.settings.terms_accepted,
        }
        return json_response(body, content_type=CONNECTIONS_TYPE)

    def accept(self, call: Call) -> Response:
        """Accept the agreement with this token, for the user and all accounts."""
        self._tokens.check(call.request)
        check_media(call, CONNECTIONS_TYPE, has_body=True)
        body = read_object(call.body)
        names = ("agreementToken", "hasAccepted")
        known_keys("The request body", body, names)
        required("The request body", body, names)
        accepted = body["hasAccepted"]
        if not isinstance(accepted, bool):
            raise RefusalError(400, "hasAccepted must be a boolean")
        if body["agreementToken"] != self._token:
            raise RefusalError(400, "agreementToken is not that of these terms")
        self._world.accept_terms(accepted=accepted)
        return Response(status=204)

    @property
    def _token(self) -> str:
        word = f"{self._core.settings.seed}|{_AGREEMENT}"
        return sha256(word.encode()).hexdigest()[:32]
