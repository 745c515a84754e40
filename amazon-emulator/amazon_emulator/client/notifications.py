"""The control calls about notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amazon_emulator.client.control_client import ControlClient


class NotificationCalls(ControlClient):
    """Names queues, and has messages sent."""

    def set_sp_queue(self, arn: str, queue_url: str) -> None:
        """Say at which URL of a local SQS the queue of an ARN is."""
        self._call("PUT", "/sp/queues", {"arn": arn, "queue_url": queue_url})

    def send_sp_notifications(self) -> int:
        """Send what is due now, without waiting; return how many messages went out."""
        return int(self._object("POST", "/sp/notifications")["sent"])

    def sp_notifications(self) -> list[Mapping[str, Any]]:
        """Return all messages, oldest first.

        Each has `account`, `notification_type`, `number`, `note` (`copy`, `foreign`,
        `unknown`, `test` or nothing), `at`, `queue_url` (None: not sent), `body`.
        """
        found: list[Mapping[str, Any]] = self._object("GET", "/statistics")[
            "sp_notifications"
        ]
        return found
