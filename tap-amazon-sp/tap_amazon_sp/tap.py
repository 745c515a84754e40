"""tap-amazon-sp: settings, accounts, and the streams of one run."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from singer_sdk import Stream
from singer_sdk import typing as th

from singer_amazon.errors import ConfigError
from singer_amazon.http.auth import TokenProvider
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Response
from singer_amazon.rate_limits import Rate
from singer_amazon.regions import SELLING_PARTNER_HOSTS, SELLING_PARTNER_TOKEN_URI
from singer_amazon.reports.api import ReportApi
from singer_amazon.reports.engine import Engine, Report
from singer_amazon.reports.model import Outcome
from singer_amazon.sync.partition import Partition
from singer_amazon.tap.base import TEST_SECONDS, ReportTap
from singer_amazon.tap.settings import coerced
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.accounts import Account, Wanted, read_accounts
from tap_amazon_sp.client import LONGEST_USER_AGENT, SELLING_PARTNER, SpClient
from tap_amazon_sp.directory import Directory
from tap_amazon_sp.endpoints.run import EndpointRun
from tap_amazon_sp.endpoints.streams import EndpointStream, endpoint_streams
from tap_amazon_sp.old_config import read_config
from tap_amazon_sp.properties import SETTINGS
from tap_amazon_sp.rate_limiters import RateLimiters
from tap_amazon_sp.reports.rate_limiters import SpReportRateLimiters
from tap_amazon_sp.reports.reporting import Reporting


class TapAmazonSp(ReportTap):
    """Selling Partner data: analytics reports, any other report, any endpoint."""

    name = "tap-amazon-sp"
    config_jsonschema = th.PropertiesList(*SETTINGS).to_dict()

    nap_seconds = 0.25
    """How long the main thread sleeps at once: a signal is answered that soon."""

    # --- settings ----------------------------------------------------------

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Read configs of older connectors first: the check is of our settings."""
        self.append_builtin_config(self.config_jsonschema)
        # text forms are read before old ones: an environment knows only text
        reading = read_config(coerced(self._config, self.config_jsonschema))
        self._config, self._notes = dict(reading.config), reading.notes
        return super()._validate_config(raise_errors=raise_errors)

    def check_settings(self) -> None:
        """See ReportTap: accounts, endpoints, reports."""
        for note in self._notes:
            self.warn_once(note)
        agent = self.config.get("user_agent") or ""
        if len(agent) > LONGEST_USER_AGENT:
            msg = (
                f"user_agent has {len(agent)} characters: Amazon takes "
                f"{LONGEST_USER_AGENT} at most"
            )
            raise ConfigError(msg)
        read_accounts(self.config)
        self.reporting.check()

    # --- streams -----------------------------------------------------------

    @cached_property
    def reporting(self) -> Reporting:
        """Everything about reports."""
        return Reporting(self)

    def discover_streams(self) -> list[Stream]:
        """Return all streams; nothing is asked of Amazon for it.

        Raises:
            ConfigError: two have one name: the second would hide the first.
        """
        found = [
            *endpoint_streams(self, self._read_endpoints),
            *self.reporting.streams(self),
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

    def _read_endpoints(self, stream: EndpointStream) -> None:
        self.endpoint_run.read(stream)

    @cached_property
    def endpoint_run(self) -> EndpointRun:
        """What reads all selected endpoints of this run."""
        return EndpointRun(
            self,
            [
                stream
                for stream in self.streams.values()
                if isinstance(stream, EndpointStream) and stream.selected
            ],
        )

    # --- talking to Amazon -------------------------------------------------

    @cached_property
    def limiters(self) -> RateLimiters:
        """The rate limiters of everything that is no report."""
        return RateLimiters(self.clock, random.Random(os.getpid()).random)  # noqa: S311 - spreads waits, keeps no secret

    @cached_property
    def accounts(self) -> Directory:
        """The accounts of this run."""
        return Directory(
            read_accounts(self.config),
            self._client,
            limiters=self.limiters,
            in_background=self.in_background,
            wait_until=self.wait_until,
            note=self.stats.add,
        )

    def _client(self, wanted: Wanted) -> SpClient:
        tokens = TokenProvider(
            wanted.credential,
            auth_uri=self.config.get("auth_uri") or SELLING_PARTNER_TOKEN_URI,
            transport=self.transport,
            clock=self.clock,
        )
        return SpClient(
            ApiClient(
                base_url=(
                    self.config.get("endpoint_uri")
                    or SELLING_PARTNER_HOSTS[wanted.region]
                ),
                tokens=tokens,
                transport=self.transport,
                clock=self.clock,
                scheme=SELLING_PARTNER,
            )
        )

    def make_api(self) -> ReportApi:
        """See ReportTap."""
        return self.reporting.api()

    def make_partitions(self, streams: Iterable[ReportStream]) -> list[Partition]:
        """See ReportTap."""
        return self.reporting.partitions(list(streams))

    empty_waits_a_run = True

    def make_rate_limiters(self) -> SpReportRateLimiters:
        """See ReportTap: token buckets."""
        return self.reporting.limiters

    def counters(self) -> Mapping[str, object]:
        """See ReportTap: what sales and traffic has used up."""
        return self.reporting.limiters.counters(self.clock.now())

    def log_plan(self, engine: Engine) -> None:
        """See ReportTap."""
        self.reporting.check_files(engine)
        self.reporting.log_plan(engine, self.clock.now(), self.deadline)

    def classify(self, report: Report, path: Path) -> Outcome | None:
        """See ReportTap: reasons are documents too."""
        return self.reporting.classify(report, path)

    def ask(
        self,
        account: Account,
        operation: str,
        rate: Rate,
        make: Callable[[], Response],
    ) -> Response | None:
        """Make a call when its limiter allows it; None where the time is up first."""
        return self.limiters.ask(
            (account.name, operation),
            rate,
            lambda: self.in_background(make),
            self.wait_until,
        )

    # --- time --------------------------------------------------------------

    @property
    def deadline(self) -> datetime:
        """When nothing is waited for any more."""
        seconds = TEST_SECONDS if self.is_test else self.config["max_runtime_seconds"]
        return self.stats.started + timedelta(seconds=seconds)

    def wait_until(self, instant: datetime) -> bool:
        """Wait, and look after reports meanwhile; False where time is up first.

        Raises:
            StoppedError: a signal arrived.
        """
        end = min(instant, self.deadline)
        while (left := (end - self.clock.now()).total_seconds()) > 0:
            self.writer.check()
            self.look_after_reports()
            self.clock.sleep(min(left, self.nap_seconds))
        self.writer.check()
        return instant <= self.deadline and self.clock.now() < self.deadline

    def look_after_reports(self) -> None:
        """Go on with reports that were asked for, and deliver one that is here."""
        if self._session is None:
            return
        self._session.advance()
        report = self._session.engine.take_fetched(frozenset())
        if report is not None:
            self.deliver(report)
