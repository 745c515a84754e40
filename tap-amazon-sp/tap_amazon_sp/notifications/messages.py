"""What a message of the queue says. Whatever cannot be understood is left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REPORTS = "REPORT_PROCESSING_FINISHED"
QUERIES = "DATA_KIOSK_QUERY_PROCESSING_FINISHED"
PAYLOAD_VERSIONS: Mapping[str, str] = {REPORTS: "2020-09-04", QUERIES: "2023-11-15"}
"""The types that are subscribed to, each with the version read here."""

_REPORT_PAYLOAD = "reportProcessingFinishedNotification"
_MAX_ID = 200


@dataclass(frozen=True, slots=True)
class Message:
    """A message as SQS hands it out; `receipt` is what deletes it."""

    receipt: str
    body: str


@dataclass(frozen=True, slots=True)
class Announcement:
    """Amazon is done with a report, or with a query of Data Kiosk."""

    notification_id: str
    report_id: str
    report_type: str = ""
    """Empty for queries, which have none."""


def read_message(body: str) -> Announcement | None:
    """Return what a message announces; None where it is of another kind, or damaged."""
    envelope = _object(body)
    kind, payload = envelope.get("notificationType"), envelope.get("payload")
    if not isinstance(payload, dict):
        return None
    if kind == REPORTS:
        inner = payload.get(_REPORT_PAYLOAD)
        return _announcement(envelope, inner, "reportId", "reportType")
    if kind == QUERIES:
        return _announcement(envelope, payload, "queryId", "")
    return None


def _announcement(
    envelope: Mapping[str, Any], found: object, id_name: str, type_name: str
) -> Announcement | None:
    if not isinstance(found, dict):
        return None
    report_id, report_type = found.get(id_name), found.get(type_name, "")
    if not isinstance(report_id, str) or not 0 < len(report_id) <= _MAX_ID:
        return None
    metadata = envelope.get("notificationMetadata")
    given = metadata.get("notificationId") if isinstance(metadata, dict) else None
    # without an id of its own a message is the same as any other of its report
    notification_id = given if isinstance(given, str) and given else report_id
    return Announcement(
        notification_id, report_id, report_type if isinstance(report_type, str) else ""
    )


def _object(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
