"""Finds reports and queries that are over, and sends a message for each, once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant
from amazon_emulator.selling_partner.data_kiosk import lifecycle as kiosk
from amazon_emulator.selling_partner.notifications.messages import (
    Json,
    Message,
    delivered,
    message,
    query_payload,
    report_payload,
)
from amazon_emulator.selling_partner.notifications.queues import (
    QueueError,
    send_message,
)
from amazon_emulator.selling_partner.notifications.subscriptions import QUERY
from amazon_emulator.selling_partner.reports import lifecycle as reporting

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.selling_partner.accounts import SellingPartners
    from amazon_emulator.selling_partner.data_kiosk.store import KioskStore
    from amazon_emulator.selling_partner.notifications.subscriptions import (
        Subscription,
        Subscriptions,
    )
    from amazon_emulator.selling_partner.reports.store import SpReportStore
    from amazon_emulator.state import EmulatorState

_OVER = (reporting.DONE, reporting.CANCELLED, reporting.FATAL)
Key = tuple[str, str]
Due = tuple[Key, Callable[[], Json]]
"""What is over, and what is said of it."""


class Sender:
    """Sends what has become due; `queues` says where an ARN really is."""

    def __init__(
        self,
        state: EmulatorState,
        accounts: SellingPartners,
        subscriptions: Subscriptions,
        reports: SpReportStore,
        queries: KioskStore,
        alarms: list[str],
    ) -> None:
        self._state, self._accounts = state, accounts
        self._subscriptions = subscriptions
        self._reports, self._queries, self._alarms = reports, queries, alarms
        self.queues: dict[str, str] = {}
        self.sent: list[dict[str, object]] = []
        self._known: set[tuple[str, Key]] = set()
        self._number = 0
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Forget queues and messages."""
        with self._lock:
            self.queues.clear()
            self.sent.clear()
            self._known.clear()

    def skip_finished(self, subscription: Subscription) -> None:
        """Let a new subscription say nothing of what was over before it."""
        with self._lock:
            keys = [key for key, _ in self._over(subscription)]
            self._known |= {(subscription.subscription_id, key) for key in keys}

    def send_due(self) -> int:
        """Send a message for everything newly over; return how many were sent."""
        with self._lock:
            messages = [
                self._message(subscription, say())
                for subscription in self._subscriptions.all()
                for key, say in self._over(subscription)
                if self._is_new(subscription, key)
            ]
            settings = self._state.settings
            return sum(self._send(one) for one in delivered(messages, settings))

    def send_test(self, subscription: Subscription, payload: Json) -> None:
        """Send a message that is about nothing."""
        with self._lock:
            self._send(self._message(subscription, payload, "test"))

    def _is_new(self, subscription: Subscription, key: Key) -> bool:
        entry = (subscription.subscription_id, key)
        is_new = entry not in self._known
        self._known.add(entry)
        return is_new

    def _message(
        self, subscription: Subscription, payload: Json, note: str = ""
    ) -> Message:
        self._number += 1
        now = self._state.clock.now()
        return message(subscription, payload, self._number, now, note)

    def _over(self, subscription: Subscription) -> Iterator[Due]:
        """Yield what is over of the kind and account that a subscription is about."""
        partner, now = self._accounts.partner(subscription.account), self._now()
        if partner is None:
            return
        if subscription.notification_type == QUERY:
            for query in self._queries.all():
                status = kiosk.status_of(query, now)
                if query.account == partner.name and status in _OVER:
                    say = partial(query_payload, partner, query, status)
                    yield ("query", query.report_id), say
            return
        for report in self._reports.all():
            status = reporting.status_of(report, now)
            is_asked_for = report.account == partner.name and not report.is_listed_only
            if is_asked_for and status in _OVER:
                yield (
                    ("report", report.report_id),
                    partial(report_payload, partner, report, status),
                )

    def _now(self) -> datetime:
        return self._state.clock.now()

    def _send(self, one: Message) -> bool:
        """Put a message into its queue, and keep what was sent."""
        subscription = one.subscription
        destination = self._subscriptions.destination(subscription.destination_id)
        queue_url = self.queues.get(destination.arn)
        if queue_url is not None:
            try:
                send_message(queue_url, one.body)
            except QueueError as error:
                self._alarms.append(str(error))
                queue_url = None
        entry: dict[str, object] = {
            "account": subscription.account,
            "notification_type": subscription.notification_type,
            "number": one.number,
            "note": one.note,
            "at": format_instant(one.at),
            "queue_url": queue_url,
            "body": one.body,
        }
        self.sent.append(entry)
        return queue_url is not None
