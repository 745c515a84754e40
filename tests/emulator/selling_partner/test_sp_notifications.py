"""Notifications: destinations, subscriptions, and messages in a local SQS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from jsonschema import Draft7Validator
from moto.server import ThreadedMotoServer
from werkzeug.test import TestResponse

from amazon_emulator.client import EmulatorClient
from amazon_emulator.server import Emulator
from support.core.material import needs_specs, spec
from support.sp.emulation import NOON, report_body
from support.sp.kiosk import KioskCaller, by_asin
from support.sp.model import check

SQSClient = Any  # the stubs of SQS are not installed
MODEL = "notifications.json"
REPORT = "REPORT_PROCESSING_FINISHED"
QUERY = "DATA_KIOSK_QUERY_PROCESSING_FINISHED"
VERSIONS = {REPORT: "2020-09-04", QUERY: "2023-11-15"}
ROOT = "/notifications/v1"
SCOPE = "sellingpartnerapi::notifications"


class NotificationCaller(KioskCaller):
    """Calls with and without an account; names the account `` for grantless ones."""

    def grantless(self, scope: str = SCOPE) -> TestResponse:
        settings = self.emulation.state.settings
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "scope": scope,
        }
        return self.api.post("/auth/o2/token", data=form)

    def call(
        self, method: str, path: str, body: object = None, account: str = ""
    ) -> TestResponse:
        if not account and "" not in self.tokens:
            self.tokens[""] = self.grantless().get_json()["access_token"]
        headers = self.headers(account)
        more: dict[str, Any] = {} if body is None else {"json": body}
        return self.api.open(ROOT + path, method=method, headers=headers, **more)

    def destination(self, arn: str) -> str:
        body = {"name": "queue", "resourceSpecification": {"sqs": {"arn": arn}}}
        response = self.call("POST", "/destinations", body)
        assert response.status_code == 200, response.text
        found: str = response.get_json()["payload"]["destinationId"]
        return found

    def subscribe(self, kind: str, destination_id: str, account: str) -> TestResponse:
        body = {"payloadVersion": VERSIONS[kind], "destinationId": destination_id}
        return self.call("POST", f"/subscriptions/{kind}", body, account)

    def send(self) -> int:
        return self.emulation.selling.sender.send_due()


ARN = "arn:aws:sqs:us-east-1:123456789012:news"


@pytest.fixture
def caller() -> Iterator[NotificationCaller]:
    caller = NotificationCaller(ready_after_seconds=60)
    yield caller
    caller.emulation.close()


@pytest.fixture(scope="module")
def sqs() -> Iterator[SQSClient]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    session = boto3.Session("test", "test", region_name="us-east-1")
    config = Config(proxies={})
    url = f"http://127.0.0.1:{port}"
    client = session.client("sqs", endpoint_url=url, config=config)
    yield client
    client.close()
    server.stop()


@pytest.fixture
def queue(sqs: SQSClient, request: pytest.FixtureRequest) -> str:
    made: str = sqs.create_queue(QueueName=request.node.name[:60])["QueueUrl"]
    return made


def received(sqs: SQSClient, queue: str) -> list[str]:
    bodies: list[str] = []
    while True:
        batch = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        messages = batch.get("Messages", [])
        if not messages:
            return bodies
        for each in messages:
            bodies.append(each["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])


def subscribed(caller: NotificationCaller, queue: str) -> None:
    caller.emulation.selling.sender.queues[ARN] = queue
    destination_id = caller.destination(ARN)
    for kind, account in ((REPORT, "vega-us"), (QUERY, "acme-us"), (REPORT, "acme-us")):
        assert caller.subscribe(kind, destination_id, account).status_code == 200


def test_what_is_over_is_reported_once(
    caller: NotificationCaller, sqs: SQSClient, queue: str
) -> None:
    caller.created(report_body())  # over before anybody subscribes
    caller.advance(60)
    subscribed(caller, queue)
    report_id = caller.created(report_body())
    query_id = caller.created_query(by_asin())
    assert caller.send() == 0
    caller.advance(60)

    assert caller.send() == 2
    assert caller.send() == 0
    bodies = [json.loads(body) for body in received(sqs, queue)]

    by_kind = {body["notificationType"]: body for body in bodies}
    said = by_kind[REPORT]["payload"]["reportProcessingFinishedNotification"]
    assert (said["reportId"], said["processingStatus"]) == (report_id, "DONE")
    assert said["reportDocumentId"] == caller.poll(report_id)["reportDocumentId"]
    assert said["accountId"].startswith("amzn1.vg.")
    assert "sellerId" not in said
    flat, shown = by_kind[QUERY]["payload"], caller.look(query_id)
    assert flat["queryId"] == query_id
    assert flat["query"] == by_asin()
    assert flat["dataDocumentId"] == shown["dataDocumentId"]
    ids = {body["notificationMetadata"]["notificationId"] for body in bodies}
    assert len(ids) == 2


def test_pages_and_errors_are_reported(
    caller: NotificationCaller, sqs: SQSClient, queue: str
) -> None:
    subscribed(caller, queue)
    caller.change(sp_kiosk_lines_per_page=2)
    caller.created_query(by_asin())
    caller.created_query(by_asin(start="2026-11-11"))
    caller.advance(60)
    caller.send()
    said = [json.loads(body)["payload"] for body in received(sqs, queue)]
    assert [x["processingStatus"] for x in said] == ["DONE", "FATAL"]
    assert said[0]["pagination"]["nextToken"]
    assert said[1]["errorDocumentId"]


def test_copies_disorder_and_foreign_messages(
    caller: NotificationCaller, sqs: SQSClient, queue: str
) -> None:
    subscribed(caller, queue)
    caller.change(
        sp_notification_copies=2,
        sp_notification_reversed=True,
        sp_notification_foreign=True,
        sp_notification_unknown=True,
    )
    ids = [
        caller.created_query(by_asin(start=day, end=day))
        for day in ("2026-11-01", "2026-11-02")
    ]
    caller.advance(60)
    caller.send()
    bodies = received(sqs, queue)
    assert len(bodies) == 2 * (2 + 1 + 3)
    assert bodies.count("not JSON") == 2
    parsed = [json.loads(b) for b in bodies if b != "not JSON"]
    queries = [b for b in parsed if isinstance(b, dict) and "payload" in b]
    found = [b["payload"]["queryId"] for b in queries]
    assert [f for f in found if f in ids] == [ids[1], ids[1], ids[0], ids[0]]
    assert len([f for f in found if f not in ids]) == 2
    notices = [b["notificationMetadata"]["notificationId"] for b in queries]
    assert len(set(notices)) == 4


def test_some_messages_never_come(
    caller: NotificationCaller, sqs: SQSClient, queue: str
) -> None:
    subscribed(caller, queue)
    caller.change(sp_notification_lost_every=2)
    for day in ("2026-11-01", "2026-11-02", "2026-11-03"):
        caller.created_query(by_asin(start=day, end=day))
    caller.advance(60)
    assert caller.send() == 2
    assert len(received(sqs, queue)) == 2


def test_a_queue_that_is_not_there_is_an_alarm(caller: NotificationCaller) -> None:
    subscribed(caller, "http://127.0.0.1:9/123456789012/news")
    caller.created_query(by_asin())
    caller.advance(60)
    assert caller.send() == 0
    (alarm,) = caller.emulation.selling.downloads.alarms
    assert "http://127.0.0.1:9/" in alarm


def test_destinations_need_a_token_of_the_application(
    caller: NotificationCaller,
) -> None:
    assert caller.call("GET", "/destinations", account="acme-us").status_code == 403
    assert caller.grantless("sellingpartnerapi::other").status_code == 400
    other = caller.grantless("sellingpartnerapi::migration").get_json()
    caller.tokens[""] = other["access_token"]
    assert caller.call("GET", "/destinations").status_code == 403
    del caller.tokens[""]
    assert caller.call("GET", "/destinations").status_code == 200
    caller.advance(3600)
    assert caller.call("GET", "/destinations").status_code == 403
    assert caller.subscribe(REPORT, "x", "").status_code == 403


@needs_specs
def test_all_calls_fit_the_model(caller: NotificationCaller) -> None:
    body: Any = {"name": "news", "resourceSpecification": {"sqs": {"arn": ARN}}}
    made = check(MODEL, caller.call("POST", "/destinations", body), 200, body)
    destination_id = made["payload"]["destinationId"]
    one = f"/destinations/{destination_id}"
    check(MODEL, caller.call("POST", "/destinations", body), 409)
    check(MODEL, caller.call("GET", "/destinations"), 200)
    check(MODEL, caller.call("GET", one), 200)
    check(MODEL, caller.call("GET", "/destinations/x"), 404)
    body = {"payloadVersion": VERSIONS[QUERY], "destinationId": destination_id}
    path = f"/subscriptions/{QUERY}"
    found = check(MODEL, caller.call("POST", path, body, "acme-us"), 200, body)
    check(MODEL, caller.call("POST", path, body, "acme-us"), 409)
    check(MODEL, caller.call("GET", path, account="acme-us"), 200)
    check(MODEL, caller.call("GET", path, account="nordwind-eu"), 404)
    wrong = body | {"payloadVersion": "1.0"}
    check(MODEL, caller.call("POST", path, wrong, "nordwind-eu"), 400)
    by_id = f"{path}/{found['payload']['subscriptionId']}"
    check(MODEL, caller.call("GET", by_id), 200)
    body = {"destinationId": destination_id}
    check(MODEL, caller.call("POST", f"{path}/testNotification", body), 200, body)
    check(MODEL, caller.call("DELETE", one), 409)
    check(MODEL, caller.call("DELETE", by_id), 200)
    check(MODEL, caller.call("DELETE", by_id), 404)
    check(MODEL, caller.call("DELETE", one), 200)
    fifo = {"sqs": {"arn": f"{ARN}.fifo"}}
    body = {"name": "news", "resourceSpecification": fifo}
    check(MODEL, caller.call("POST", "/destinations", body), 400)


@needs_specs
def test_messages_fit_their_schemas(caller: NotificationCaller) -> None:
    subscribed(caller, "")
    caller.emulation.selling.sender.queues.clear()
    caller.created(report_body())
    caller.created(
        report_body(
            "GET_SALES_AND_TRAFFIC_REPORT",
            {"dateGranularity": "DAY", "asinGranularity": "SKU"},
        ),
        "acme-us",
    )
    caller.created_query(by_asin())
    caller.advance(60)
    caller.send()
    names = {
        REPORT: "ReportProcessingFinishedNotification",
        QUERY: "DataKioskQueryProcessingFinishedNotification",
    }
    sent: Any = caller.emulation.selling.sender.sent
    assert [each["notification_type"] for each in sent].count(REPORT) == 2
    for each in sent:
        schema = spec(f"schemas/{names[each['notification_type']]}.json")
        errors = Draft7Validator(schema).iter_errors(json.loads(each["body"]))
        assert [error.message for error in errors] == []


def test_messages_go_out_by_themselves_while_the_servers_run(
    sqs: SQSClient, queue: str
) -> None:
    with Emulator(now=NOON, frozen=True, ready_after_seconds=60) as emulator:
        client = EmulatorClient(emulator.url)
        client.set_sp_queue(ARN, queue)
        caller = NotificationCaller()
        caller.emulation.close()
        caller.emulation = emulator.emulation
        caller.api = type(caller.api)(emulator.emulation.api)
        subscribed(caller, queue)
        query_id = caller.created_query(by_asin())
        client.advance(60)
        found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
        assert [json.loads(m["Body"])["payload"]["queryId"] for m in found] == [
            query_id
        ]
        assert client.send_sp_notifications() == 0
        (said,) = client.sp_notifications()
        assert (said["account"], said["queue_url"]) == ("acme-us", queue)
