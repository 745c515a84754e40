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

from singer_amazon.errors import AuthError, TransientError, UnreachableError
from singer_amazon.http.throttling import wait_out_throttling
from singer_amazon.masking import MASK, mask_logs, masked
from singer_amazon.retry_policy import POLICY

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from singer_amazon.http.transport import Response, Transport

logger = logging.getLogger(__name__)

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
        mask_logs()
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
            UnreachableError: it cannot be reached, or has no time for us.
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
        response = self._request()
        body = response.json_object()
        token = body.get("access_token")
        if response.status == HTTPStatus.OK and isinstance(token, str) and token:
            lifetime = timedelta(seconds=_lifetime(body.get("expires_in")))
            self._token = token
            self._renew_at = asked_at + max(
                lifetime - timedelta(seconds=POLICY.token_renewed_early), lifetime / 2
            )
            logger.info("Login with Amazon: new access token, good for %s", lifetime)
            return
        if self._renew_at is not None and not body.get("error"):
            # it has worked in this run: a page of somebody in between will pass
            msg = f"Login with Amazon gives no token: {_without_token(response)}"
            raise UnreachableError(msg, status=response.status)
        self._refusal = self._without_secrets(_refusal(response))
        raise AuthError(self._refusal)

    def _without_secrets(self, text: str) -> str:
        for secret in (self.credential.client_secret, self.credential.refresh_token):
            text = text.replace(secret, MASK) if secret else text
        return text

    def _request(self) -> Response:
        left = (
            None if self._transport.time_left is None else self._transport.time_left()
        )
        sent: list[Response] = []

        def send() -> Response:
            sent.append(self._send())
            return sent[-1]

        try:
            response = wait_out_throttling(
                send,
                self._clock,
                first_wait=POLICY.token_first_wait,
                max_wait=POLICY.token_max_wait,
                max_attempts=POLICY.token_attempts,
                max_time=left,
            )
        except TransientError as error:
            raise UnreachableError(str(error), status=error.status) from None
        if response.status != HTTPStatus.TOO_MANY_REQUESTS:
            return response
        msg = f"Login with Amazon throttled {len(sent)} requests for a token"
        raise UnreachableError(msg, status=response.status)

    def _send(self) -> Response:
        return self._transport.send(
            "POST",
            self._auth_uri,
            data={
                **self._grant(),
                "client_id": self.credential.client_id,
                "client_secret": self.credential.client_secret,
            },
            is_private=True,
        )

    def _grant(self) -> dict[str, str]:
        return {
            "grant_type": "refresh_token",
            "refresh_token": self.credential.refresh_token,
        }


class GrantlessTokenProvider(TokenProvider):
    """Hands out access tokens of an application itself, for no account.

    Source: Amazon's grantless operations; the scope names what they are for.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        scope: str,
        *,
        auth_uri: str,
        transport: Transport,
        clock: Clock,
    ) -> None:
        credential = Credential(client_id, client_secret, "")
        super().__init__(
            credential, auth_uri=auth_uri, transport=transport, clock=clock
        )
        self._scope = scope

    def _grant(self) -> dict[str, str]:
        return {"grant_type": "client_credentials", "scope": self._scope}


def _refusal(response: Response) -> str:
    """Say why there is no token; of the answer only its parsed words are quoted."""
    code = response.json_object().get("error")
    if not isinstance(code, str) or not code:
        return (
            f"Login with Amazon gives no token: {_without_token(response)}. "
            "What to do: check auth_uri, and whether a proxy stands in between."
        )
    step = NEXT_STEP.get(
        code, "check client_id, client_secret, refresh_token and auth_uri"
    )
    return (
        f"Login with Amazon refuses the credential ({masked(code)[:100]}: "
        f"{response.message()}). What to do: {step}."
    )


def _without_token(response: Response) -> str:
    return f"HTTP {response.status} with {response.kind()}"


def _lifetime(value: object) -> float:
    """Return the seconds a token lives; an answer may leave them out."""
    try:
        seconds = float(str(value))
    except ValueError:
        return POLICY.token_lifetime
    return min(max(0.0, seconds), POLICY.max_token_lifetime)  # 0.0 also for nan
