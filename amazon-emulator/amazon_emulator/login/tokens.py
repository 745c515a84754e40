"""Access tokens: issued, checked against their expiry, forgotten on reset."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.http import Call, RefusalError, Route, Service
from amazon_emulator.state import EmulatorState, seeded_token

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug import Request, Response


CLIENT_ID_HEADERS = ("Amazon-Advertising-API-ClientId", "Amazon-Ads-ClientId")
"""Both names stand in official pages; the first is the one seen live."""


class TokenStore:
    """The access tokens of one emulator, each with the instant of its end."""

    def __init__(self, state: EmulatorState) -> None:
        self._state = state
        self._expiry: dict[str, datetime] = {}
        self._issued = 0

    def issue(self) -> str:
        """Return a new access token (`Atza|...`) for the one known client."""
        state = self._state
        with state.lock:
            self._issued += 1
            token = seeded_token("Atza", f"{state.settings.seed}|{self._issued}")
            life = timedelta(seconds=state.settings.token_lifetime_seconds)
            self._expiry[token] = state.clock.now() + life
            return token

    def check(self, request: Request) -> None:
        """Refuse a call (401) without a living token or with another client's id."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RefusalError(401, "Unauthorized: the Authorization header is missing")
        with self._state.lock:
            expiry = self._expiry.get(token.strip())
        if expiry is None or expiry <= self._state.clock.now():
            raise RefusalError(401, "Unauthorized: access token is invalid or expired")
        named = [request.headers.get(name) for name in CLIENT_ID_HEADERS]
        if self._state.settings.client_id not in named:
            raise RefusalError(401, "Unauthorized: client id is missing or unknown")

    def revoke_all(self) -> None:
        """Make every access token invalid at once."""
        with self._state.lock:
            self._expiry.clear()


class SignedInService(Service):
    """A service whose calls need an access token, which is checked before all else."""

    def __init__(self, tokens: TokenStore) -> None:
        self._tokens = tokens

    def respond_to(self, route: Route, call: Call) -> Response:
        """Check the token and carry the call out."""
        self._tokens.check(call.request)
        return super().respond_to(route, call)
