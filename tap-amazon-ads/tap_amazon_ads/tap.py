"""tap-amazon-ads: settings, streams, and which reports a run asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import click
from singer_sdk import Stream
from singer_sdk import typing as th

from singer_amazon.errors import ConfigError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.client import ApiClient
from singer_amazon.regions import ADS_HOSTS, ADS_TOKEN_URIS
from singer_amazon.reports.api import ReportApi, RoutedApi
from singer_amazon.reports.model import Outcome, Window
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.report import Report
from singer_amazon.reports.windows import (
    MAX_MEMBERS,
    DateRange,
    RequestLimits,
    summary_window,
)
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.base import ReportTap
from singer_amazon.tap.cli import CommandTap
from singer_amazon.tap.provenance.report_days import ReportDaysStream
from singer_amazon.tap.provenance.report_log import ReportLogStream
from singer_amazon.tap.settings import check_stream_names, day, per_stream
from singer_amazon.tap.settings_schema import (
    CREDENTIALS,
    DEFAULT_LOOKBACK_DAYS,
    DEFAULT_START_DAYS,
    REPORTING,
)
from singer_amazon.tap.stream import ReportStream
from tap_amazon_ads.account_finder import AccountFinder, AccountSettings
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.catalogue import load_catalogue
from tap_amazon_ads.client import AdsClient
from tap_amazon_ads.entities.definitions import EXPORTS, ExportSpec
from tap_amazon_ads.entities.export_sizes import ExportSizes
from tap_amazon_ads.entities.export_slots import AdsRateLimiters
from tap_amazon_ads.entities.exports import ExportStream
from tap_amazon_ads.entities.exports_api import ExportsApi
from tap_amazon_ads.entities.list_definitions import LISTS
from tap_amazon_ads.entities.list_streams import ListStream
from tap_amazon_ads.refused_columns import RefusedColumns
from tap_amazon_ads.report_specs import ENTITY_STREAMS, ReportSpec, report_specs
from tap_amazon_ads.reports_api import ReportsApi
from tap_amazon_ads.settings_schema import ACCOUNTS, REPORTS
from tap_amazon_ads.streams import AdsReportStream, AdvertisersStream, ProfilesStream
from tap_amazon_ads.unified.choice import (
    ReportingSettings,
    UnmatchedAccountError,
)
from tap_amazon_ads.unified.query import MAX_ACCOUNTS
from tap_amazon_ads.unified.rate_limiters import RoutedRateLimiters
from tap_amazon_ads.unified.reporting import UnifiedReporting
from tap_amazon_ads.unified.spec import UnifiedSpec

_SWITCH = "tap_amazon_ads.allow_unproved"


def _keep_switch(context: click.Context, option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - as click calls it
    del option
    context.meta[_SWITCH] = value


class TapAmazonAds(ReportTap):
    """Amazon Ads reports: sponsored products, brands, display, television, DSP."""

    name = "tap-amazon-ads"
    config_jsonschema = th.PropertiesList(
        *CREDENTIALS,
        *REPORTING,
        *ACCOUNTS,
        *REPORTS,
    ).to_dict()

    asks_types_once = True

    # --- the command line ---------------------------------------------------

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command with the switch that takes v1 without proof."""
        command = super().get_singer_command()
        command.params.append(
            click.Option(
                ["--allow-unproved"],
                is_flag=True,
                expose_value=False,
                callback=_keep_switch,
                help="Read accounts by Ads API v1 that compare has not passed for.",
            )
        )
        return command

    @classmethod
    def _from_command_line(
        cls,
        config: Any,  # noqa: ANN401 - the SDK's private class
        state: IO[str] | None,
        catalog: IO[str] | None,
    ) -> CommandTap:
        context = click.get_current_context(silent=True)
        if context is not None and context.meta.get(_SWITCH):
            config.config["allow_unproved"] = True
        return super()._from_command_line(config, state, catalog)

    # --- streams -----------------------------------------------------------

    @cached_property
    def report_specs(self) -> dict[str, ReportSpec]:
        """What the report streams of this configuration ask for, by stream."""
        found = report_specs(load_catalogue(), self.config)
        return {spec.stream: spec for spec in found}

    @cached_property
    def refused_columns(self) -> RefusedColumns:
        """What Amazon refuses in this run."""
        return RefusedColumns()

    @property
    def report_streams(self) -> list[AdsReportStream]:
        """The streams that report types are behind."""
        return [s for s in self.streams.values() if isinstance(s, AdsReportStream)]

    def discover_streams(self) -> list[Stream]:
        """Return all streams; nothing is asked of Amazon for it."""
        return [
            ProfilesStream(self, lambda: self.accounts),
            AdvertisersStream(self, lambda: self.accounts),
            *(
                AdsReportStream(
                    self, spec, self.refused_columns, self.unified.refused_fields
                )
                for spec in self.report_specs.values()
            ),
            *(ExportStream(self, definition) for definition in EXPORTS),
            *(ListStream(self, definition, lambda: self) for definition in LISTS),
            ReportLogStream(self),
            ReportDaysStream(self, {"profile_id": "The profile; null where linked"}),
        ]

    def check_settings(self) -> None:
        """Check custom reports, extra columns and SUMMARY ranges."""
        for name in ("lookback_days", "holdback_days"):
            check_stream_names(self.config, name, self.report_specs)
        by_stream = ReportingSettings.read(self.config).by_stream
        check_stream_names(
            {"reporting_api": by_stream}, "reporting_api", self.report_specs
        )
        for names in (self.config.get("exclude_streams") or {}).values():
            excluded = dict.fromkeys(names)
            check_stream_names(
                {"exclude_streams": excluded},
                "exclude_streams",
                [*self.report_specs, *ENTITY_STREAMS],
            )
        for report in self.config["reports"]:
            self._check_custom(self.report_specs[report["name"]])
        start = day(self.config, "start_date")
        yesterday = (self.clock.now() - timedelta(days=1)).date()
        newest = day(self.config, "end_date") or yesterday
        for stream in self.streams.values():
            if not isinstance(stream, AdsReportStream) or not stream.selected:
                continue
            if stream.spec.is_summary and start:
                days = DateRange(start, newest, oldest_kept=start)
                summary_of(stream.spec, days)

    def _check_custom(self, spec: ReportSpec) -> None:
        if not spec.key:
            self.run_context.warn_once(
                f"reports: {spec.stream} has no key: the target can only "
                "append its rows. Set key to the columns that identify a row"
            )

    # --- talking to Amazon -------------------------------------------------

    @cached_property
    def api_client(self) -> ApiClient:
        """Calls with this tap's credential."""
        config, region = self.config, self.config["region"]
        credential = Credential(
            config["client_id"], config["client_secret"], config["refresh_token"]
        )
        tokens = TokenProvider(
            credential,
            auth_uri=config.get("auth_uri") or ADS_TOKEN_URIS[region],
            transport=self.transport,
            clock=self.clock,
        )
        return ApiClient(
            base_url=config.get("endpoint_uri") or ADS_HOSTS[region],
            tokens=tokens,
            transport=self.transport,
            clock=self.clock,
            headers={"Amazon-Advertising-API-ClientId": config["client_id"]},
        )

    @cached_property
    def lists(self) -> AdsClient:
        """What reads lists: of accounts, and of entities."""
        return AdsClient(self.api_client, self.run_context.deadline)

    @cached_property
    def accounts(self) -> AccountFinder:
        """The accounts of this run."""
        return AccountFinder(
            self.lists,
            AccountSettings.read(self.config),
            in_background=self.run_context.in_background,
            note=self.stats.add,
        )

    @cached_property
    def rate_limiters(self) -> AdsRateLimiters:
        """What says how often Amazon may be called."""
        return AdsRateLimiters()

    @cached_property
    def unified(self) -> UnifiedReporting:
        """The side of Ads API v1."""
        return UnifiedReporting(
            self.config,
            lists=lambda: self.lists,
            context=lambda: self.run_context,
            other_limiters=self.rate_limiters,
        )

    def make_rate_limiters(self) -> RoutedRateLimiters:
        """Return the limiters that the adapters tell of what is under way, too."""
        return self.unified.limiters

    def make_api(self) -> ReportApi:
        """Return the port to reporting v3, to exports and to Ads API v1."""
        warn_once = self.run_context.warn_once
        reports = ReportsApi(self.api_client, self.refused_columns, warn_once)
        exports = ExportsApi(self.api_client, self.rate_limiters.slots, warn_once)
        apis: dict[type[object], ReportApi] = {ExportSpec: exports}
        apis[UnifiedSpec] = self.unified.api(self.api_client)
        return RoutedApi(lambda request: apis.get(type(request.spec), reports))

    @cached_property
    def export_sizes(self) -> ExportSizes:
        """What compares documents of exports with what Amazon says of them."""
        return ExportSizes(self.run_context.warn_once)

    def classify(self, report: Report, path: Path) -> Outcome | None:
        """Find out whether an export has come whole."""
        if isinstance(report.request.spec, ExportSpec):
            self.export_sizes.check(report, path.stat().st_size)
        return super().classify(report, path)

    # --- what to ask for ---------------------------------------------------

    def make_partitions(self, streams: Iterable[ReportStream]) -> list[Partition]:
        """Return every selected stream for every account that has it."""
        now = self.clock.now()
        self.accounts.check_any()
        self.accounts.check_excluded()
        partitions = []
        for stream in streams:
            is_dsp = isinstance(stream, AdsReportStream) and stream.spec.is_dsp
            accounts = self.accounts_of(stream.name, is_dsp=is_dsp)
            if isinstance(stream, ExportStream):
                partitions += [
                    stream.partition(account, now, self.max_entity_age)
                    for account in accounts
                ]
                continue
            assert isinstance(stream, AdsReportStream)  # noqa: S101 - the other kind
            planned = [self._partition(stream, item, now) for item in accounts]
            partitions += [one for one in planned if one is not None]
        return partitions

    def account_ids(self) -> set[str]:
        """Return profiles and linked advertisers that a selected stream reads."""
        selected = [s for s in self.streams.values() if s.selected]
        self.accounts.check_any()
        return self.accounts.ids(
            lists_profiles=any(isinstance(s, ProfilesStream) for s in selected),
            reads_dsp=any(
                isinstance(s, AdvertisersStream)
                or (isinstance(s, AdsReportStream) and s.spec.is_dsp)
                for s in selected
            ),
        )

    def accounts_of(self, stream: str, *, is_dsp: bool) -> list[Account]:
        """Return the accounts a stream is read for; a test reads one."""
        self.accounts.check_any()
        found = (
            self.accounts.dsp_accounts if is_dsp else self.accounts.sponsored_accounts
        )
        accounts = [a for a in found if self.accounts.gets(a, stream)]
        return accounts[:1] if self.run_context.asks_one_account else accounts

    @property
    def max_entity_age(self) -> timedelta | None:
        """How old a snapshot of entities may get; None: whatever its age."""
        hours = 0 if self.is_test else self.config["entity_max_age_hours"]
        return timedelta(hours=hours) if hours else None

    def _unified_spec(
        self, stream: AdsReportStream, account: Account, now: datetime
    ) -> UnifiedSpec | None:
        """Return what to ask Ads API v1 for; None: v3 is asked, and it is said why.

        Raises:
            UnmatchedAccountError: v1 is wanted and has no such account.
        """
        found = self.unified.choice.spec_of(stream.spec, account, now)
        if isinstance(found, str):
            notice = Problem(account.label, stream.name, "", found, is_failure=False)
            self.stats.add(notice)
            return None
        return found

    def _partition(
        self, stream: AdsReportStream, account: Account, now: datetime
    ) -> Partition | None:
        try:
            unified = self._unified_spec(stream, account, now)
        except UnmatchedAccountError as error:
            self.stats.add(Problem(account.label, stream.name, "", str(error)))
            return None
        spec = stream.spec
        if unified is not None and not spec.is_summary:
            spec = replace(
                spec,
                max_range_days=unified.grain.longest,
                retention_days=unified.grain.history,
            )
        lookback = per_stream(
            self.config, "lookback_days", stream.name, DEFAULT_LOOKBACK_DAYS
        )
        days = self._days(spec, account, now)
        if self.is_test:
            days, lookback = replace(days, start=days.end, start_is_set=True), 0
        window = None
        if spec.is_summary:
            window, notes = summary_of(spec, days)
            for note in notes:
                self.logger.warning("%s of %s: %s", stream.name, account.label, note)
        return stream.partition(
            account,
            unified,
            window=window,
            days=days,
            limits=RequestLimits(
                DayGrid(spec.max_range_days),
                lookback,
                MAX_MEMBERS if unified is None else MAX_ACCOUNTS,
            ),
        )

    def _days(self, spec: ReportSpec, account: Account, now: datetime) -> DateRange:
        newest = account.newest_complete_day(now)
        newest -= timedelta(
            days=per_stream(self.config, "holdback_days", spec.stream, 0)
        )
        start = day(self.config, "start_date")
        end = day(self.config, "end_date")
        last = min(end or newest, newest)
        return DateRange(
            start=start or last - timedelta(days=DEFAULT_START_DAYS - 1),
            end=last,
            oldest_kept=account.oldest_kept_day(now, spec.retention_days),
            start_is_set=start is not None,
        )


def summary_of(spec: ReportSpec, days: DateRange) -> tuple[Window | None, list[str]]:
    """Return the days one SUMMARY report covers, and what there is to say of them.

    Raises:
        ConfigError: the days are too many.
    """
    try:
        return summary_window(days, spec.max_range_days)
    except ValueError as error:
        msg = (
            f"{spec.stream}: a SUMMARY report over {error}: "
            "set start_date and end_date closer together"
        )
        raise ConfigError(msg) from None
