"""What Amazon's refusals of exports mean, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from singer_amazon.http.transport import Response
from singer_amazon.reports import model
from tap_amazon_ads import wordings

_SCOPES: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "account",
    HTTPStatus.FORBIDDEN: "type",
}
_STEPS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: (
        "Give the user of the refresh token access to this account, or leave it "
        "out with exclude_profile_ids"
    ),
    HTTPStatus.FORBIDDEN: (
        "Give the user of the refresh token the permission advertiser_campaign_view "
        "for this account"
    ),
}


def error_of(body: Mapping[str, object]) -> str:
    """Return why an export has failed, in Amazon's words."""
    error = body.get("error")
    found = error if isinstance(error, dict) else {}
    words = [str(found[n]) for n in ("errorCode", "message") if found.get(n)]
    return ": ".join(words) or "no reason given"


def refusal_of(response: Response) -> model.Refused:
    """Return how far a refusal reaches, and what to do about it."""
    message, status = response.message(), response.status
    if status == HTTPStatus.FORBIDDEN and wordings.says("not offered", message):
        reason = f"not offered for this account ({message}). exclude_streams leaves it"
        return model.Refused(f"{reason} out", scope="type", offered=False)
    text = f"Amazon refuses it (HTTP {status}: {message})"
    if response.request_id:
        text += f" [request {response.request_id}]"
    step = _STEPS.get(status)
    return model.Refused(
        f"{text}. {step}" if step else text, scope=_SCOPES.get(status, "request")
    )
