"""Sends messages to a queue of a local SQS, over its JSON protocol."""

from __future__ import annotations

import json
import urllib.request
from urllib.error import URLError
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 10


class QueueError(Exception):
    """A message that could not be sent; the text says where to, and why."""


def send_message(queue_url: str, body: str) -> None:
    """Put a message into a queue; servers of this kind check no signature."""
    parts = urlsplit(queue_url)
    region = "us-east-1"
    credential = f"emulator/20260101/{region}/sqs/aws4_request"
    request = urllib.request.Request(  # noqa: S310 - the tester's own queue
        f"{parts.scheme}://{parts.netloc}/",
        json.dumps({"QueueUrl": queue_url, "MessageBody": body}).encode(),
        {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS.SendMessage",
            "Authorization": (
                f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, "
                "Signature=0"
            ),
        },
        method="POST",
    )
    # A proxy of the environment has no business with a loopback address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            response.read()
    except (URLError, OSError) as error:
        message = f"A message could not be sent to {queue_url}: {error}."
        raise QueueError(message) from None
