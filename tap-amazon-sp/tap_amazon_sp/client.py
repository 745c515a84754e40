"""Calls of the Selling Partner API for one selling partner.

A 429 is handed back like every other answer: whoever keeps the paces says when the
call is made again. No error of one account is an error of the run, so a refresh token
that Login with Amazon refuses is a `RejectedError` here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from singer_amazon.clock import Clock
from singer_amazon.errors import AuthError, RejectedError
from singer_amazon.http.client import ApiClient, Scheme
from singer_amazon.http.transport import Response, Transport
from tap_amazon_sp.endpoints.paging import query

TOKEN_HEADER = "x-amz-access-token"  # noqa: S105 - the name of a header
RATE_HEADER = "x-amzn-RateLimit-Limit"
LONGEST_USER_AGENT = 500

_TOKENS = "/tokens/2021-03-01/restrictedDataToken"
_BAD_TOKEN = re.compile(
    r"access token.{0,60}(revoked|malformed|invalid|expired)", re.IGNORECASE | re.DOTALL
)


def wants_new_token(answer: Response) -> bool:
    """Whether an answer refuses the access token itself, not what it asks for.

    An ended token is answered with 403, like a missing right; only the words differ.
    """
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return True
    return answer.status == HTTPStatus.FORBIDDEN and bool(
        _BAD_TOKEN.search(answer.message())
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
        """Make one call and return the answer, whatever its 2xx to 4xx status.

        `operation` is Amazon's name for it. Lists among the parameters go out with
        commas, None is left out. A `restricted` call gets a token for just this path
        first; where that is not granted, its answer is returned instead.

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
        answer = self._api.call("POST", _TOKENS, json=wanted)
        token = answer.json_object().get("restrictedDataToken")
        if answer.status == HTTPStatus.OK and isinstance(token, str) and token:
            return token
        if answer.status == HTTPStatus.OK:
            msg = "createRestrictedDataToken answers without restrictedDataToken"
            raise RejectedError(msg, request_id=answer.request_id)
        return answer
