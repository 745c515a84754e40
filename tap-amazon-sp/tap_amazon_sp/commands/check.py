"""`check` of tap-amazon-sp: each account's token, and what Amazon says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from http import HTTPStatus
from string import Formatter

from singer_amazon.commands.check import TapCheck, account_problems
from singer_amazon.commands.findings import Finding, refusal
from singer_amazon.errors import AmazonError
from singer_amazon.http.auth import TokenProvider
from singer_amazon.regions import SELLING_PARTNER_HOSTS
from singer_amazon.sync.summary import Problem
from tap_amazon_sp.account_finder import OPERATION, PATH, AccountFinder
from tap_amazon_sp.accounts import Account, AccountSettings, read_accounts
from tap_amazon_sp.client import AccountCaller
from tap_amazon_sp.commands.notifications import NotificationSetup
from tap_amazon_sp.reports.custom.files import OutputLocation, output_location
from tap_amazon_sp.reports.custom.streams import CustomReportStream
from tap_amazon_sp.tap import TapAmazonSp


class SpCheck(TapCheck):
    """Several credentials; one that is refused never hides the others."""

    tap: TapAmazonSp

    @cached_property
    def _callers(self) -> dict[str, tuple[AccountSettings, AccountCaller]]:
        found = read_accounts(self.tap.config)
        return {item.label: (item, self.tap.caller(item)) for item in found}

    def credentials(self) -> Iterator[tuple[str, TokenProvider]]:
        """Yield the refresh token of each account."""
        for label, (_, caller) in self._callers.items():
            yield label, caller.client.api.tokens

    def hosts(self) -> Iterable[tuple[str, str]]:
        """Yield the regions of all accounts."""
        regions = {settings.region for settings, _ in self._callers.values()}
        for region in sorted(regions):
            given = self.tap.config.get("endpoint_uri")
            url = (given or SELLING_PARTNER_HOSTS[region]).rstrip("/")
            yield region, url + PATH

    def accounts(self) -> Iterator[Finding]:
        """Look up each account whose token is good."""
        for label, (settings, caller) in self._callers.items():
            if label in self.refused_tokens:
                words = "not asked: its token is refused"
                yield Finding("account", label, "refused", words)
                continue
            noted: list[Problem] = []

            def known(_: object, caller: AccountCaller = caller) -> AccountCaller:
                return caller

            finder = AccountFinder([settings], known, noted.append)
            for account in finder.all:
                is_known = settings.kind is not None and bool(settings.marketplaces)
                yield _participations(account) if is_known else _allowed(account)
            yield from account_problems(noted)

    def storage(self) -> Iterator[Finding]:
        """Try the folders and buckets of files, and look at the queue."""
        if self.tap.config.get("notifications"):
            yield from NotificationSetup(self.tap, makes=False).queue_findings()
        for stream in self.tap.streams.values():
            if not isinstance(stream, CustomReportStream) or not stream.selected:
                continue
            template = stream.custom_report.output_file or ""
            if not template:
                continue
            try:
                stream.saver.check(_tried(template))
            except AmazonError as error:
                yield refusal("storage", f"{stream.name}: {template}", error)
            else:
                words = "files can be written there"
                yield Finding("storage", f"{stream.name}: {template}", "ok", words)


_parse = Formatter().parse


def _tried(template: str) -> OutputLocation:
    """Return a file to try; below a folder that is named now, not by a report."""
    if not template.startswith("s3://"):
        fixed, brace, _ = template.partition("{")
        return output_location(f"{fixed}check" if brace else template, {})
    return output_location(
        template, {name: "check" for _, name, *_ in _parse(template) if name}
    )


def _allowed(account: Account) -> Finding:
    codes = ", ".join(entry.code for entry in account.marketplaces)
    words = f"{account.kind} in {codes}"
    return Finding("account", account.label, "allowed", words)


def _participations(account: Account) -> Finding:
    """Ask for a list that sellers have, where the settings say all that is needed."""
    if account.kind == "vendor":
        words = "Amazon has no list of a vendor's marketplaces; its token is good"
        return Finding("account", account.label, "unknown without asking", words)
    try:
        response = account.caller.request(OPERATION, PATH)
    except AmazonError as error:
        return refusal("account", account.label, error)
    if response is None:
        words = "time was up before Amazon answered (HTTP 429)"
        return Finding("account", account.label, "unknown without asking", words)
    if response.status == HTTPStatus.OK:
        return _allowed(account)
    words = f"HTTP {response.status}: {response.message()}"
    step = (
        f"check that its refresh_token is of region {account.region} and that the "
        "application has the right to it"
    )
    return Finding("account", account.label, "refused", words, step)
