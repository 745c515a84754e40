"""The control calls about notifications: queues, and what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.http import Json, Routed, route

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.notifications.sender import Sender


class NotificationsControl(Routed):
    """Says where a queue really is, and shows the messages."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def statistics(self) -> dict[str, object]:
        """Return `sp_notifications`, oldest first."""
        return {"sp_notifications": list(self._sender.sent)}

    @route("PUT", "/sp/queues")
    def _queue(self, body: Json) -> object:
        self._sender.queues[str(body["arn"])] = str(body["queue_url"])
        return dict(self._sender.queues)

    @route("POST", "/sp/notifications")
    def _send(self, body: Json) -> object:
        del body  # nothing can be asked for
        return {"sent": self._sender.send_due()}
