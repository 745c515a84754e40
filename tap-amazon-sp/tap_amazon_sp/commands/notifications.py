"""`notifications`: make, look at and try what tells a run that a report is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import click

from singer_amazon.commands.check import quiet
from singer_amazon.commands.findings import Finding, refusal, show_findings
from singer_amazon.commands.group import config_option, read_config
from singer_amazon.errors import AmazonError, ConfigError
from tap_amazon_sp.accounts import AccountSettings, read_accounts
from tap_amazon_sp.client import SpClient
from tap_amazon_sp.notifications.messages import PAYLOAD_VERSIONS
from tap_amazon_sp.notifications.policy import lets_amazon_send, policy_for
from tap_amazon_sp.notifications.settings import open_queue, read_notifications
from tap_amazon_sp.notifications.subscriptions import Destination, Notifications
from tap_amazon_sp.tap import TapAmazonSp

if TYPE_CHECKING:
    from tap_amazon_sp.notifications.queue import SqsQueue

_SETUP = "run tap-amazon-sp notifications setup"
_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Application:
    """One application in one region, and its accounts."""

    label: str
    client: SpClient
    accounts: tuple[AccountSettings, ...]


class NotificationSetup:
    """Queue, destination and subscriptions of a config; `makes` what is missing."""

    def __init__(self, tap: TapAmazonSp, *, makes: bool) -> None:
        self._tap = tap
        self._makes = makes
        self._api = Notifications()

    @cached_property
    def queue(self) -> SqsQueue:
        """The queue of the settings.

        Raises:
            ConfigError: there is none.
        """
        settings = read_notifications(self._tap.config)
        if settings is None:
            msg = (
                "notifications is not set: make a standard queue of SQS and set "
                "notifications.queue_url to its URL"
            )
            raise ConfigError(msg)
        return open_queue(settings, self._tap.config)

    def findings(self) -> Iterator[Finding]:
        """Look at everything, and make what is missing."""
        arn = yield from self.queue_findings()
        if arn is None:
            return
        for application in self._applications():
            yield from self._of_application(application, arn)

    def queue_findings(self) -> Generator[Finding, None, str | None]:
        """Look at the queue alone, without a call to Amazon; return its ARN."""
        try:
            attributes = self.queue.attributes()
        except AmazonError as error:
            yield refusal("queue", "notifications.queue_url", error)
            return None
        arn = attributes.get("QueueArn", "")
        waiting = attributes.get("ApproximateNumberOfMessages", "0")
        yield Finding("queue", arn, "ok", f"about {waiting} messages wait in it")
        yield _policy_finding(arn, attributes)
        return arn

    def _of_application(self, application: _Application, arn: str) -> Iterator[Finding]:
        try:
            found = self._destination(application, arn)
        except AmazonError as error:
            yield refusal("destination", application.label, error)
            return
        destination, words = found
        if destination is None:
            yield Finding("destination", application.label, "failed", words, _SETUP)
            return
        yield Finding("destination", application.label, "ok", words)
        for account in application.accounts:
            for kind in PAYLOAD_VERSIONS:
                yield self._subscribed(account, kind, destination)

    def _destination(
        self, application: _Application, arn: str
    ) -> tuple[Destination | None, str]:
        for destination in self._api.destinations(application.client):
            if destination.arn == arn:
                return destination, f"{destination.destination_id} was there"
        if not self._makes:
            return None, "Amazon does not know the queue"
        made = self._api.create_destination(application.client, arn)
        return made, f"{made.destination_id} is made"

    def _subscribed(
        self, account: AccountSettings, kind: str, destination: Destination
    ) -> Finding:
        name, client = f"{kind} of {account.name}", self._tap.caller(account).client
        try:
            found, words = self._api.subscription(client, kind), "was there"
            if found is None and self._makes:
                found = self._api.subscribe(client, kind, destination.destination_id)
                words = "is made"
        except AmazonError as error:
            return refusal("subscription", name, error)
        if found is None:
            return Finding("subscription", name, "failed", "there is none", _SETUP)
        if found.destination_id != destination.destination_id:
            words = f"it goes to another destination, {found.destination_id}"
            step = "delete it where it was made, or read the queue it goes to"
            return Finding("subscription", name, "failed", words, step)
        return Finding("subscription", name, "ok", f"{found.subscription_id} {words}")

    def _applications(self) -> Iterable[_Application]:
        groups: dict[tuple[str, str], list[AccountSettings]] = {}
        for account in read_accounts(self._tap.config):
            key = (account.region, account.credential.client_id)
            groups.setdefault(key, []).append(account)
        for number, accounts in enumerate(groups.values(), 1):
            label = f"application {number} in {accounts[0].region}"
            client = self._tap.application_client(accounts[0])
            yield _Application(label, client, tuple(accounts))

    # --- a try -------------------------------------------------------------

    def tried(self, seconds: float) -> Iterator[Finding]:
        """Have Amazon send something, and wait for it to arrive."""
        arn = self.queue.attributes().get("QueueArn", "")
        for application in self._applications():
            try:
                destination, words = self._destination(application, arn)
                if destination is None:
                    yield Finding(
                        "destination", application.label, "failed", words, _SETUP
                    )
                    continue
                for kind in PAYLOAD_VERSIONS:
                    self._api.send_test(
                        application.client, kind, destination.destination_id
                    )
            except AmazonError as error:
                yield refusal("test", application.label, error)
                continue
            yield self._arrived(application.label, seconds)

    def _arrived(self, label: str, seconds: float) -> Finding:
        end, count = time.monotonic() + seconds, 0
        while count < len(PAYLOAD_VERSIONS) and (left := end - time.monotonic()) > 0:
            count += len(self.queue.receive(min(int(left) + 1, 20)))
        if count:
            return Finding("test", label, "ok", f"{count} messages have arrived")
        words = f"no message within {seconds:.0f} s; first ones may take an hour"
        return Finding("test", label, "failed", words, "check the policy of the queue")


def _policy_finding(arn: str, attributes: dict[str, str]) -> Finding:
    if lets_amazon_send(attributes.get("Policy")):
        words = "it lets Amazon send"
        if attributes.get("KmsMasterKeyId"):
            words += "; its KMS key has to allow kms:GenerateDataKey and kms:Decrypt"
        return Finding("policy", arn, "ok", words)
    words = "it does not let Amazon send to the queue"
    return Finding("policy", arn, "failed", words, f"set it to {policy_for(arn)}")


_Work = Callable[[TapAmazonSp], Iterator[Finding]]


def notifications_command() -> click.Group:
    """Return the command."""

    @click.group("notifications")
    def group() -> None:
        """Set up, look at and try the notifications of reports that are done."""

    @group.command("setup")
    @_options
    def setup(config: tuple[str, ...], *, as_json: bool) -> None:
        """Make the destination and the subscriptions that are missing.

        Makes no queue: that takes AWS rights which a tap need not have.
        """
        _show(
            config, as_json, lambda tap: NotificationSetup(tap, makes=True).findings()
        )

    @group.command("status")
    @_options
    def status(config: tuple[str, ...], *, as_json: bool) -> None:
        """Look at queue, policy, destination and subscriptions; nothing is made."""
        _show(
            config, as_json, lambda tap: NotificationSetup(tap, makes=False).findings()
        )

    @group.command("test")
    @_options
    @click.option("--timeout", default=_WAIT_SECONDS, help="Seconds to wait.")
    def test(config: tuple[str, ...], *, as_json: bool, timeout: float) -> None:
        """Have Amazon send test notifications, and wait until they arrive.

        Run it while no tap reads the queue.
        """
        _show(
            config,
            as_json,
            lambda tap: NotificationSetup(tap, makes=False).tried(timeout),
        )

    return group


def _options(command: Callable[..., None]) -> Callable[..., None]:
    add_json = click.option(
        "--json", "as_json", is_flag=True, help="JSON instead of a table."
    )
    return config_option(add_json(command))


def _show(paths: tuple[str, ...], as_json: bool, work: _Work) -> None:  # noqa: FBT001
    with quiet():
        settings, parse_env = read_config(paths)
        tap = TapAmazonSp.open(settings, parse_env=parse_env)
        try:
            code = show_findings(work(tap), as_json=as_json)
        finally:
            tap.transport.close()
    sys.exit(code)
