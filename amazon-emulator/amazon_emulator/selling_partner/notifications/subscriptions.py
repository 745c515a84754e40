"""Destinations of the application, and the subscriptions of its accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_emulator.http import RefusalError
from amazon_emulator.selling_partner.access.refusals import invalid
from amazon_emulator.state import seeded_uuid

if TYPE_CHECKING:
    from amazon_emulator.state import EmulatorState

REPORT = "REPORT_PROCESSING_FINISHED"
QUERY = "DATA_KIOSK_QUERY_PROCESSING_FINISHED"
VERSIONS: Mapping[str, str] = {REPORT: "2020-09-04", QUERY: "2023-11-15"}
"""Notification type -> its payload version; the types that are emulated."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A queue that messages may go to."""

    destination_id: str
    name: str
    arn: str

    def as_json(self) -> dict[str, object]:
        """Return it as answers show it."""
        return {
            "destinationId": self.destination_id,
            "name": self.name,
            "resource": {"sqs": {"arn": self.arn}},
        }


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one account gets messages about, and where."""

    subscription_id: str
    account: str
    notification_type: str
    destination_id: str

    def as_json(self) -> dict[str, object]:
        """Return it as answers show it."""
        return {
            "subscriptionId": self.subscription_id,
            "payloadVersion": VERSIONS[self.notification_type],
            "destinationId": self.destination_id,
        }


class Subscriptions:
    """All destinations and subscriptions; safe for threads."""

    def __init__(self, state: EmulatorState) -> None:
        self._state = state
        self._destinations: dict[str, Destination] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._made = 0

    def reset(self) -> None:
        """Forget them all."""
        with self._state.lock:
            self._destinations.clear()
            self._subscriptions.clear()

    def add_destination(self, name: str, arn: str) -> Destination:
        """Keep a queue; a second destination of the same one is refused (409)."""
        with self._state.lock:
            if any(each.arn == arn for each in self._destinations.values()):
                raise RefusalError(409, "A destination of this queue exists already.")
            made = Destination(self._new_id("destination"), name, arn)
            self._destinations[made.destination_id] = made
            return made

    def destinations(self) -> list[Destination]:
        """Return all destinations, oldest first."""
        with self._state.lock:
            return list(self._destinations.values())

    def destination(self, destination_id: str) -> Destination:
        """Return a destination, or refuse the call (404)."""
        found = self._destinations.get(destination_id)
        if found is None:
            raise RefusalError(404, "The destination was not found.")
        return found

    def remove_destination(self, destination_id: str) -> None:
        """Forget a destination, unless a subscription needs it (409)."""
        with self._state.lock:
            self.destination(destination_id)
            listed = self._subscriptions.values()
            if any(each.destination_id == destination_id for each in listed):
                raise RefusalError(409, "The destination has subscriptions.")
            del self._destinations[destination_id]

    def subscribe(self, account: str, kind: str, destination_id: str) -> Subscription:
        """Keep a subscription; a second one of this type is refused (409)."""
        with self._state.lock:
            if destination_id not in self._destinations:
                raise invalid("The destination was not found.", destination_id)
            if self.of_account(account, kind) is not None:
                raise RefusalError(409, "A subscription of this type exists already.")
            name = self._new_id("subscription")
            made = Subscription(name, account, kind, destination_id)
            self._subscriptions[made.subscription_id] = made
            return made

    def of_account(self, account: str, kind: str) -> Subscription | None:
        """Return what an account has subscribed to, if it has."""
        for each in self.all():
            if (each.account, each.notification_type) == (account, kind):
                return each
        return None

    def subscription(self, kind: str, subscription_id: str) -> Subscription:
        """Return a subscription, or refuse the call (404)."""
        found = self._subscriptions.get(subscription_id)
        if found is None or found.notification_type != kind:
            raise RefusalError(404, "The subscription was not found.")
        return found

    def unsubscribe(self, kind: str, subscription_id: str) -> None:
        """Forget a subscription."""
        with self._state.lock:
            self.subscription(kind, subscription_id)
            del self._subscriptions[subscription_id]

    def all(self) -> list[Subscription]:
        """Return all subscriptions, oldest first."""
        with self._state.lock:
            return list(self._subscriptions.values())

    def _new_id(self, word: str) -> str:
        self._made += 1
        return str(seeded_uuid(f"{self._state.settings.seed}|{word}|{self._made}"))
