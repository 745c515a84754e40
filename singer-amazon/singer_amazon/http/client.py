"""Calls of one Amazon API with the access token of one credential.

How a token goes along, and which answer means that it is no good any more, differs
between the APIs: a `Scheme` says both. Every other answer is handed back: what a 429
or a 4xx means is for the engine and the adapters to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import msgspec

from singer_amazon.clock import Clock
from singer_amazon.http.auth import TokenProvider
from singer_amazon.http.transport import Response, Transport


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one API takes an access token, and how it says that it wants a new one."""

    headers: Callable[[str], Mapping[str, str]]
    wants_new_token: Callable[[Response], bool]


BEARER = Scheme(
    headers=lambda token: {"Authorization": f"Bearer {token}"},
    wants_new_token=lambda response: response.status == HTTPStatus.UNAUTHORIZED,
)
"""Amazon Ads and most of the world."""


class ApiClient:
    """Calls one Amazon API; `scheme` is how it takes the token."""

    def __init__(
        self,
        *,
        base_url: str,
        tokens: TokenProvider,
        transport: Transport,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        scheme: Scheme = BEARER,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.clock = clock
        self.transport = transport
        self.tokens = tokens
        self._headers = dict(headers or {})
        self._scheme = scheme

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: object | None = None,
        content_type: str = "application/json",
        token: str | None = None,
        max_attempts: int | None = None,
    ) -> Response:
        """Call the API; a refused token is renewed, and the call made once more.

        With `token` the call is made with that one instead, and never again.

        Raises:
            AuthError: Login with Amazon refuses the credential.
            TransientError: the tries are used up.
        """
        sent = {**self._headers, **(headers or {})}
        data: bytes | None = None
        if json is not None:
            # megabytes that are JSON already are not copied
            if isinstance(json, (bytes, bytearray)):
                data = cast("bytes", json)
            else:
                data = msgspec.json.encode(json)
            sent["Content-Type"] = content_type

        def send(access_token: str) -> Response:
            return self.transport.send(
                method,
                self.base_url + path,
                headers={**sent, **self._scheme.headers(access_token)},
                params=params,
                data=data,
                max_attempts=max_attempts,
            )

        if token is not None:
            return send(token)
        token = self.tokens.token()
        response = send(token)
        if self._scheme.wants_new_token(response):
            self.tokens.discard(token)
            response = send(self.tokens.token())
        return response
