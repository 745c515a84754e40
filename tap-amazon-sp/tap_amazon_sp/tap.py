"""tap-amazon-sp: settings, accounts, and the streams of one run."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from singer_sdk import Stream
from singer_sdk import typing as th

from singer_amazon.errors import ConfigError
from singer_amazon.http.auth import GrantlessTokenProvider, TokenProvider
from singer_amazon.http.client import ApiClient
from singer_amazon.regions import SELLING_PARTNER_HOSTS, SELLING_PARTNER_TOKEN_URI
from singer_amazon.reports.api import ReportApi
from singer_amazon.reports.engine import Engine, Report
from singer_amazon.reports.model import Outcome
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.session import Session
from singer_amazon.tap.base import ReportTap
from singer_amazon.tap.provenance.report_days import ReportDaysStream
from singer_amazon.tap.provenance.report_log import ReportLogStream
from singer_amazon.tap.settings import coerced
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.account_finder import AccountFinder
from tap_amazon_sp.accounts import AccountSettings, read_accounts
from tap_amazon_sp.client import (
    MAX_USER_AGENT_LENGTH,
    SELLING_PARTNER,
    AccountCaller,
    RateLimiters,
    SpClient,
)
from tap_amazon_sp.endpoints.runner import EndpointRun
from tap_amazon_sp.endpoints.streams import EndpointStream, endpoint_streams
from tap_amazon_sp.legacy_config import translate_config
from tap_amazon_sp.notifications.listener import (
    INLINE_EVERY,
    MessageQueue,
    NotificationListener,
)
from tap_amazon_sp.notifications.settings import (
    NotificationSettings,
    open_queue,
    read_notifications,
)
from tap_amazon_sp.notifications.subscriptions import SCOPE
from tap_amazon_sp.reports.rate_limiters import SpReportRateLimiters
from tap_amazon_sp.reports.service import ReportService, check_reports, report_streams
from tap_amazon_sp.settings_schema import SETTINGS

ACCOUNT_COLUMNS = {
    "account_name": "The account, by its name in the settings",
    "marketplace_id": "The marketplace, or several with commas",
}
"""What `report_days` says of an account."""


class TapAmazonSp(ReportTap):
    """Selling Partner data: analytics reports, any other report, any endpoint."""

    name = "tap-amazon-sp"
    package_name = "tap-amazon-selling-partner"
    checks_names_of = frozenset({"endpoints"})
    config_jsonschema = th.PropertiesList(*SETTINGS).to_dict()

    # --- settings ----------------------------------------------------------

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Read configs of older connectors first: the check is of our settings."""
        self.append_builtin_config(self.config_jsonschema)
        # text forms are read before old ones: an environment knows only text
        translated = translate_config(coerced(self._config, self.config_jsonschema))
        self._config, self._notes = dict(translated.config), translated.notes
        return super()._validate_config(raise_errors=raise_errors)

    def check_settings(self) -> None:
        """Check accounts, endpoints and reports.

        The run context is not there yet: only later is it known whether this run is
        a connection test.
        """
        for note in self._notes:
            self.logger.warning(note)
        agent = self.config.get("user_agent") or ""
        if len(agent) > MAX_USER_AGENT_LENGTH:
            msg = (
                f"user_agent has {len(agent)} characters: Amazon takes "
                f"{MAX_USER_AGENT_LENGTH} at most"
            )
            raise ConfigError(msg)
        read_accounts(self.config)
        self._queue  # noqa: B018 - refuses settings that cannot be meant so
        for note in check_reports(self.config, self.streams.values(), self.shard):
            self.logger.warning(note)

    # --- streams -----------------------------------------------------------

    @cached_property
    def report_service(self) -> ReportService:
        """Everything about reports."""
        return ReportService(self.run_context, self.accounts, self.streams)

    def discover_streams(self) -> list[Stream]:
        """Return all streams, without a call to Amazon.

        Raises:
            ConfigError: two have one name: the second would hide the first.
        """
        found: list[Stream] = [
            *endpoint_streams(self, self._read_endpoint),
            *report_streams(self),
            ReportLogStream(self),
            ReportDaysStream(self, ACCOUNT_COLUMNS),
        ]
        seen: set[str] = set()
        for stream in found:
            if stream.name in seen:
                msg = (
                    f"two streams are called {stream.name!r}: give your own report or "
                    "endpoint another name"
                )
                raise ConfigError(msg)
            seen.add(stream.name)
        return found

    def _read_endpoint(self, stream: EndpointStream) -> None:
        if self.run_context.mode.asks:  # one that only collects reports reads none
            self.endpoint_run.read(stream)

    @cached_property
    def endpoint_run(self) -> EndpointRun:
        """What reads all selected endpoints of this run."""
        return EndpointRun(self.run_context, self.accounts, self.streams)

    # --- calls -------------------------------------------------------------

    @cached_property
    def rate_limiters(self) -> RateLimiters:
        """The rate limiters of everything that is no report."""
        return RateLimiters(self.clock, random.Random(os.getpid()).random)  # noqa: S311 - spreads waits, keeps no secret

    @cached_property
    def accounts(self) -> AccountFinder:
        """The accounts of this run."""
        settings = read_accounts(self.config)
        mine = [account for account in settings if self.shard.has(account.name)]
        if not mine:
            self.logger.info(
                "Shard %s has no account: there is nothing to read", self.shard
            )
        return AccountFinder(mine, self.caller, self.stats.add)

    def account_ids(self) -> set[str]:
        """Return the names of the accounts in the settings, without a call."""
        names = {account.name for account in read_accounts(self.config)}
        return set(filter(self.shard.has, names))

    def caller(self, account: AccountSettings) -> AccountCaller:
        """Return what calls Amazon for one account."""
        tokens = TokenProvider(
            account.credential,
            auth_uri=self._auth_uri,
            transport=self.transport,
            clock=self.clock,
        )
        client = self._client(account, tokens)
        return AccountCaller(account.name, client, self.rate_limiters, self.run_context)

    def application_client(self, account: AccountSettings) -> SpClient:
        """Return what calls Amazon for the application of an account itself."""
        tokens = GrantlessTokenProvider(
            account.credential.client_id,
            account.credential.client_secret,
            SCOPE,
            auth_uri=self._auth_uri,
            transport=self.transport,
            clock=self.clock,
        )
        return self._client(account, tokens)

    @property
    def _auth_uri(self) -> str:
        return self.config.get("auth_uri") or SELLING_PARTNER_TOKEN_URI

    def _client(self, account: AccountSettings, tokens: TokenProvider) -> SpClient:
        given = self.config.get("endpoint_uri")
        api = ApiClient(
            base_url=given or SELLING_PARTNER_HOSTS[account.region],
            tokens=tokens,
            transport=self.transport,
            clock=self.clock,
            scheme=SELLING_PARTNER,
        )
        return SpClient(api)

    # --- notifications -----------------------------------------------------

    _listener: NotificationListener | None = None

    @cached_property
    def _notifications(self) -> NotificationSettings | None:
        return read_notifications(self.config)

    @cached_property
    def _queue(self) -> MessageQueue | None:
        settings = self._notifications
        return None if settings is None else open_queue(settings, self.config)

    @property
    def backup_poll_seconds(self) -> float | None:
        """How often reports are polled although Amazon says when they are done."""
        settings = self._notifications
        if settings is None or self.is_test:
            return None
        return settings.poll_interval_seconds

    def attach(self, session: Session) -> None:
        """Listen to the queue, if there is one."""
        if self._queue is None or self.is_test:
            return
        has_threads = self.workers != 0
        listener = self._listener = NotificationListener(
            self._queue,
            session.engine,
            self.state_store,
            self.clock,
            has_threads=has_threads,
        )
        session.take_news = listener.take_news
        if session.runner is not None and not has_threads:
            session.runner.longest_sleep = INLINE_EVERY.total_seconds()

    def end(self) -> None:
        """Write the last state, then delete the messages whose result it holds."""
        super().end()
        if self._listener is not None:
            self._listener.close(0.3 if self.writer.is_stopping else 5.0)

    def make_api(self) -> ReportApi:
        """Return the port to Reports 2021-06-30."""
        return self.report_service.api()

    def make_partitions(self, streams: Iterable[ReportStream]) -> list[Partition]:
        """Return every stream, account and marketplace whose windows are read."""
        return self.report_service.partitions(list(streams))

    empty_waits_a_run = True

    def make_rate_limiters(self) -> SpReportRateLimiters:
        """Return the token buckets of the Reports API."""
        return self.report_service.rate_limiters

    def counters(self) -> Mapping[str, object]:
        """Return what sales and traffic has used up."""
        return self.report_service.rate_limiters.counters(self.clock.now())

    def log_plan(self, engine: Engine) -> None:
        """Check files to be written, and log how long requesting takes."""
        self.report_service.check_files(engine)
        self.report_service.log_plan(engine)

    def classify(self, report: Report, path: Path) -> Outcome | None:
        """Return what a document is that holds Amazon's reason."""
        return self.report_service.classify(report, path)
