"""The refusals and the error body that all Selling Partner calls share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from amazon_emulator.http import RefusalError

if TYPE_CHECKING:
    from amazon_emulator.http import Call

_CODES = {
    400: "InvalidInput",
    401: "Unauthorized",
    403: "Unauthorized",
    404: "NotFound",
    409: "Conflict",
    413: "RequestTooLarge",
    415: "UnsupportedMediaType",
    429: "QuotaExceeded",
    500: "InternalFailure",
    503: "ServiceUnavailable",
}
DENIED = "Access to requested resource is denied."
OVER_QUOTA = "You exceeded your quota for the requested resource."


def error_body(refusal: RefusalError) -> object:
    """Return `{"errors": [{"code", "message", "details"}]}`."""
    message = OVER_QUOTA if refusal.status == 429 else refusal.message  # noqa: PLR2004
    code = _CODES.get(refusal.status, str(refusal.status))
    return {"errors": [{"code": code, "message": message, "details": refusal.details}]}


def denied(details: str = "") -> RefusalError:
    """Return the 403 for a call that this token does not allow."""
    return RefusalError(403, DENIED, details)


def invalid(message: str, details: str = "") -> RefusalError:
    """Return the 400 for a request that breaks the model."""
    return RefusalError(400, message, details)


def read_body(call: Call) -> dict[str, object]:
    """Return the JSON object of a request, else refuse it (415, 400)."""
    if call.request.mimetype != "application/json":
        raise RefusalError(415, "Content type must be application/json.")
    try:
        content = json.loads(call.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise invalid("The request body is not a JSON object.")
    return content
