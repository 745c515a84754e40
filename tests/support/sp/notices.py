"""Notifications as Amazon writes them, from the facts about them."""

from __future__ import annotations

import json
from typing import Any


def report_notice(report_id: str, report_type: str, notification_id: str) -> str:
    """Return the body of a REPORT_PROCESSING_FINISHED."""
    inner = {
        "sellerId": "A1SELLER",
        "accountId": "amzn1.merchant.o.A1",
        "reportId": report_id,
        "reportType": report_type,
        "processingStatus": "DONE",
        "reportDocumentId": f"{report_id}-document",
    }
    payload = {"reportProcessingFinishedNotification": inner}
    return _envelope(
        "REPORT_PROCESSING_FINISHED", "2020-09-04", payload, notification_id
    )


def query_notice(query_id: str, notification_id: str) -> str:
    """Return the body of a DATA_KIOSK_QUERY_PROCESSING_FINISHED."""
    payload = {
        "accountId": "amzn1.merchant.o.A1",
        "queryId": query_id,
        "query": "{ analytics }",
        "processingStatus": "DONE",
        "dataDocumentId": f"{query_id}-document",
    }
    kind = "DATA_KIOSK_QUERY_PROCESSING_FINISHED"
    return _envelope(kind, "2023-11-15", payload, notification_id)


def _envelope(
    kind: str, version: str, payload: dict[str, Any], notification_id: str
) -> str:
    return json.dumps(
        {
            "notificationVersion": "1.0",
            "notificationType": kind,
            "payloadVersion": version,
            "eventTime": "2026-11-20T12:00:00.000Z",
            "payload": payload,
            "notificationMetadata": {
                "applicationId": "amzn1.sellerapps.app.1",
                "subscriptionId": "s1",
                "publishTime": "2026-11-20T12:00:01.000Z",
                "notificationId": notification_id,
            },
        }
    )
