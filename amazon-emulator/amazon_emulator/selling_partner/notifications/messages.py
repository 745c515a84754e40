"""The bodies of the messages. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant
from amazon_emulator.selling_partner.data_kiosk.lifecycle import (
    DATA,
    KioskQuery,
    document_of,
)
from amazon_emulator.selling_partner.notifications.subscriptions import (
    QUERY,
    VERSIONS,
    Subscription,
)
from amazon_emulator.selling_partner.reports.lifecycle import SpReport, has_document
from amazon_emulator.state import seeded_uuid

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.settings import Settings

Json = Mapping[str, object]
_APPLICATION = "amzn1.sp.solution.emulator"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, and whom it is about."""

    subscription: Subscription
    number: int
    at: datetime
    body: str
    note: str = ""
    """What is odd about it: `copy`, `foreign`, `unknown`, `test`."""


def account_id(partner: Partner) -> str:
    """Return the id that messages call an account by: not that of the seller."""
    kind = "merchant.o" if partner.account_type == "seller" else "vg"
    return f"amzn1.{kind}.{partner.partner_id}"


def report_payload(partner: Partner, report: SpReport, status: str) -> Json:
    """Return what is said of a report that is over."""
    said: dict[str, object] = {
        "accountId": account_id(partner),
        "reportId": report.public_id,
        "reportType": report.plan.report_type.name,
        "processingStatus": status,
    }
    if partner.account_type == "seller":
        said["sellerId"] = partner.partner_id
    if has_document(report, status):
        said["reportDocumentId"] = report.document_id
    return {"reportProcessingFinishedNotification": said}


def query_payload(partner: Partner, query: KioskQuery, status: str) -> Json:
    """Return what is said of a query that is over."""
    said: dict[str, object] = {
        "accountId": account_id(partner),
        "queryId": query.public_id,
        "query": query.query.text,
        "processingStatus": status,
    }
    kind = document_of(query, status)
    if kind is not None:
        said[kind] = query.document_id
    if kind == DATA and query.next_token is not None:
        said["pagination"] = {"nextToken": query.next_token}
    return said


def message(
    subscription: Subscription, payload: Json, number: int, at: datetime, note: str = ""
) -> Message:
    """Return a message with its envelope; the number makes its notification id."""
    kind = subscription.notification_type
    body = {
        "notificationVersion": "1.0",
        "notificationType": kind,
        "payloadVersion": VERSIONS[kind],
        "eventTime": format_instant(at),
        "payload": payload,
        "notificationMetadata": {
            "applicationId": _APPLICATION,
            "subscriptionId": subscription.subscription_id,
            "publishTime": format_instant(at),
            "notificationId": str(seeded_uuid(f"notification|{number}")),
        },
    }
    return Message(subscription, number, at, json.dumps(body), note)


def delivered(messages: list[Message], settings: Settings) -> Iterator[Message]:
    """Yield the messages as the settings let them arrive."""
    ordered = messages[::-1] if settings.sp_notification_reversed else messages
    lost = settings.sp_notification_lost_every
    for one in ordered:
        if lost and one.number % lost == 0:
            continue
        yield one
        for _ in range(settings.sp_notification_copies - 1):
            yield Message(one.subscription, one.number, one.at, one.body, "copy")
        if settings.sp_notification_foreign:
            payload = _foreign(one.subscription.notification_type, one.number)
            yield message(one.subscription, payload, -one.number, one.at, "foreign")
        if settings.sp_notification_unknown:
            for body in ("not JSON", '{"notificationType": "NEW_KIND_2027"}', "[]"):
                yield Message(one.subscription, one.number, one.at, body, "unknown")


def _foreign(kind: str, number: int) -> Json:
    """Return what is said of something another program has asked for."""
    common = {"accountId": "amzn1.merchant.o.FOREIGN", "processingStatus": "DONE"}
    if kind == QUERY:
        return {**common, "queryId": f"9999{number:08d}", "query": "query{x}"}
    said = {**common, "reportId": f"9999{number:08d}", "reportType": "GET_X"}
    return {"reportProcessingFinishedNotification": said}
