"""The error body that all Selling Partner calls share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from amazon_emulator.wire import RefusalError, json_response

if TYPE_CHECKING:
    from werkzeug import Response

_CODES = {
    400: "InvalidInput",
    401: "Unauthorized",
    403: "Unauthorized",
    404: "NotFound",
    413: "RequestTooLarge",
    415: "UnsupportedMediaType",
    429: "QuotaExceeded",
    500: "InternalFailure",
    503: "ServiceUnavailable",
}
DENIED = "Access to requested resource is denied."
OVER_QUOTA = "You exceeded your quota for the requested resource."


class SpRefusalError(RefusalError):
    """A refusal with the `details` that Selling Partner errors may have."""

    def __init__(
        self,
        status: int,
        message: str,
        details: str = "",
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, headers=headers)
        self.details = details


def refusal_response(refusal: RefusalError) -> Response:
    """Word a refusal as `{"errors": [{"code", "message", "details"}]}`."""
    details = refusal.details if isinstance(refusal, SpRefusalError) else ""
    message = OVER_QUOTA if refusal.status == 429 else refusal.message  # noqa: PLR2004
    code = _CODES.get(refusal.status, str(refusal.status))
    error = {"code": code, "message": message, "details": details}
    body = {"errors": [error]}
    return json_response(body, refusal.status, headers=refusal.headers)


def denied(details: str = "") -> SpRefusalError:
    """Return the 403 for a call that this token does not allow."""
    return SpRefusalError(403, DENIED, details)


def invalid(message: str, details: str = "") -> SpRefusalError:
    """Return the 400 for a request that breaks the model."""
    return SpRefusalError(400, message, details)
