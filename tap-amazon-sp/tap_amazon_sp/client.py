"""Calls of the Selling Partner API for one selling partner, and when to make them.

A 429 is handed back like every other response: whoever limits the rate says when the
call is made again. No error of one account is an error of the run, so a refresh token
that Login with Amazon refuses is a `RejectedError` here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from singer_amazon.clock import Clock
from singer_amazon.errors import AuthError, RejectedError
from singer_amazon.http.client import ApiClient, Scheme
from singer_amazon.http.transport import Response, Transport
from singer_amazon.rate_limits import Rate, TokenBucket
from singer_amazon.tap.context import RunContext
from tap_amazon_sp.rates import RATES, UNKNOWN, rate_of_header
from tap_amazon_sp.reports.wordings import Meaning, refusal_meaning
from tap_amazon_sp.timestamps import format_instant

TOKEN_HEADER = "x-amz-access-token"  # noqa: S105 - the name of a header
RATE_HEADER = "x-amzn-RateLimit-Limit"
MAX_USER_AGENT_LENGTH = 500

_TOKENS = "/tokens/2021-03-01/restrictedDataToken"
ROTATION_ADVICE = (
    "The client secret of the application has expired, which it does every 180 days: "
    "make a new one in Amazon's developer console and set client_secret; the refresh "
    "tokens stay as they are"
)


def wants_new_token(response: Response) -> bool:
    """Whether a response refuses the access token itself, not what it asks for.

    An ended token gets a 403, like a missing right; only the words differ.
    """
    if response.status == HTTPStatus.UNAUTHORIZED:
        return True
    meaning = refusal_meaning(response.message())
    return response.status == HTTPStatus.FORBIDDEN and meaning is Meaning.TOKEN_ENDED


SELLING_PARTNER = Scheme(
    headers=lambda token: {TOKEN_HEADER: token}, wants_new_token=wants_new_token
)


class SpClient:
    """The calls of one selling partner; many threads may share it."""

    def __init__(self, api: ApiClient) -> None:
        self.clock: Clock = api.clock
        self.transport: Transport = api.transport
        self.api = api

    def call(
        self,
        operation: str,  # noqa: ARG002 - says what is done, where it is done
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object | None = None,
        restricted: bool = False,
        max_attempts: int | None = None,
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
            return self.api.call(
                method,
                path,
                params=query(params or {}),
                json=json,
                token=token,
                max_attempts=max_attempts,
            )
        except AuthError as error:
            raise RejectedError(str(error), status=HTTPStatus.UNAUTHORIZED) from None

    def _restricted_token(self, method: str, path: str) -> str | Response:
        """Return a token for one call with personal data, or why there is none."""
        resources = {"restrictedResources": [{"method": method, "path": path}]}
        response = self.api.call("POST", _TOKENS, json=resources)
        token = response.json_object().get("restrictedDataToken")
        if response.status == HTTPStatus.OK and isinstance(token, str) and token:
            return token
        if response.status == HTTPStatus.OK:
            msg = "createRestrictedDataToken answers without restrictedDataToken"
            raise RejectedError(msg, request_id=response.request_id)
        return response


class RateLimiters:
    """Token buckets by any key; `jitter` gives numbers in 0..1."""

    def __init__(self, clock: Clock, jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._buckets: dict[Hashable, TokenBucket] = {}

    def ready_at(self, key: Hashable, rate: Rate | None) -> datetime:
        """Return when the next call may be made."""
        return self._bucket(key, rate).ready_at(self._clock.now())

    def refusals(self, key: Hashable) -> int:
        """Return how often running Amazon has refused the newest calls."""
        bucket = self._buckets.get(key)
        return bucket.refusals if bucket is not None else 0

    def call(
        self, key: Hashable, rate: Rate | None, make: Callable[[], Response]
    ) -> Response | None:
        """Make a call that is ready; None where Amazon wants it later (429)."""
        bucket = self._bucket(key, rate)
        started = self._clock.now()
        bucket.take(started)
        response = make()
        now = self._clock.now()
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            bucket.refused(started, now, response.retry_after(now), self._jitter())
            return None
        bucket.succeeded()
        bucket.correct(rate_of_header(response.headers.get(RATE_HEADER)))
        return response

    def _bucket(self, key: Hashable, rate: Rate | None) -> TokenBucket:
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = TokenBucket(rate or UNKNOWN)
        return found


@dataclass(frozen=True, slots=True)
class AccountCaller:
    """The calls of one account that are no reports; for the main thread only.

    A signal is answered while a call is made.
    """

    account: str
    client: SpClient
    limiters: RateLimiters
    run: RunContext

    def ready_at(self, operation: str, rate: Rate | None) -> datetime:
        """Return when the next call of an operation may be made."""
        return self.limiters.ready_at((self.account, operation), rate)

    def get(
        self,
        operation: str,
        rate: Rate | None,
        path: str,
        params: Mapping[str, Any] | None = None,
    ) -> Response | None:
        """Make a call that is ready; None where Amazon wants it later (429)."""
        return self.limiters.call(
            (self.account, operation),
            rate,
            lambda: self.run.in_background(
                lambda: self.client.call(operation, "GET", path, params=params)
            ),
        )

    def request(
        self, operation: str, path: str, params: Mapping[str, Any] | None = None
    ) -> Response | None:
        """Make a call as soon and as often as it takes; None where the time is up."""
        rate = RATES[operation]
        while self.run.wait_until(self.ready_at(operation, rate)):
            response = self.get(operation, rate, path, params)
            if response is not None:
                return response
        return None


def query(params: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as texts: lists with commas, nothing for null."""
    return {name: _text(v) for name, v in params.items() if v is not None}


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(_text(entry) for entry in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_instant(value) if isinstance(value, datetime) else str(value)
