"""Notifications v1: destinations (grantless), subscriptions, test messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, Route, route
from amazon_emulator.selling_partner.access.authorization import SpService
from amazon_emulator.selling_partner.access.refusals import invalid, read_body
from amazon_emulator.selling_partner.notifications.subscriptions import (
    VERSIONS,
    Subscription,
)

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.access.authorization import Authorization
    from amazon_emulator.selling_partner.access.tokens import Grant
    from amazon_emulator.selling_partner.notifications.sender import Sender
    from amazon_emulator.selling_partner.notifications.subscriptions import (
        Subscriptions,
    )

SCOPE = "sellingpartnerapi::notifications"
_DESTINATIONS = "/notifications/v1/destinations"
_SUBSCRIPTIONS = "/notifications/v1/subscriptions/<kind>"
_GRANTLESS = (
    *("create_destination", "get_destinations", "get_destination"),
    *("delete_destination", "get_subscription_by_id", "delete_subscription_by_id"),
    "send_test_notification",
)
_ARN = re.compile(r"arn:aws[\w-]*:sqs:[\w-]+:\d{12}:[\w-]+(\.fifo)?")


class NotificationsService(SpService):
    """The calls of one application; some are for it alone, some for an account."""

    def __init__(
        self, authorization: Authorization, kept: Subscriptions, sender: Sender
    ) -> None:
        super().__init__(authorization)
        self._kept, self._sender = kept, sender

    def target(self, call: Call) -> Target:
        """Say which account and notification type the call is about."""
        accounts = self._authorization.names(call)
        return Target(accounts, call.arguments.get("kind"))

    def respond_to(self, route: Route, call: Call) -> Response:
        """Check the grantless token, or else that of the account, and go on."""
        if route.operation not in _GRANTLESS:
            return super().respond_to(route, call)
        authorization = self._authorization
        try:
            authorization.tokens.check_grantless(call.request, SCOPE)
            authorization.rate_limiter.check(call.operation, "application")
            response: Response = route.handler(self, call)
        except RefusalError as refusal:
            authorization.remember(call, None, refusal)
            raise
        response.headers.extend(authorization.rate_header(call.operation))
        return response

    @route("POST", _DESTINATIONS, "create_destination")
    def create_destination(self, call: Call) -> Response:
        """Take a queue as a destination; FIFO queues are refused."""
        body = read_body(call)
        name, given = body.get("name"), body.get("resourceSpecification")
        sqs = given.get("sqs") if isinstance(given, Mapping) else None
        arn = sqs.get("arn") if isinstance(sqs, Mapping) else None
        found = _ARN.fullmatch(arn) if isinstance(arn, str) else None
        if not isinstance(name, str) or not name or found is None or found[1]:
            raise invalid("A destination needs a name and the ARN of a standard queue.")
        made = self._kept.add_destination(name, found[0])
        return self.respond({"payload": made.as_json()})

    @route("GET", _DESTINATIONS, "get_destinations")
    def destinations(self, call: Call) -> Response:
        """List the destinations of the application."""
        del call  # nothing can be asked for
        listed = [each.as_json() for each in self._kept.destinations()]
        return self.respond({"payload": listed})

    @route("GET", f"{_DESTINATIONS}/<destination_id>", "get_destination")
    def destination(self, call: Call) -> Response:
        """Show one destination."""
        found = self._kept.destination(call.arguments["destination_id"])
        return self.respond({"payload": found.as_json()})

    @route("DELETE", f"{_DESTINATIONS}/<destination_id>", "delete_destination")
    def delete_destination(self, call: Call) -> Response:
        """Forget a destination."""
        self._kept.remove_destination(call.arguments["destination_id"])
        return self.respond({})

    @route("POST", _SUBSCRIPTIONS, "create_subscription")
    def subscribe(self, call: Call, grant: Grant) -> Response:
        """Subscribe an account; of what was over before there is no message."""
        kind, body = _kind(call), read_body(call)
        if body.get("payloadVersion") != VERSIONS[kind]:
            text = f"payloadVersion of {kind} must be {VERSIONS[kind]}."
            raise invalid(text)
        destination_id = str(body.get("destinationId"))
        made = self._kept.subscribe(grant.partner.name, kind, destination_id)
        self._sender.skip_finished(made)
        return self.respond({"payload": made.as_json()})

    @route("GET", _SUBSCRIPTIONS, "get_subscription")
    def subscription(self, call: Call, grant: Grant) -> Response:
        """Show what an account has subscribed to."""
        kind = _kind(call)
        version = call.request.args.get("payloadVersion", VERSIONS[kind])
        found = self._kept.of_account(grant.partner.name, kind)
        if found is None or version != VERSIONS[kind]:
            raise RefusalError(404, "The subscription was not found.")
        return self.respond({"payload": found.as_json()})

    @route("GET", f"{_SUBSCRIPTIONS}/<subscription_id>", "get_subscription_by_id")
    def subscription_by_id(self, call: Call) -> Response:
        """Show a subscription."""
        return self.respond({"payload": self._by_id(call).as_json()})

    @route("DELETE", f"{_SUBSCRIPTIONS}/<subscription_id>", "delete_subscription_by_id")
    def unsubscribe(self, call: Call) -> Response:
        """Forget a subscription."""
        self._kept.unsubscribe(_kind(call), call.arguments["subscription_id"])
        return self.respond({})

    @route("POST", f"{_SUBSCRIPTIONS}/testNotification", "send_test_notification")
    def test(self, call: Call) -> Response:
        """Send a message about nothing to a destination."""
        kind, body = _kind(call), read_body(call)
        found = self._kept.destination(str(body.get("destinationId")))
        about = Subscription("test", "", kind, found.destination_id)
        self._sender.send_test(about, {"test": True})
        return self.respond({})

    def _by_id(self, call: Call) -> Subscription:
        return self._kept.subscription(_kind(call), call.arguments["subscription_id"])


def _kind(call: Call) -> str:
    kind = call.arguments["kind"]
    if kind not in VERSIONS:
        raise invalid("The notification type is not supported.", kind)
    return kind
