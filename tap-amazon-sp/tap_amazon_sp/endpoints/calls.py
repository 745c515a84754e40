"""The calls of one account to endpoints, each within the rate of its operation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import RejectedError
from singer_amazon.rate_limits import Rate
from singer_amazon.tap.context import RunContext
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.client import RateLimiters

_NEXT_STEP: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "check the parameters",
    HTTPStatus.UNAUTHORIZED: "check the account's authorisation",
    HTTPStatus.FORBIDDEN: (
        "check that the application has the role for this operation, that the account "
        "is of the kind it is for, and the region"
    ),
    HTTPStatus.NOT_FOUND: "check the path",
}


class AccountCaller:
    """Makes the calls of one account; a signal is answered while one is made."""

    def __init__(
        self, run: RunContext, limiters: RateLimiters, account: Account
    ) -> None:
        self._run = run
        self._limiters = limiters
        self._account = account

    def ready_at(self, operation: str, rate: Rate | None) -> datetime:
        """Return when the next call of an operation may be made."""
        return self._limiters.ready_at((self._account.name, operation), rate)

    def get(
        self,
        operation: str,
        rate: Rate | None,
        path: str,
        params: Mapping[str, Any],
    ) -> dict[str, object] | None:
        """Return the body of a good response; None where the call has to come later.

        Raises:
            RejectedError: Amazon refuses the call.
        """
        client = self._account.client
        response = self._limiters.call(
            (self._account.name, operation),
            rate,
            lambda: self._run.in_background(
                lambda: client.call(operation, "GET", path, params=params)
            ),
        )
        if response is None:
            return None
        body = response.json_object()
        if response.status == HTTPStatus.OK and not body.get("errors"):
            return body
        msg = f"GET {path} is refused (HTTP {response.status}: {response.message()})"
        if response.status in _NEXT_STEP:
            msg += f": {_NEXT_STEP[response.status]}"
        raise RejectedError(msg, status=response.status, request_id=response.request_id)
