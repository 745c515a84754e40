"""What a document says that holds the reason of a failure, not rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from singer_amazon.documents.json_array import unpacked
from singer_amazon.errors import DocumentError
from singer_amazon.masking import masked
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import Failed, Outcome

_MOST_BYTES = 1024 * 1024
_MOST_LETTERS = 500


def classify_query_document(report: Report, path: Path) -> Outcome | None:
    """Return the failure whose reason a document holds; None if it holds rows."""
    if not report.is_failure:
        return None
    reason = _reason(path)
    # the same question gets the same answer: it would cost quota again
    return Failed(f"Amazon ended it: {reason}", is_final=True)


def _reason(path: Path) -> str:
    content = bytearray()
    try:
        for block in unpacked(path):
            content += block
            if len(content) > _MOST_BYTES:
                break
        found = msgspec.json.decode(bytes(content))
    except (DocumentError, msgspec.DecodeError, UnicodeDecodeError):
        found = bytes(content[:_MOST_LETTERS]).decode(errors="replace")
    text = "; ".join(_messages(found)) or "its document gives no reason"
    return masked(" ".join(text.split()))[:_MOST_LETTERS]


def _messages(found: Any) -> list[str]:  # noqa: ANN401 - any JSON value
    if isinstance(found, str):
        return [found]
    if isinstance(found, dict) and isinstance(found.get("errors"), list):
        found = found["errors"]
    entries = found if isinstance(found, list) else [found]
    texts = [
        entry.get("message") if isinstance(entry, dict) else entry for entry in entries
    ]
    return [str(text) for text in texts if text]
