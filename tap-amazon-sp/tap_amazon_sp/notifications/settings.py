"""The setting `notifications`: which queue says when a report is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_amazon.config.names import did_you_mean
from singer_amazon.errors import ConfigError
from singer_amazon.s3.access import access_of

if TYPE_CHECKING:
    from tap_amazon_sp.notifications.queue import SqsQueue

BACKUP_SECONDS = 900.0
_NAMES = ("queue_url", "poll_interval_seconds")


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """A queue, and how often reports are polled all the same."""

    queue_url: str
    poll_interval_seconds: float = BACKUP_SECONDS


def read_notifications(config: Mapping[str, Any]) -> NotificationSettings | None:
    """Return the setting; None where it is not set.

    Raises:
        ConfigError: it cannot be meant so.
    """
    raw = config.get("notifications")
    if not raw:
        return None
    for name in raw:
        if name not in _NAMES:
            msg = f"notifications.{name} is not known: {did_you_mean(name, _NAMES)}"
            raise ConfigError(msg)
    url = str(raw.get("queue_url") or "").strip()
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.path.strip("/"):
        msg = (
            f"notifications.queue_url {url!r} is no URL of a queue: write it as SQS "
            "shows it, https://sqs.us-east-1.amazonaws.com/123456789012/name"
        )
        raise ConfigError(msg)
    if url.endswith(".fifo"):
        msg = (
            "notifications.queue_url is a FIFO queue: Amazon sends to standard queues "
            "only. Make one and set its URL"
        )
        raise ConfigError(msg)
    seconds = raw.get("poll_interval_seconds")
    return NotificationSettings(
        url, float(BACKUP_SECONDS if seconds is None else seconds)
    )


def open_queue(settings: NotificationSettings, config: Mapping[str, Any]) -> SqsQueue:
    """Return the queue of the settings.

    Raises:
        ConfigError: boto3 is missing, or refuses the aws_* settings.
    """
    try:
        from tap_amazon_sp.notifications.queue import SqsQueue  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        msg = (
            f"notifications need boto3, which is not installed ({error}): install "
            "tap-amazon-selling-partner[sqs]"
        )
        raise ConfigError(msg) from None
    return SqsQueue(settings.queue_url, access_of(config))
