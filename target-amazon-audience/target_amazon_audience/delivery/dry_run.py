"""What a dry run shows of its first payload."""

from __future__ import annotations

import logging
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from target_amazon_audience.delivery.requests import rows_of

if TYPE_CHECKING:
    from target_amazon_audience.delivery.requests import RecordsRequest

logger = logging.getLogger(__name__)

_SHOWN_ROWS = 3
_SHOWN_DIGITS = 8
_HASH = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")


class PayloadPreview:
    """Shows the first request of a run that sends none."""

    def __init__(self) -> None:
        self._has_shown = False

    def show(self, request: RecordsRequest) -> None:
        """Show a request, if it is the first, with nothing in it that says who."""
        if self._has_shown:
            return
        self._has_shown = True
        rows = [shown(row) for row in rows_of(request.rows)[:_SHOWN_ROWS]]
        logger.info(
            "Dry run: the first payload has %s records, beginning with %s",
            f"{request.count:,}",
            msgspec.json.encode(rows).decode(),
        )


def shown(row: str) -> dict[str, Any]:
    """Return a record for people: hashes and external id cut, IP address hidden."""
    record: dict[str, Any] = msgspec.json.decode(row)
    hidden = sha256(str(record["externalUserId"]).encode()).hexdigest()
    record["externalUserId"] = f"(sha256 {hidden[:_SHOWN_DIGITS]})"
    geo = record.get("userConsent", {}).get("geo", {})
    if "ipAddress" in geo:
        geo["ipAddress"] = "***"
    return {name: _without_hashes(value) for name, value in record.items()}


def _without_hashes(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {name: _without_hashes(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_hashes(inner) for inner in value]
    return _HASH.sub(r"\1", value) if isinstance(value, str) else value
