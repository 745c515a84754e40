"""What a dry run does with its batches: it counts them, and shows the first payload."""

from __future__ import annotations

import logging
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from target_amazon_audience.wire import rows_of

if TYPE_CHECKING:
    from target_amazon_audience.lane import Lane
    from target_amazon_audience.uploader import Upload

logger = logging.getLogger(__name__)

_SHOWN_ROWS = 3
_SHOWN_DIGITS = 8
_HASH = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")


class DryShow:
    """Takes uploads in the place of Amazon."""

    def __init__(self) -> None:
        self._has_shown = False

    def submit(self, lane: Lane, upload: Upload) -> None:
        """Count a batch; show the first one, with nothing in it that tells who."""
        lane.report.batches += 1
        lane.report.sent += upload.request.count
        if self._has_shown:
            return
        self._has_shown = True
        rows = [shown(row) for row in rows_of(upload.request.rows)[:_SHOWN_ROWS]]
        logger.info(
            "Dry run: the first payload has %s records, beginning with %s",
            f"{upload.request.count:,}",
            msgspec.json.encode(rows).decode(),
        )


def shown(row: str) -> dict[str, Any]:
    """Return a record for people: hashes and external id cut, IP address hidden."""
    record: dict[str, Any] = msgspec.json.decode(row)
    hidden = sha256(str(record["externalUserId"]).encode()).hexdigest()
    record["externalUserId"] = f"(sha256 {hidden[:_SHOWN_DIGITS]})"
    for entry in record["hashedPII"]:
        for field, value in entry.items():
            entry[field] = _HASH.sub(r"\1", value)
    geo = record.get("userConsent", {}).get("geo", {})
    if "ipAddress" in geo:
        geo["ipAddress"] = "***"
    return record
