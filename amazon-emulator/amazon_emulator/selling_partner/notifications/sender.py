"""Finds reports and queries that are over, and sends a message for each, once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
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
from amazon_emulator.selling_partner.notifications.subscriptions import REPORT
from amazon_emulator.selling_partner.reports import lifecycle as reporting

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.accounts import Partner, SellingPartners
    from amazon_emulator.selling_partner.data_kiosk.store import KioskStore
    from amazon_emulator.selling_partner.notifications.subscriptions import (
        Subscription,
        Subscriptions,
    )
    from amazon_emulator.selling_partner.reports.store import SpReportStore
    from amazon_emulator.state import EmulatorState

_OVER = (kiosk.DONE, kiosk.CANCELLED, kiosk.FATAL)
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
        partner = self._accounts.partner(subscription.account)
        if partner is None:
            return
        is_report = subscription.notification_type == REPORT
        found = self._reports_over if is_report else self._queries_over
        yield from found(partner)

    def _reports_over(self, partner: Partner) -> Iterator[Due]:
        now = self._state.clock.now()
        for report in self._reports.all():
            if report.account != partner.name or report.is_listed_only:
                continue
            status = reporting.status_of(report, now)
            if status in _OVER:
                key = ("report", report.report_id)
                yield (
                    key,
                    lambda r=report, s=status: report_payload(partner, r, s),  # type: ignore[misc]
                )

    def _queries_over(self, partner: Partner) -> Iterator[Due]:
        now = self._state.clock.now()
        for query in self._queries.all():
            if query.account != partner.name:
                continue
            status = kiosk.status_of(query, now)
            if status in _OVER:
                key = ("query", query.report_id)
                yield (
                    key,
                    lambda q=query, s=status: query_payload(partner, q, s),  # type: ignore[misc]
                )

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
