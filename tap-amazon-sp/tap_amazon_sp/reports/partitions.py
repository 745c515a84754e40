"""Which windows of which accounts, marketplaces and options a run reads."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from singer_amazon.reports.model import DateOrHour, Window
from singer_amazon.reports.windows import DateRange, RequestLimits
from singer_amazon.sync.partition import AccountDetails, Partition, PartitionKind
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.context import RunContext
from singer_amazon.tap.settings import day, per_stream
from tap_amazon_sp.account_finder import AccountFinder
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.data_kiosk.queries.query_spec import QuerySpec
from tap_amazon_sp.data_kiosk.streams import KioskStream
from tap_amazon_sp.marketplaces import Marketplace
from tap_amazon_sp.periods import (
    START_DAYS,
    Availability,
    Period,
    PeriodRules,
    first_day,
    last_closed,
    lookback_of,
    open_days,
    open_hours,
)
from tap_amazon_sp.reports.options import Combination, offers_since
from tap_amazon_sp.reports.period_grid import PeriodGrid, range_of
from tap_amazon_sp.reports.request_spec import Dates, RequestSpec
from tap_amazon_sp.reports.streams import CatalogueStream, selected_of
from tap_amazon_sp.timestamps import midnight

logger = logging.getLogger(__name__)

NEVER = RequestLimits(PeriodGrid(Period.DAY, None), 0)
"""For streams without windows."""


@dataclass(frozen=True, slots=True)
class _PartitionKey:
    """One stream for one account, marketplace and combination of options."""

    stream: CatalogueStream
    account: Account
    marketplace: Marketplace
    combination: Combination

    @property
    def options(self) -> dict[str, str]:
        return self.combination.context(self.stream.stream_definition)

    @property
    def label(self) -> str:
        where = self.account.label_in(self.marketplace)
        return " ".join((where, *self.options.values()))

    def partition(
        self,
        spec: RequestSpec | QuerySpec,
        days: DateRange,
        limits: RequestLimits = NEVER,
        window: Window | None = None,
    ) -> Partition:
        """Return the partition: a snapshot where there is one window only."""
        where = dict(self.options)
        if not self.stream.stream_definition.is_per_account:
            where = {"marketplace_id": self.marketplace.marketplace_id, **where}
        return Partition(
            stream=self.stream.name,
            account=self.account.key,
            label=self.label,
            context={"account_name": self.account.name, **where},
            report_type=spec.report_type,
            definition=spec.definition(),
            days=days,
            limits=limits,
            kind=PartitionKind.WINDOWS if window is None else PartitionKind.SNAPSHOT,
            window=window,
            qualifier=" ".join(where.values()),
            marketplace=self.marketplace.marketplace_id,
            account_details=details_of(self.account, self.marketplace),
            replication_key=self.stream.replication_key or "",
            spec=spec,
        )


class CataloguePartitions:
    """Makes the partitions of the catalogue's streams for one run."""

    def __init__(self, run: RunContext, accounts: AccountFinder) -> None:
        self._run = run
        self._accounts = accounts
        self._now = run.clock.now()

    def of(self, streams: Sequence[CatalogueStream]) -> Iterator[Partition]:
        """Yield the partitions of these streams."""
        self._log_skipped(streams)
        for stream in streams:
            yield from self.of_stream(stream, streams)

    def of_stream(
        self, stream: CatalogueStream, streams: Sequence[CatalogueStream]
    ) -> Iterator[Partition]:
        """Yield the partitions of one of these streams."""
        for key in self._keys(stream):
            yield self._partition(key, streams)

    # --- where -------------------------------------------------------------

    def _keys(self, stream: CatalogueStream) -> Iterator[_PartitionKey]:
        keys = (
            _PartitionKey(stream, account, marketplace, combination)
            for account in self._accounts.all
            if account.kind in stream.report_definition.accounts
            for marketplace in _marketplaces(stream, account)
            for combination in stream.choice.of_stream(stream.stream_definition)
        )
        for key in keys:
            yield key
            if self._run.asks_one_account:
                return

    def _log_skipped(self, streams: Sequence[CatalogueStream]) -> None:
        """Say once for each account which streams its kind cannot have."""
        for account in self._accounts.all:
            names = [
                stream.name
                for stream in streams
                if account.kind not in stream.report_definition.accounts
            ]
            if names:
                logger.info(
                    "%s: a %s cannot have these %d streams, they are skipped: %s",
                    account.label,
                    account.kind,
                    len(names),
                    ", ".join(names),
                )

    # --- when --------------------------------------------------------------

    def _partition(
        self, key: _PartitionKey, streams: Sequence[CatalogueStream]
    ) -> Partition:
        report, period = key.stream.report_definition, key.combination.period
        spec = RequestSpec(
            report_type=report.report_type,
            marketplaces=(key.marketplace.marketplace_id,),
            options=key.combination.request_options(key.marketplace),
            dates="none",
            marketplace=key.marketplace,
        )
        if report.dates == "offers":
            spec = replace(spec, dates="offers", offer_options=report.offer_options)
            return _snapshot(key, spec, self._offers(key))
        if period is None:
            today = key.marketplace.today(self._now)
            return _snapshot(key, spec, Window(today, today))
        if isinstance(key.stream, KioskStream):
            # no document is shared: each stream has queries of its own
            rules = report.rules(period, [key.stream.name])
            query = key.stream.query_spec(key.combination, key.marketplace)
            return self._windows(key, query, period, rules)
        names = [s.name for s in selected_of(streams, report)]
        rules = report.rules(period, names)
        dates: Dates = "hours" if period is Period.HOUR else "days"
        spec = replace(spec, dates=dates, period=period, rules=rules)
        return self._windows(key, spec, period, rules)

    def _offers(self, key: _PartitionKey) -> Window:
        start = day(self._run.config, "start_date")
        first, last = offers_since(key.stream.report_definition, self._now, start)
        return Window(first.date(), last.date())

    def _windows(
        self,
        key: _PartitionKey,
        spec: RequestSpec | QuerySpec,
        period: Period,
        rules: PeriodRules,
    ) -> Partition:
        days, availability = self._days(key, period, rules)
        if availability.periods is None:
            self._note_closed(key, period, availability)
        lookback = self._lookback(key.stream.name, period, rules)
        if self._run.is_test:
            newest = PeriodGrid(period, 1).back(days.end, 1)
            days, lookback = replace(days, start=newest, start_is_set=True), 0
        limits = RequestLimits(PeriodGrid(period, rules.per_request), lookback)
        return key.partition(spec, days, limits)

    def _days(
        self, key: _PartitionKey, period: Period, rules: PeriodRules
    ) -> tuple[DateRange, Availability]:
        config = self._run.config
        start, end = day(config, "start_date"), day(config, "end_date")
        if period is Period.HOUR:
            first = start or (self._now - timedelta(days=START_DAYS)).date()
            held = config.get("holdback_hours")
            availability = open_hours(
                rules,
                now=self._now,
                start=first,
                end=end,
                holdback=None if held is None else int(held),
            )
            begin: DateOrHour = midnight(first)
        else:
            today = key.marketplace.today(self._now)
            held = self._holdback(key.stream.name, rules)
            begin = first = start or usual_start(period, today, held)
            availability = open_days(
                period, rules, today=today, start=first, end=end, holdback=held
            )
        return (
            range_of(period, availability, begin, start_is_set=start is not None),
            availability,
        )

    def _holdback(self, stream: str, rules: PeriodRules) -> int:
        return per_stream(self._run.config, "holdback_days", stream, rules.holdback)

    def _lookback(self, stream: str, period: Period, rules: PeriodRules) -> int:
        days = per_stream(self._run.config, "lookback_days", stream, -1)
        return rules.lookback if days < 0 else lookback_of(period, days)

    def _note_closed(
        self, key: _PartitionKey, period: Period, availability: Availability
    ) -> None:
        opens = availability.opens
        when = "" if opens is None else f"; the first opens on {opens}"
        reason = f"no {period.value} of the days wanted is complete and published{when}"
        self._run.stats.add(
            Problem(key.label, key.stream.name, "", reason, is_failure=False)
        )


def _marketplaces(stream: CatalogueStream, account: Account) -> Sequence[Marketplace]:
    """Return where a stream is read: once, where a request brings all of them."""
    is_once = stream.stream_definition.is_per_account
    return account.marketplaces[:1] if is_once else account.marketplaces


def details_of(account: Account, *marketplaces: Marketplace) -> AccountDetails:
    """Return what logs say of an account; what marketplaces differ in is left out."""
    currencies = {marketplace.currency or None for marketplace in marketplaces}
    zones = {marketplace.zone for marketplace in marketplaces}
    return AccountDetails(
        account.name,
        currencies.pop() if len(currencies) == 1 else None,
        zones.pop() if len(zones) == 1 else None,
    )


def _snapshot(key: _PartitionKey, spec: RequestSpec, window: Window) -> Partition:
    days = DateRange(window.start, window.end, oldest_kept=window.start)
    return key.partition(spec, days, window=window)


def usual_start(period: Period, today: date, held: int) -> date:
    """Return 30 days back, or the newest whole period where it began before."""
    newest = last_closed(period, today - timedelta(days=1 + held))
    return min(today - timedelta(days=START_DAYS), first_day(period, newest))
