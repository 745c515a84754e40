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
from http import HTTPStatus
from typing import TYPE_CHECKING

from singer_amazon.errors import AuthError, TransientError

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from singer_amazon.http.transport import Response, Transport

logger = logging.getLogger(__name__)

RENEW_EARLY = timedelta(seconds=60)
USUAL_LIFETIME = 3600.0
MAX_LIFETIME = 24 * 3600.0
THROTTLED_TRIES = 8
MAX_THROTTLE_WAIT = 60.0

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
        "the authorisation lacks the scope of this API: authorise again (for the Ads "
        "API with advertising::campaign_management)"
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
        self._renew_at: datetime | None = None
        self._refusal: str | None = None

    def token(self) -> str:
        """Return a token that is good for at least a minute.

        A token that lives two minutes or less is renewed at half its life.

        Raises:
            AuthError: Login with Amazon refuses the credential for good.
            TransientError: it cannot be reached, or has no time for us.
        """
        with self._lock:
            if self._refusal is not None:
                raise AuthError(self._refusal)
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
        return self._renew_at is not None and self._clock.now() >= self._renew_at

    def _fetch(self) -> None:
        asked_at = self._clock.now()
        answer = self._ask()
        body = answer.json_object()
        token = body.get("access_token")
        if answer.status == HTTPStatus.OK and isinstance(token, str) and token:
            lifetime = timedelta(seconds=_lifetime(body.get("expires_in")))
            self._token = token
            self._renew_at = asked_at + max(lifetime - RENEW_EARLY, lifetime / 2)
            logger.info("Login with Amazon: new access token, good for %s", lifetime)
            return
        self._refusal = self._without_secrets(_refusal(answer))
        raise AuthError(self._refusal)

    def _without_secrets(self, text: str) -> str:
        for secret in (self.credential.client_secret, self.credential.refresh_token):
            text = text.replace(secret, "***") if secret else text
        return text

    def _ask(self) -> Response:
        """Send the request; a 429 is waited out, since nothing goes on without."""
        for number in range(THROTTLED_TRIES):
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
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                return answer
            wait = answer.retry_after(self._clock.now())
            wait = 2.0**number if wait is None else wait
            self._clock.sleep(min(wait, MAX_THROTTLE_WAIT))
        msg = f"Login with Amazon throttled {THROTTLED_TRIES} requests for a token"
        raise TransientError(msg, status=HTTPStatus.TOO_MANY_REQUESTS)


def _refusal(answer: Response) -> str:
    body = answer.json_object()
    code = str(body.get("error") or f"HTTP {answer.status}")
    step = NEXT_STEP.get(
        code, "check client_id, client_secret, refresh_token and auth_uri"
    )
    return (
        f"Login with Amazon refuses the credential ({code}: {answer.message()}). "
        f"What to do: {step}."
    )


def _lifetime(value: object) -> float:
    """Return the seconds a token lives; an answer may leave them out."""
    try:
        seconds = float(str(value))
    except ValueError:
        return USUAL_LIFETIME
    return min(max(0.0, seconds), MAX_LIFETIME)  # 0.0 also for nan
