"""Login with Amazon: one access token per credential, asked for once.

All threads share a provider; while one of them fetches a token the others wait
for it. A token is renewed a minute before it ends, and at once when an API
says it is no good.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from singer_amazon.errors import AuthError

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from singer_amazon.http import Transport

logger = logging.getLogger(__name__)

RENEW_EARLY = timedelta(seconds=60)

NEXT_STEP = {
    "invalid_grant": (
        "the refresh token is revoked, expired or belongs to another client: "
        "authorise the application again and set refresh_token"
    ),
    "invalid_client": (
        "client_id and client_secret do not match: check both in the "
        "Login with Amazon console (a secret that was rotated has a new value)"
    ),
    "unauthorized_client": (
        "this client may not use refresh tokens of this user: check that the "
        "application is approved for the API and region"
    ),
    "invalid_scope": (
        "the authorisation lacks the scope of this API: authorise again with "
        "advertising::campaign_management"
    ),
}


@dataclass(frozen=True, slots=True)
class Credential:
    """A Login with Amazon client and the refresh token of one account."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


class TokenProvider:
    """Hands out the access token of one credential.

    Source: facts of Login with Amazon's token endpoint; access tokens live
    `expires_in` seconds (an hour).
    """

    def __init__(
        self,
        credential: Credential,
        *,
        auth_uri: str,
        transport: Transport,
        clock: Clock,
    ) -> None:
        self.credential = credential
        self._auth_uri = auth_uri
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._expires_at: datetime | None = None
        self._final: AuthError | None = None

    def token(self) -> str:
        """Return a token that is good for at least a minute.

        Raises:
            AuthError: Login with Amazon refuses the credential for good.
            TransientError: it cannot be reached.
        """
        with self._lock:
            if self._final is not None:
                raise self._final
            if self._token is None or self._is_old():
                self._fetch()
            assert self._token is not None  # noqa: S101 - _fetch set it or raised
            return self._token

    def discard(self, token: str) -> None:
        """Forget a token an API has refused; a newer one is kept."""
        with self._lock:
            if self._token == token:
                self._token = None

    def _is_old(self) -> bool:
        return (
            self._expires_at is not None
            and self._clock.now() >= self._expires_at - RENEW_EARLY
        )

    def _fetch(self) -> None:
        asked_at = self._clock.now()
        answer = self._transport.send(
            "POST",
            self._auth_uri,
            data={
                "grant_type": "refresh_token",
                "refresh_token": self.credential.refresh_token,
                "client_id": self.credential.client_id,
                "client_secret": self.credential.client_secret,
            },
        )
        body = answer.json_object()
        token = body.get("access_token")
        if answer.status == 200 and isinstance(token, str) and token:  # noqa: PLR2004
            lifetime = timedelta(seconds=_seconds(body.get("expires_in")))
            self._token, self._expires_at = token, asked_at + lifetime
            logger.info("Login with Amazon: new access token, good for %s", lifetime)
            return
        self._final = self._refusal(answer.status, body)
        raise self._final

    def _refusal(self, status: int, body: dict[str, object]) -> AuthError:
        code = str(body.get("error") or f"HTTP {status}")
        words = str(body.get("error_description") or "no description")
        step = NEXT_STEP.get(
            code, "check client_id, client_secret, refresh_token and auth_uri"
        )
        return AuthError(
            f"Login with Amazon refuses the credential ({code}: {words}). "
            f"What to do: {step}."
        )


def _seconds(value: object) -> float:
    try:
        return max(float(str(value)), 0.0)
    except ValueError:
        return 3600.0
