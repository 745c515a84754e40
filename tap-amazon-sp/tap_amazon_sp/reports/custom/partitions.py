"""Which windows of which custom reports a run reads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from singer_amazon.errors import CallError
from singer_amazon.reports.model import ListedReport, Window, earliest, fingerprint
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import DateRange, RequestLimits
from singer_amazon.sync.partition import Partition, PartitionKind
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.context import RunContext
from singer_amazon.tap.settings import day, per_stream
from tap_amazon_sp.account_finder import AccountFinder
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.catalogue.loader import load_catalogue
from tap_amazon_sp.marketplaces import Marketplace
from tap_amazon_sp.periods import (
    START_DAYS,
    Period,
    PeriodRules,
    lookback_of,
    open_days,
    periods_in,
)
from tap_amazon_sp.reports.api import REPORTS
from tap_amazon_sp.reports.custom.listing import listed
from tap_amazon_sp.reports.custom.settings import CustomReport, day_of
from tap_amazon_sp.reports.custom.streams import CustomReportStream
from tap_amazon_sp.reports.partitions import details_of, usual_start
from tap_amazon_sp.reports.period_grid import PeriodGrid, range_of
from tap_amazon_sp.reports.request_spec import LATE_DAYS, Dates, RequestSpec


class CustomPartitions:
    """Makes the partitions of custom reports for one run."""

    def __init__(self, run: RunContext, accounts: AccountFinder) -> None:
        self._run = run
        self._accounts = accounts
        self._now = run.clock.now()
        self._catalogue = load_catalogue()

    def of(self, streams: Sequence[CustomReportStream]) -> Iterator[Partition]:
        """Yield the partitions of these streams."""
        for stream in streams:
            found = [
                (account, marketplaces)
                for account in self._accounts.all
                if self._is_for(stream.custom_report, account)
                for marketplaces in self._marketplaces(stream.custom_report, account)
            ]
            for account, marketplaces in (
                found[:1] if self._run.asks_one_account else found
            ):
                yield self._partition(stream, account, marketplaces)

    def _is_for(self, report: CustomReport, account: Account) -> bool:
        """Whether an account is meant: as the user says, else by its kind."""
        if report.accounts:
            return account.name in report.accounts
        kinds = self._catalogue.kinds_of(report.report_type)
        if account.kind not in kinds:
            self._run.warn_once(
                f"{report.name}: {report.report_type} is for {' and '.join(kinds)} "
                f"accounts: skipped for {account.label} (accounts of the report says "
                "otherwise)"
            )
        return account.kind in kinds

    def _marketplaces(
        self, report: CustomReport, account: Account
    ) -> list[tuple[Marketplace, ...]]:
        """Return the marketplaces of each request for one account."""
        if not report.marketplaces:
            return [(marketplace,) for marketplace in account.marketplaces]
        here = {m.marketplace_id: m for m in account.marketplaces}
        wanted = [marketplace.marketplace_id for marketplace in report.marketplaces]
        common = tuple(here[name] for name in wanted if name in here)
        if not common:
            self._run.warn_once(
                f"{report.name}: {account.label} has none of its marketplaces: skipped"
            )
        return [common] if common else []

    def _partition(
        self,
        stream: CustomReportStream,
        account: Account,
        marketplaces: tuple[Marketplace, ...],
    ) -> Partition:
        report = stream.custom_report
        ids = tuple(marketplace.marketplace_id for marketplace in marketplaces)
        spec = self._spec(report, ids)
        today = self._now.date()
        days = DateRange(today, today, oldest_kept=earliest(today))
        kind, window = PartitionKind.SNAPSHOT, None
        if report.is_listed:
            kind = PartitionKind.LISTED
        elif report.dates == "window":
            kind, days = PartitionKind.WINDOWS, self._days(report, marketplaces[0])
        elif report.dates == "fixed":
            start, end = report.fixed
            window = Window(day_of(str(start)), day_of(str(end)))
        else:
            window = Window(today, today)
        definition = spec.definition()
        if report.is_period_set and report.period is not None:
            definition["period"] = report.period.value
        partition = Partition(
            stream=stream.name,
            account=account.key,
            label=f"{account.name} in {', '.join(m.code for m in marketplaces)}",
            context={"account_name": account.name, "marketplace_id": ",".join(ids)},
            report_type=report.report_type,
            definition=definition,
            days=days,
            limits=RequestLimits(_grid(report), self._lookback(report)),
            kind=kind,
            window=window,
            qualifier=",".join(ids),
            marketplace=",".join(ids),
            account_details=details_of(account, *marketplaces),
            replication_key=stream.replication_key or "",
            settings_digest=fingerprint(definition),
            spec=spec,
        )
        if report.is_listed:
            found = self._listed(account, spec, partition)
            most = 1 if self._run.is_test else None
            partition.listed = tuple(itertools.islice(found, most))
        return partition

    def _spec(self, report: CustomReport, ids: tuple[str, ...]) -> RequestSpec:
        dates: Dates = "none"
        if report.dates == "fixed":
            dates = "fixed"
        elif report.dates == "window":
            is_known = (
                report.period is not None
                or report.report_type in self._catalogue.period_types
            )
            dates = "days" if is_known else "instants"
        expected = report.holdback_days + LATE_DAYS
        return RequestSpec(
            report_type=report.report_type,
            marketplaces=ids,
            options=report.options,
            dates=dates,
            fixed=report.fixed,
            is_checked=False,
            period=report.period or (Period.DAY if report.dates == "window" else None),
            rules=PeriodRules(
                report.window_days, report.holdback_days, expected, None, 0
            ),
        )

    def _days(self, report: CustomReport, marketplace: Marketplace) -> DateRange:
        """Return the days of UTC to read: without dates of a marketplace's zone.

        Periods are whole ones of the marketplace's own calendar.
        """
        config = self._run.config
        held = per_stream(config, "holdback_days", report.name, report.holdback_days)
        if report.period is not None:
            return self._periods(report, report.period, marketplace.today(self._now))
        newest = self._now.date() - timedelta(days=1 + held)
        start, end = day(config, "start_date"), day(config, "end_date")
        last = min(end or newest, newest)
        first = start or last - timedelta(days=START_DAYS - 1)
        if self._run.is_test:
            return DateRange(last, last, earliest(last), start_is_set=True)
        return DateRange(first, last, earliest(last), start_is_set=start is not None)

    def _lookback(self, report: CustomReport) -> int:
        if self._run.is_test:
            return 0
        days = per_stream(
            self._run.config, "lookback_days", report.name, report.lookback_days
        )
        return days if report.period is None else lookback_of(report.period, days)

    def _periods(self, report: CustomReport, period: Period, today: date) -> DateRange:
        config = self._run.config
        held = per_stream(config, "holdback_days", report.name, report.holdback_days)
        start = day(config, "start_date")
        first = start or usual_start(period, today, held)
        available = open_days(
            period,
            PeriodRules(1, held, 0, None, 0),
            today=today,
            start=first,
            end=day(config, "end_date"),
        )
        days = range_of(period, available, first, start_is_set=start is not None)
        if available.periods is None:
            self._run.warn_once(
                f"{report.name}: no {period.value} of the days wanted is complete "
                f"yet; the first opens on {available.opens}"
            )
        if not self._run.is_test:
            return days
        newest = PeriodGrid(period, 1).back(days.end, 1)
        return replace(days, start=newest, start_is_set=True)

    def _listed(
        self, account: Account, spec: RequestSpec, partition: Partition
    ) -> Iterator[ListedReport]:
        """Yield the reports that are there already."""
        config = self._run.config
        try:
            yield from listed(
                spec.report_type,
                spec.marketplaces,
                lambda params: account.caller.request("getReports", REPORTS, params),
                among=[m.marketplace_id for m in account.marketplaces],
                now=self._now,
                start=day(config, "start_date"),
                end=day(config, "end_date"),
            )
        except CallError as error:
            self._run.stats.add(
                Problem(partition.label, partition.stream, "", str(error))
            )


def _grid(report: CustomReport) -> DayGrid | PeriodGrid:
    if report.period is None:
        return DayGrid(report.window_days)
    return PeriodGrid(report.period, periods_in(report.period, report.window_days))
