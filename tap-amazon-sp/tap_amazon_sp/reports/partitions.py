"""Which windows of which accounts, marketplaces and options a run reads."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from singer_amazon.reports.model import DateOrHour, Window
from singer_amazon.reports.windows import DateRange, RequestLimits
from singer_amazon.sync.partition import Partition, PartitionKind
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.settings import day, per_stream
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.host import Host
from tap_amazon_sp.marketplaces import Marketplace
from tap_amazon_sp.periods import (
    Outlook,
    Period,
    PeriodRules,
    first_day,
    hour_start,
    last_closed,
    lookback_of,
    open_days,
    open_hours,
)
from tap_amazon_sp.reports.grids import PeriodGrid, range_of
from tap_amazon_sp.reports.options import Combination, offers_since
from tap_amazon_sp.reports.streams import CatalogueStream, selected_of
from tap_amazon_sp.reports.terms import Terms

logger = logging.getLogger(__name__)

START_DAYS = 30
"""How far back a first run reads without start_date."""

NEVER = RequestLimits(PeriodGrid(Period.DAY, None), 0)
"""For streams without windows."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """One stream for one account, marketplace and combination of options."""

    stream: CatalogueStream
    account: Account
    place: Marketplace
    combination: Combination

    @property
    def context(self) -> dict[str, str]:
        return {
            "account_name": self.account.name,
            "marketplace_id": self.place.marketplace_id,
            **self.combination.context(self.stream.kind),
        }

    @property
    def label(self) -> str:
        options = self.combination.context(self.stream.kind).values()
        return " ".join((self.account.label_in(self.place), *options))


class Partitions:
    """Makes the partitions of a run, and remembers the terms of each."""

    def __init__(self, tap: Host, now: datetime) -> None:
        self._tap = tap
        self._now = now
        self.terms: dict[tuple[str, str, str], Terms] = {}
        """By stream, account and place, as a request names them."""
        self.contexts: dict[tuple[str, str, str], Mapping[str, str]] = {}

    def of_catalogue(self, streams: Sequence[CatalogueStream]) -> Iterator[Partition]:
        """Yield the partitions of the catalogue's streams."""
        self._tell_skipped(streams)
        for stream in streams:
            for spot in self._spots(stream):
                yield self._partition(spot, streams)

    def keep(self, partition: Partition, terms: Terms) -> Partition:
        """Remember a partition's terms."""
        self.terms[partition.key] = terms
        self.contexts[partition.key] = partition.context
        return partition

    # --- where -------------------------------------------------------------

    def _spots(self, stream: CatalogueStream) -> Iterator[_Spot]:
        spots = (
            _Spot(stream, account, place, combination)
            for account in self._tap.accounts.all
            if account.kind in stream.report.accounts
            for place in account.marketplaces
            for combination in stream.choice.of_stream(stream.kind)
        )
        for spot in spots:
            yield spot
            if self._tap.is_test:
                return

    def _tell_skipped(self, streams: Sequence[CatalogueStream]) -> None:
        """Say once for each account which streams its kind cannot have."""
        for account in self._tap.accounts.all:
            names = [s.name for s in streams if account.kind not in s.report.accounts]
            if names:
                logger.info(
                    "%s: a %s cannot have these %d streams, they are skipped: %s",
                    account.label,
                    account.kind,
                    len(names),
                    ", ".join(names),
                )

    # --- when --------------------------------------------------------------

    def _partition(self, spot: _Spot, streams: Sequence[CatalogueStream]) -> Partition:
        report, period = spot.stream.report, spot.combination.period
        terms = Terms(
            report_type=report.report_type,
            marketplaces=(spot.place.marketplace_id,),
            options=spot.combination.request_options(spot.place),
            dates="none",
            place=spot.place,
        )
        if report.dates == "offers":
            terms = replace(terms, dates="offers", offer_options=report.offer_options)
            return self._snapshot(spot, terms, self._offers(spot))
        if period is None:
            today = spot.place.today(self._now)
            return self._snapshot(spot, terms, Window(today, today))
        names = [s.name for s in selected_of(streams, report)]
        rules = report.rules(period, names)
        terms = replace(
            terms,
            dates="hours" if period is Period.HOUR else "days",
            period=period,
            rules=rules,
        )
        return self._windows(spot, terms, period, rules)

    def _offers(self, spot: _Spot) -> Window:
        start = day(self._tap.config, "start_date")
        first, last = offers_since(spot.stream.report, self._now, start)
        return Window(first.date(), last.date())

    def _snapshot(self, spot: _Spot, terms: Terms, window: Window) -> Partition:
        days = DateRange(window.start, window.end, oldest_kept=window.start)
        return self.keep(
            _partition(spot, terms, days, NEVER, PartitionKind.SNAPSHOT, window), terms
        )

    def _windows(
        self, spot: _Spot, terms: Terms, period: Period, rules: PeriodRules
    ) -> Partition:
        days, outlook = self._days(spot, period, rules)
        if outlook.periods is None:
            self._tell_closed(spot, period, outlook)
        lookback = self._lookback(spot.stream.name, period, rules)
        if self._tap.is_test:
            newest = PeriodGrid(period, 1).back(days.end, 1)
            days, lookback = replace(days, start=newest, start_is_set=True), 0
        limits = RequestLimits(PeriodGrid(period, rules.per_request), lookback)
        return self.keep(
            _partition(spot, terms, days, limits, PartitionKind.WINDOWS, None), terms
        )

    def _days(
        self, spot: _Spot, period: Period, rules: PeriodRules
    ) -> tuple[DateRange, Outlook]:
        config = self._tap.config
        start, end = day(config, "start_date"), day(config, "end_date")
        if period is Period.HOUR:
            first = start or (self._now - timedelta(days=START_DAYS)).date()
            held = config.get("holdback_hours")
            outlook = open_hours(
                rules,
                now=self._now,
                start=first,
                end=end,
                holdback=None if held is None else int(held),
            )
            begin: DateOrHour = _midnight(first)
        else:
            today = spot.place.today(self._now)
            held = self._holdback(spot.stream.name, rules)
            first = start or _usual_start(period, today, held)
            outlook = open_days(
                period, rules, today=today, start=first, end=end, holdback=held
            )
            begin = first
        return (
            range_of(period, outlook, begin, start_is_set=start is not None),
            outlook,
        )

    def _holdback(self, stream: str, rules: PeriodRules) -> int:
        return per_stream(self._tap.config, "holdback_days", stream, rules.holdback)

    def _lookback(self, stream: str, period: Period, rules: PeriodRules) -> int:
        days = per_stream(self._tap.config, "lookback_days", stream, -1)
        return rules.lookback if days < 0 else lookback_of(period, days)

    def _tell_closed(self, spot: _Spot, period: Period, outlook: Outlook) -> None:
        opens = outlook.opens
        when = "" if opens is None else f"; the first opens on {opens}"
        reason = f"no {period.value} of the days wanted is complete and published{when}"
        self._tap.stats.add(
            Problem(spot.label, spot.stream.name, "", reason, is_failure=False)
        )


def _partition(
    spot: _Spot,
    terms: Terms,
    days: DateRange,
    limits: RequestLimits,
    kind: PartitionKind,
    window: Window | None,
) -> Partition:
    context = spot.context
    return Partition(
        stream=spot.stream.name,
        account=spot.account.key,
        label=spot.label,
        context=context,
        report_type=terms.report_type,
        definition=terms.definition(),
        days=days,
        limits=limits,
        kind=kind,
        window=window,
        qualifier=place_of(context),
        replication_key=spot.stream.replication_key or "",
    )


def _usual_start(period: Period, today: date, held: int) -> date:
    """Return 30 days back, or the newest whole period where it began before."""
    newest = last_closed(period, today - timedelta(days=1 + held))
    return min(today - timedelta(days=START_DAYS), first_day(period, newest))


def place_of(context: dict[str, str]) -> str:
    """Return what tells partitions of one stream and account apart."""
    return " ".join(value for name, value in context.items() if name != "account_name")


def _midnight(moment: date) -> datetime:
    return hour_start(0) + (moment - date(1970, 1, 1))
