"""Reads what Amazon says about audiences, however it is written, and writes fees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_amazon.errors import RejectedError
from singer_amazon.http.transport import Response
from target_amazon_audience.amc.models import (
    Fee,
)

MAX_MESSAGE_LENGTH = 300
"""Characters of Amazon's explanation that are shown."""


def message_of(response: Response) -> str:
    """Return Amazon's own explanation, whichever way its service spells the key."""
    body = response.json_object()
    for key in ("message", "Message", "details", "errorMessage"):
        text = body.get(key)
        if isinstance(text, str) and text.strip():
            return " ".join(text.split())[:MAX_MESSAGE_LENGTH]
    return response.message()[:MAX_MESSAGE_LENGTH]


def metadata(ttl: int | None, fee: Fee | None) -> dict[str, object]:
    """Return what of an audience stands under ``metadata``, as Amazon takes it."""
    found: dict[str, object] = {}
    if ttl is not None:
        found["ttl"] = ttl
    if fee is not None:
        found["audienceFees"] = [{"currency": fee.currency, "cpmCents": fee.cents}]
    return found


def fee_of(value: object) -> Fee | None:
    """Return the only fee of an audience; None where there is none, or several."""
    first = value[0] if isinstance(value, list) and len(value) == 1 else None
    item = as_object(first)
    cents = whole(item.get("cpmCents"))
    return None if cents is None else Fee(text(item, "currency"), cents)


def whole(value: object) -> int | None:
    """Return a JSON number as an integer; Amazon may write 10 as 10.0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if value == int(value) else None


def optional(value: object, kind: type[str]) -> str | None:
    """Return a text, None for anything else."""
    return value if isinstance(value, kind) else None


def number(value: object) -> float | None:
    """Return a number, None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(str(value)) if is_number else None


def as_object(value: object) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def objects(response: Response, key: str) -> list[dict[str, Any]]:
    """Return the objects of a list in an response."""
    found = response.json_object().get(key)
    return (
        [item for item in found if isinstance(item, dict)]
        if (isinstance(found, list))
        else []
    )


def text(item: Mapping[str, Any], key: str) -> str:
    """Return a value as text, empty where there is none."""
    value = item.get(key)
    return "" if value is None else str(value)


def required(response: Response, key: str) -> str:
    """Return what an response must have.

    Raises:
        RejectedError: it has not.
    """
    found = response.json_object().get(key)
    if isinstance(found, str) and found:
        return found
    msg = f"Amazon's answer (HTTP {response.status}) has no {key}; ask its support."
    raise RejectedError(msg, status=response.status, request_id=response.request_id)
