"""The token call of Login with Amazon: `POST /auth/o2/token`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from amazon_emulator.faults import Target
from amazon_emulator.wire import Call, RefusalError, Route, json_response

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from amazon_emulator.core import Core
    from amazon_emulator.lwa.store import TokenStore
    from amazon_emulator.selling_partner.access import SpAccess

_JSON = "application/json;charset=UTF-8"


class LwaRoom:
    """Gives access tokens: for the refresh token of the settings, or of a partner."""

    def __init__(self, core: Core, tokens: TokenStore, partners: SpAccess) -> None:
        self._core = core
        self._tokens, self._partners = tokens, partners

    @property
    def routes(self) -> Sequence[Route]:
        """The one operation: `token`."""
        return (Route("POST", "/auth/o2/token", "token", self.token),)

    def target(self, call: Call) -> Target:
        """Say which selling partner asks, if it is one."""
        refresh_token = call.request.form.get("refresh_token", "")
        partner = self._partners.world.of_token(refresh_token)
        return Target() if partner is None else Target(frozenset((partner.name,)))

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal as OAuth does."""
        body = {"error": "server_error", "error_description": refusal.message}
        return json_response(
            body, refusal.status, content_type=_JSON, headers=refusal.headers
        )

    def reset(self) -> None:
        """Forget all tokens."""
        self._tokens.revoke_all()

    def token(self, call: Call) -> Response:
        """Exchange the refresh token for an access token."""
        form, settings = call.request.form, self._core.settings
        problem = _malformed(call.request)
        if problem is not None:
            return problem
        credentials = (form["client_id"], form["client_secret"])
        if credentials != (settings.client_id, settings.client_secret):
            return _error(401, "invalid_client", "Client authentication failed")
        token = self._issue(form["refresh_token"])
        if token is None:
            text = "The request has an invalid grant parameter : refresh_token"
            return _error(400, "invalid_grant", text)
        grant = {
            "access_token": token,
            "refresh_token": form["refresh_token"],
            "token_type": "bearer",
            "expires_in": int(settings.token_lifetime_seconds),
        }
        return json_response(grant, content_type=_JSON)

    def _issue(self, refresh_token: str) -> str | None:
        if refresh_token == self._core.settings.refresh_token:
            return self._tokens.issue()
        partner = self._partners.world.of_token(refresh_token)
        if partner is None or partner.is_revoked:
            return None
        return self._partners.issue(partner)


def _malformed(request: Request) -> Response | None:
    """Return the 400 of a request that lacks something, else None."""
    if request.mimetype != "application/x-www-form-urlencoded":
        return _error(400, "invalid_request", "Content type must be form-encoded")
    if (request.form.get("grant_type") or "refresh_token") != "refresh_token":
        text = "The authorization grant type is not supported"
        return _error(400, "unsupported_grant_type", text)
    for name in ("grant_type", "client_id", "client_secret", "refresh_token"):
        if not request.form.get(name):
            return _error(400, "invalid_request", _missing(name))
    return None


def _missing(name: str) -> str:
    return f"The request is missing a required parameter : {name}"


def _error(status: int, error: str, description: str) -> Response:
    body = {"error": error, "error_description": description}
    return json_response(body, status, content_type=_JSON)
