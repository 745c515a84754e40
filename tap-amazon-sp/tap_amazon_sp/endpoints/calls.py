"""What a walk needs of the world: calls at their pace, and somewhere to put records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from singer_amazon.errors import RejectedError
from singer_amazon.http.transport import Response
from singer_amazon.rate_limits import Rate
from tap_amazon_sp.endpoints.places import Place

Record = dict[str, Any]

_NEXT_STEP: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "check the parameters",
    HTTPStatus.UNAUTHORIZED: "check the account's authorisation",
    HTTPStatus.FORBIDDEN: (
        "check that the application has the role for this operation, that the account "
        "is of the kind it is for, and the region"
    ),
    HTTPStatus.NOT_FOUND: "check the path",
}


class Caller(Protocol):
    """Makes the calls of one account at their limiters."""

    def ready_at(self, operation: str, rate: Rate | None) -> datetime:
        """Return when the next call of an operation may be made."""
        ...

    def get(
        self,
        operation: str,
        rate: Rate | None,
        path: str,
        params: Mapping[str, Any],
    ) -> Response | None:
        """Make a call that is ready; None where Amazon wants it later (429)."""
        ...


class Output(Protocol):
    """Takes what a walk brings."""

    def page(self, place: Place, records: Sequence[Record]) -> None:
        """Look at the records of a page before the first of them is written."""
        ...

    def write(self, place: Place, records: Sequence[Record]) -> None:
        """Write complete records as rows of the place's table."""
        ...

    def moved(self, place: Place) -> None:
        """Note that a place has moved on."""
        ...

    def failed(self, place: Place, what: str, reason: str) -> None:
        """Note that something could not be read."""
        ...


def get(
    caller: Caller,
    operation: str,
    rate: Rate | None,
    path: str,
    params: Mapping[str, Any],
) -> dict[str, object] | None:
    """Return the body of a good answer, None where the call has to come later.

    Raises:
        RejectedError: Amazon refuses the call.
    """
    answer = caller.get(operation, rate, path, params)
    if answer is None:
        return None
    body = answer.json_object()
    if answer.status == HTTPStatus.OK and not body.get("errors"):
        return body
    msg = f"GET {path} is refused (HTTP {answer.status}: {answer.message()})"
    if answer.status in _NEXT_STEP:
        msg += f": {_NEXT_STEP[answer.status]}"
    raise RejectedError(msg, status=answer.status, request_id=answer.request_id)
