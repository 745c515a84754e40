"""The queue of SQS; the only module here that needs boto3, an extra of the tap.

Source: the API of Amazon SQS (ReceiveMessage, DeleteMessageBatch, GetQueueAttributes).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from singer_amazon.errors import AmazonError
from singer_amazon.s3.access import S3Access
from singer_amazon.s3.client import open_session
from tap_amazon_sp.notifications.messages import Message

LONG_POLL_SECONDS = 20
HIDDEN_SECONDS = 60
"""How long a message that was handed out is nobody else's."""

_MAX_MESSAGES = 10
_FALLBACK_REGION = "us-east-1"
_HOST = re.compile(r"sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_FAILURES = (BotoCoreError, ClientError, OSError)


class QueueError(AmazonError):
    """The queue cannot be used; the text says why, and what to do."""


class SqsQueue:
    """A queue by its URL; methods may be called from several threads."""

    def __init__(self, url: str, access: S3Access) -> None:
        parts = urlsplit(url)
        self.url = url
        session = open_session(access)
        own = access.region or session.region_name or _FALLBACK_REGION
        self._client: Any = session.client(
            "sqs",
            endpoint_url=f"{parts.scheme}://{parts.netloc}",
            region_name=_region(parts.hostname or "") or own,
            config=Config(
                connect_timeout=5,
                read_timeout=LONG_POLL_SECONDS + 10,
                retries={"mode": "standard", "max_attempts": 3},
            ),
        )

    def receive(self, wait_seconds: int = LONG_POLL_SECONDS) -> list[Message]:
        """Return the next messages, after this long without any an empty list.

        Raises:
            QueueError: the queue refuses it.
        """
        response = self._call(
            "receive_message",
            MaxNumberOfMessages=_MAX_MESSAGES,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=HIDDEN_SECONDS,
        )
        return [
            Message(entry["ReceiptHandle"], entry["Body"])
            for entry in response.get("Messages", ())
        ]

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages; one that is gone already is no error.

        Raises:
            QueueError: the queue refuses it.
        """
        for first in range(0, len(receipts), _MAX_MESSAGES):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt}
                for number, receipt in enumerate(receipts[first : first + 10])
            ]
            self._call("delete_message_batch", Entries=entries)

    def attributes(self) -> dict[str, str]:
        """Return what the queue says of itself.

        Raises:
            QueueError: the queue refuses it.
        """
        response = self._call("get_queue_attributes", AttributeNames=["All"])
        return dict(response.get("Attributes", {}))

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        try:
            found: dict[str, Any] = getattr(self._client, operation)(
                QueueUrl=self.url, **arguments
            )
        except _FAILURES as error:
            msg = (
                f"The queue {self.url} refuses {operation}: {error}. Check "
                "notifications.queue_url, and that these AWS credentials allow "
                "sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes"
            )
            raise QueueError(msg) from None
        return found


def _region(host: str) -> str | None:
    """Return the region that a host of AWS names, None for others."""
    found = _HOST.fullmatch(host)
    return found.group(1) if found else None
