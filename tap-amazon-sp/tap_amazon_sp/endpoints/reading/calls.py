"""Calls of endpoints: the body of a good response, the next step after a refusal."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import AmazonError, CallError, RejectedError
from singer_amazon.http.transport import Response
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
_PERSONAL = re.compile(r"%40|%2B|@|\+", re.IGNORECASE)
"""In a part of a path: an e-mail address, a telephone number."""

_MAX_PART = 80
_SURROGATE = re.compile("[\ud800-\udfff]")


class CallOutcomes:
    """What became of the calls of one list: second tries used up, paths that work."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._working: set[str] = set()

    def begin_slice(self) -> None:
        """Give each path a second try again: some refusals pass."""
        self._used.clear()

    def succeeded(self, path: str) -> None:
        """Note that a path works in this run."""
        self._working.add(path)

    def is_about_record(self, error: AmazonError, path: str) -> bool:
        """Whether a failure is one of this record, not an outage of Amazon."""
        status = error.status if isinstance(error, RejectedError) else None
        is_refusal = status is not None or not isinstance(error, CallError)
        return is_refusal or path in self._working

    def has_second_try(self, error: AmazonError, path: str) -> bool:
        """Whether to make a call again after an HTTP 400; it is used up then."""
        status = error.status if isinstance(error, RejectedError) else None
        if status != HTTPStatus.BAD_REQUEST or path in self._used:
            return False
        self._used.add(path)
        return True


def get_body(
    caller: AccountCaller,
    operation: Listing | Expansion,
    path: str,
    params: Mapping[str, Any],
) -> dict[str, Any] | None:
    """Return the body of a good response; None where the call has to come later.

    Raises:
        RejectedError: Amazon refuses the call, or its response cannot be read.
    """
    response = caller.get(operation.path, operation.rate, path, params)
    if response is None:
        return None
    if response.status == HTTPStatus.OK:
        body = _object(response, path)
        if not body.get("errors"):
            return body
    msg = f"GET {shown(path)} is refused (HTTP {response.status}: {response.message()})"
    if response.status in _NEXT_STEP:
        msg += f": {_NEXT_STEP[response.status]}"
    raise RejectedError(msg, status=response.status, request_id=response.request_id)


def shown(path: str) -> str:
    """Return a path as messages and the state may show it.

    Ids are no secrets, but of a part that is long, or the address of a person, only
    a digest is.
    """
    return "/".join(_shown_part(part) for part in path.split("/"))


def _shown_part(part: str) -> str:
    if len(part) <= _MAX_PART and not _PERSONAL.search(part):
        return part
    return f"~{hashlib.blake2b(part.encode(), digest_size=6).hexdigest()}"


def _object(response: Response, path: str) -> dict[str, Any]:
    body = response.json()
    if body is None:
        body = _leniently(response.body)
    if isinstance(body, dict):
        return body
    what = "no JSON that can be read" if body is None else "no JSON object"
    msg = (
        f"GET {shown(path)} is answered with {what} (HTTP {response.status}, "
        f"{len(response.body)} bytes). If it stays so, check endpoint_uri and the path"
    )
    raise RejectedError(msg, status=None, request_id=response.request_id)


def _leniently(body: bytes) -> object:
    """Read what is JSON but for half an emoji, or a number that no computer holds.

    The first becomes the sign for an unreadable character, the second its text.
    """
    try:
        found: object = json.loads(body, parse_float=_float, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return _clean(found)


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _clean(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(entry) for entry in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(entry) for name, entry in value.items()}
    return value
