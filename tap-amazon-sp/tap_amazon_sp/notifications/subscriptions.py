"""Destinations and subscriptions at Amazon: what exists, and what is made.

Source: Notifications API v1. A destination belongs to the application and is made with
a token of the application itself (grantless); a subscription belongs to an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import RejectedError
from singer_amazon.http.throttling import wait_out_throttling
from singer_amazon.http.transport import Response
from singer_amazon.retry_policy import POLICY
from tap_amazon_sp.client import SpClient
from tap_amazon_sp.notifications.messages import PAYLOAD_VERSIONS

SCOPE = "sellingpartnerapi::notifications"
NAME = "tap-amazon-sp"
"""Of the destination that is made."""

_BASE = "/notifications/v1"
_TRIES = 6
_STEPS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "check the refresh token",
    HTTPStatus.FORBIDDEN: "check that the application has the role for the reports",
    HTTPStatus.BAD_REQUEST: (
        "check that the queue is a standard one and its policy lets Amazon send"
    ),
}


@dataclass(frozen=True, slots=True)
class Destination:
    """A queue as Amazon knows it."""

    destination_id: str
    arn: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """One type of notifications of one account."""

    subscription_id: str
    destination_id: str


class Notifications:
    """The calls; `client` is of the application or of an account, as each needs."""

    def destinations(self, client: SpClient) -> list[Destination]:
        """Return the queues that Amazon sends to for this application."""
        response = _call(client, "getDestinations", "GET", "/destinations")
        entries = _good(response, "getDestinations").get("payload")
        found = [
            _destination(entry) for entry in entries or () if isinstance(entry, dict)
        ]
        return [entry for entry in found if entry.arn]

    def create_destination(self, client: SpClient, arn: str) -> Destination:
        """Tell Amazon of a queue."""
        body = {"name": NAME, "resourceSpecification": {"sqs": {"arn": arn}}}
        response = _call(client, "createDestination", "POST", "/destinations", body)
        payload = _good(response, "createDestination").get("payload")
        return _destination(payload if isinstance(payload, dict) else {})

    def subscription(self, client: SpClient, kind: str) -> Subscription | None:
        """Return what an account is subscribed to; None where it is not."""
        response = _call(
            client,
            "getSubscription",
            "GET",
            f"/subscriptions/{kind}",
            params={"payloadVersion": PAYLOAD_VERSIONS[kind]},
        )
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        return _subscription(_good(response, "getSubscription"))

    def subscribe(
        self, client: SpClient, kind: str, destination_id: str
    ) -> Subscription | None:
        """Subscribe an account; return what is there, whoever made it."""
        body = {
            "payloadVersion": PAYLOAD_VERSIONS[kind],
            "destinationId": destination_id,
        }
        path = f"/subscriptions/{kind}"
        response = _call(client, "createSubscription", "POST", path, body)
        if response.status == HTTPStatus.CONFLICT:
            return self.subscription(client, kind)
        return _subscription(_good(response, "createSubscription"))

    def send_test(self, client: SpClient, kind: str, destination_id: str) -> None:
        """Have Amazon send a made-up notification."""
        body = {
            "destinationId": destination_id,
            "testNotification": {"payloadVersion": PAYLOAD_VERSIONS[kind]},
        }
        path = f"/subscriptions/{kind}/testNotification"
        _good(_call(client, "sendTestNotification", "POST", path, body), path)


def _call(
    client: SpClient,
    operation: str,
    method: str,
    path: str,
    body: object | None = None,
    params: Mapping[str, Any] | None = None,
) -> Response:
    return wait_out_throttling(
        lambda: client.call(operation, method, _BASE + path, params=params, json=body),
        client.clock,
        first_wait=POLICY.list_first_wait,
        max_wait=POLICY.list_max_wait,
        max_attempts=_TRIES,
    )


def _good(response: Response, operation: str) -> Mapping[str, Any]:
    if response.status in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return response.json_object()
    msg = f"{operation}: HTTP {response.status}: {response.message()}"
    if response.status in _STEPS:
        msg += f". What to do: {_STEPS[response.status]}"
    raise RejectedError(msg, status=response.status, request_id=response.request_id)


def _destination(entry: Mapping[str, Any]) -> Destination:
    resource = entry.get("resource")
    sqs = resource.get("sqs") if isinstance(resource, dict) else None
    arn = sqs.get("arn") if isinstance(sqs, dict) else None
    return Destination(str(entry.get("destinationId") or ""), str(arn or ""))


def _subscription(body: Mapping[str, Any]) -> Subscription:
    payload = body.get("payload")
    found = payload if isinstance(payload, dict) else {}
    return Subscription(
        str(found.get("subscriptionId") or ""), str(found.get("destinationId") or "")
    )
