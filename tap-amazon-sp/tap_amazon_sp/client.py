"""Calls of the Selling Partner API for one selling partner.

A 429 is handed back like every other response: whoever limits the rate says when the
call is made again. No error of one account is an error of the run, so a refresh token
that Login with Amazon refuses is a `RejectedError` here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from singer_amazon.clock import Clock
from singer_amazon.errors import AuthError, RejectedError
from singer_amazon.http.client import ApiClient, Scheme
from singer_amazon.http.transport import Response, Transport
from tap_amazon_sp.timestamps import format_instant

TOKEN_HEADER = "x-amz-access-token"  # noqa: S105 - the name of a header
RATE_HEADER = "x-amzn-RateLimit-Limit"
MAX_USER_AGENT_LENGTH = 500

_TOKENS = "/tokens/2021-03-01/restrictedDataToken"
_BAD_TOKEN = re.compile(
    r"access token.{0,60}(revoked|malformed|invalid|expired)", re.IGNORECASE | re.DOTALL
)


def wants_new_token(response: Response) -> bool:
    """Whether a response refuses the access token itself, not what it asks for.

    An ended token gets a 403, like a missing right; only the words differ.
    """
    if response.status == HTTPStatus.UNAUTHORIZED:
        return True
    return response.status == HTTPStatus.FORBIDDEN and bool(
        _BAD_TOKEN.search(response.message())
    )


SELLING_PARTNER = Scheme(
    headers=lambda token: {TOKEN_HEADER: token}, wants_new_token=wants_new_token
)


class SpClient:
    """The calls of one selling partner; many threads may share it."""

    def __init__(self, api: ApiClient) -> None:
        self.clock: Clock = api.clock
        self.transport: Transport = api.transport
        self._api = api

    def call(
        self,
        operation: str,  # noqa: ARG002 - says what is done, where it is done
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object | None = None,
        restricted: bool = False,
    ) -> Response:
        """Make one call and return the response, whatever its 2xx to 4xx status.

        `operation` is Amazon's name for it. Lists among the parameters go out with
        commas, None is left out. A `restricted` call gets a token for just this path
        first; where that is not granted, its response is returned instead.

        Raises:
            TransientError: the tries are used up.
            RejectedError: Login with Amazon refuses this account's credential.
        """
        try:
            token = None
            if restricted:
                granted = self._restricted_token(method, path)
                if isinstance(granted, Response):
                    return granted
                token = granted
            return self._api.call(
                method, path, params=query(params or {}), json=json, token=token
            )
        except AuthError as error:
            raise RejectedError(str(error), status=HTTPStatus.UNAUTHORIZED) from None

    def _restricted_token(self, method: str, path: str) -> str | Response:
        """Return a token for one call with personal data, or why there is none."""
        wanted = {"restrictedResources": [{"method": method, "path": path}]}
        response = self._api.call("POST", _TOKENS, json=wanted)
        token = response.json_object().get("restrictedDataToken")
        if response.status == HTTPStatus.OK and isinstance(token, str) and token:
            return token
        if response.status == HTTPStatus.OK:
            msg = "createRestrictedDataToken answers without restrictedDataToken"
            raise RejectedError(msg, request_id=response.request_id)
        return response


def query(params: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as texts: lists with commas, nothing for null."""
    return {name: _text(v) for name, v in params.items() if v is not None}


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(_text(entry) for entry in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_instant(value) if isinstance(value, datetime) else str(value)
