"""Calls of endpoints: the body of a good response, the next step after a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import RejectedError
from tap_amazon_sp.client import AccountCaller
from tap_amazon_sp.endpoints.definitions import Listing
from tap_amazon_sp.endpoints.expansions import Expansion

_NEXT_STEP: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "check the parameters",
    HTTPStatus.UNAUTHORIZED: "check the account's authorisation",
    HTTPStatus.FORBIDDEN: (
        "check that the application has the role for this operation, that the account "
        "is of the kind it is for, and the region"
    ),
    HTTPStatus.NOT_FOUND: "check the path",
}


def get_body(
    caller: AccountCaller,
    operation: Listing | Expansion,
    path: str,
    params: Mapping[str, Any],
) -> dict[str, object] | None:
    """Return the body of a good response; None where the call has to come later.

    Raises:
        RejectedError: Amazon refuses the call.
    """
    response = caller.get(operation.path, operation.rate, path, params)
    if response is None:
        return None
    body = response.json_object()
    if response.status == HTTPStatus.OK and not body.get("errors"):
        return body
    msg = f"GET {path} is refused (HTTP {response.status}: {response.message()})"
    if response.status in _NEXT_STEP:
        msg += f": {_NEXT_STEP[response.status]}"
    raise RejectedError(msg, status=response.status, request_id=response.request_id)
