"""The token call of Login with Amazon: `POST /auth/o2/token`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, Service, route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug import Request, Response

    from amazon_emulator.login.consent import ConsentCodes
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.selling_partner.access.tokens import SpTokens
    from amazon_emulator.state import EmulatorState


_GRANTLESS = "client_credentials"
_SCOPES = (
    "sellingpartnerapi::notifications",
    "sellingpartnerapi::client_credential:rotation",
    "sellingpartnerapi::migration",
)
_GRANTS = {
    "refresh_token": "refresh_token",
    "authorization_code": "code",
    _GRANTLESS: "scope",
}
"""What each kind of grant has to name."""


class LoginService(Service):
    """Gives access tokens: for the refresh token of the settings, or of a partner."""

    media_type = "application/json;charset=UTF-8"

    def __init__(
        self,
        state: EmulatorState,
        tokens: TokenStore,
        partners: SpTokens,
        codes: ConsentCodes,
    ) -> None:
        self._state, self._codes = state, codes
        self._tokens, self._partners = tokens, partners

    def target(self, call: Call) -> Target:
        """Say which selling partner asks, if it is one."""
        refresh_token = call.request.form.get("refresh_token", "")
        partner = self._partners.accounts.of_token(refresh_token)
        return Target() if partner is None else Target.of(partner.name)

    def error_body(self, refusal: RefusalError) -> object:
        """Return the error body of OAuth; without `details` it is a server error."""
        error = refusal.details or "server_error"
        return {"error": error, "error_description": refusal.message}

    @route("POST", "/auth/o2/token", "token")
    def token(self, call: Call) -> Response:
        """Exchange a refresh token or the code of a consent for an access token."""
        form, settings = call.request.form, self._state.settings
        _check_form(call.request)
        credentials = (form["client_id"], form["client_secret"])
        if credentials != (settings.client_id, settings.client_secret):
            raise RefusalError(401, "Client authentication failed", "invalid_client")
        if form["grant_type"] == _GRANTLESS:
            return self._grantless(form["scope"])
        refresh_token = self._refresh_token(form)
        token = self._issue(refresh_token)
        if token is None:
            text = "The request has an invalid grant parameter : refresh_token"
            raise RefusalError(400, text, "invalid_grant")
        grant = {
            "access_token": token,
            "refresh_token": refresh_token,
            "token_type": "bearer",
            "expires_in": int(settings.token_lifetime_seconds),
        }
        return self.respond(grant)

    def _grantless(self, scope: str) -> Response:
        """Return a token of the application alone, for calls about no account."""
        if scope not in _SCOPES:
            raise RefusalError(400, "The requested scope is invalid", "invalid_scope")
        token = self._partners.issue_grantless(scope)
        life = int(self._state.settings.token_lifetime_seconds)
        grant = {"access_token": token, "token_type": "bearer", "expires_in": life}
        return self.respond({**grant, "scope": scope})

    def _refresh_token(self, form: Mapping[str, str]) -> str:
        """Return the token of the form, or the one its code stands for."""
        if form["grant_type"] == "refresh_token":
            return form["refresh_token"]
        found = self._codes.exchange(form["code"], form.get("redirect_uri", ""))
        if found is None:
            text = "The request has an invalid grant parameter : code"
            raise RefusalError(400, text, "invalid_grant")
        return found

    def _issue(self, refresh_token: str) -> str | None:
        if refresh_token == self._state.settings.refresh_token:
            return self._tokens.issue()
        partner = self._partners.accounts.of_token(refresh_token)
        if partner is None or partner.is_revoked:
            return None
        return self._partners.issue(partner)


def _check_form(request: Request) -> None:
    """Refuse (400) a request that lacks something."""
    if request.mimetype != "application/x-www-form-urlencoded":
        text = "Content type must be form-encoded"
        raise RefusalError(400, text, "invalid_request")
    grant = request.form.get("grant_type") or "refresh_token"
    if grant not in _GRANTS:
        text = "The authorization grant type is not supported"
        raise RefusalError(400, text, "unsupported_grant_type")
    for name in ("grant_type", "client_id", "client_secret", _GRANTS[grant]):
        if not request.form.get(name):
            text = f"The request is missing a required parameter : {name}"
            raise RefusalError(400, text, "invalid_request")
