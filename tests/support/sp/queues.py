"""A local SQS (moto's), and an Amazon that sends to it what the emulator has done."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from amazon_emulator import Emulator
from support.sp.notices import query_notice, report_notice
from support.sp.runs import Run, run
from tap_amazon_sp.notifications.messages import Message, read_message
from tap_amazon_sp.tap import TapAmazonSp

REGION = "us-east-1"
KEYS: dict[str, Any] = {
    "aws_access_key_id": "emulator",
    "aws_secret_access_key": "emulator-secret",
    "aws_region": REGION,
}


@dataclass
class LocalQueue:
    """A standard queue, new for each test."""

    client: Any = field(repr=False)
    """A client of SQS; its stubs are not installed."""
    url: str

    @property
    def arn(self) -> str:
        return str(self._attributes()["QueueArn"])

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> int:
        """Return how many messages are in it, those that are hidden included."""
        found = self._attributes()
        return int(found["ApproximateNumberOfMessages"]) + int(
            found["ApproximateNumberOfMessagesNotVisible"]
        )

    def set_policy(self, policy: str) -> None:
        self.client.set_queue_attributes(
            QueueUrl=self.url, Attributes={"Policy": policy}
        )

    def _attributes(self) -> dict[str, str]:
        response = self.client.get_queue_attributes(
            QueueUrl=self.url, AttributeNames=["All"]
        )
        return dict(response["Attributes"])


@contextmanager
def local_queues() -> Iterator[Any]:
    """Run an SQS on a free loopback port; yields its client."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    names = {n: v for n, v in KEYS.items() if n != "aws_region"}
    yield boto3.client(
        "sqs", endpoint_url=f"http://{host}:{port}", region_name=REGION, **names
    )
    server.stop()


def new_queue(client: Any) -> LocalQueue:
    response = client.create_queue(QueueName=f"q-{uuid.uuid4().hex}")
    return LocalQueue(client, response["QueueUrl"])


class SendingQueue:
    """The tap's queue; whenever it is asked, Amazon has sent what is due by then."""

    def __init__(
        self, inner: Any, emulator: Emulator, queue: LocalQueue, copies: int = 1
    ) -> None:
        self.inner = inner
        self._emulator = emulator
        self._queue = queue
        self._copies = copies
        self._sent: set[tuple[str, str]] = set()
        self.deleted: list[str] = []
        self.report_ids: dict[str, str] = {}
        """The report that a receipt's message names, where it names one."""

    def receive(self, wait_seconds: int = 0) -> list[Message]:
        self.send_due()
        found: list[Message] = self.inner.receive(wait_seconds)
        for message in found:
            said = read_message(message.body)
            self.report_ids[message.receipt] = said.report_id if said else ""
        return found[::-1]

    def delete(self, receipts: Sequence[str]) -> None:
        self.deleted += receipts
        self.inner.delete(receipts)

    def send_due(self) -> None:
        client = self._emulator.client
        now = client.now()
        for report in client.statistics().sp_reports:
            key = (report.account, report.report_id)
            age = (now - report.created_at).total_seconds()
            if key not in self._sent and age >= report.ready_after_seconds:
                self._sent.add(key)
                name = "-".join(key)
                body = report_notice(report.report_id, report.report_type, name)
                foreign = [
                    report_notice(f"{name}-x", report.report_type, f"{name}-x"),
                    query_notice(f"{name}-q", f"{name}-q"),
                    "no JSON at all",
                ]
                self._queue.send(*[body] * self._copies, *foreign[: self._copies - 1])


class PromptQueue:
    """The tap's queue; whenever it is asked, the emulator has sent what is due."""

    def __init__(self, inner: Any, emulator: Emulator) -> None:
        self._inner = inner
        self._emulator = emulator

    def receive(self, wait_seconds: int = 0) -> list[Message]:
        self._emulator.client.send_sp_notifications()
        found: list[Message] = self._inner.receive(wait_seconds)
        return found

    def delete(self, receipts: Sequence[str]) -> None:
        self._inner.delete(receipts)


def prompt_run(
    emulator: Emulator, queue: LocalQueue, *streams: str, **changes: Any
) -> Run:
    """Run streams that are told by a queue to which the emulator sends."""

    def prepare(tap: TapAmazonSp, _: object) -> None:
        tap.__dict__["_queue"] = PromptQueue(tap._queue, emulator)

    setting = {"queue_url": queue.url}
    return run(
        emulator, *streams, prepare=prepare, notifications=setting, **KEYS, **changes
    )
