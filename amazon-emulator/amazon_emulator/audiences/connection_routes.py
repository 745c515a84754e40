"""Connections and the AMC terms, as the API shows and changes them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.audiences.account_routes import AmcService
from amazon_emulator.audiences.parsing import check_media, read_object, with_keys
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, route

if TYPE_CHECKING:
    from amazon_emulator.audiences.accounts import AmcAccounts
    from amazon_emulator.audiences.connections import Connections
    from amazon_emulator.audiences.counters import AudienceCounters
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState

_PATH = "/amc/audiences/connections"
_AGREEMENT = "Terms of the emulator: whoever accepts them promises to be kind to ducks."
_ALL_REMOVED = "All connections were removed: DELETE came without a connectionId."


class ConnectionsService(AmcService):
    """List, add and remove connections."""

    def __init__(
        self,
        state: EmulatorState,
        accounts: AmcAccounts,
        tokens: TokenStore,
        connections: Connections,
        counters: AudienceCounters,
    ) -> None:
        super().__init__(state, accounts, tokens)
        self._connections, self._counters = connections, counters

    def target(self, call: Call) -> Target:
        """A rule may name the connection asked for."""
        return Target.of(call.request.args.get("connectionId"))

    @route("GET", _PATH, "connections")
    def listing(self, call: Call) -> Response:
        """List all connections, the one asked for, or the default one."""
        check_media(call, self.media_type, has_body=False)
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
        return self.respond({"connections": shown})

    @route("POST", _PATH, "add_connection")
    def add(self, call: Call) -> Response:
        """Add a connection."""
        check_media(call, self.media_type, has_body=True)
        connection = self._connections.add(read_object(call.body))
        return self.respond({"connectionId": connection.connection_id}, 201)

    @route("DELETE", _PATH, "delete_connection")
    def remove(self, call: Call) -> Response:
        """Remove a connection; without an id all of them, which raises an alarm."""
        connection_id = call.request.args.get("connectionId", "").strip()
        if not connection_id:
            self._counters.alarm(_ALL_REMOVED)
        self._connections.remove(connection_id)
        return Response(status=204)


class TermsService(AmcService):
    """Show the AMC terms, and accept them."""

    @route("GET", f"{_PATH}/terms", "terms")
    def show(self, call: Call) -> Response:
        """Show the agreement and whether the user has accepted it."""
        check_media(call, self.media_type, has_body=False)
        return self.respond(
            {
                "agreementContent": _AGREEMENT,
                "agreementToken": self._token,
                "hasAccepted": self._state.settings.terms_accepted,
            }
        )

    @route("PATCH", f"{_PATH}/terms", "accept_terms")
    def accept(self, call: Call) -> Response:
        """Accept the agreement with this token, for the user and all accounts."""
        check_media(call, self.media_type, has_body=True)
        names = ("agreementToken", "hasAccepted")
        given = read_object(call.body)
        body = with_keys("The request body", given, names, names)
        accepted = body["hasAccepted"]
        if not isinstance(accepted, bool):
            raise RefusalError(400, "hasAccepted must be a boolean")
        if body["agreementToken"] != self._token:
            raise RefusalError(400, "agreementToken is not that of these terms")
        self._accounts.accept_terms(accepted=accepted)
        return Response(status=204)

    @property
    def _token(self) -> str:
        seed = f"{self._state.settings.seed}|{_AGREEMENT}"
        return sha256(seed.encode()).hexdigest()[:32]
