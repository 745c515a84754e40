"""What a run asks for of the user's own reports."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from singer_amazon.errors import CallError
from singer_amazon.http.transport import Response
from singer_amazon.reports.model import ListedReport, Window, earliest, fingerprint
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import DateRange, RequestLimits
from singer_amazon.sync.partition import Partition, PartitionKind
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.settings import day, per_stream
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.host import Host
from tap_amazon_sp.marketplaces import Marketplace
from tap_amazon_sp.periods import Period, PeriodRules
from tap_amazon_sp.rates import RATES
from tap_amazon_sp.reports.api import REPORTS
from tap_amazon_sp.reports.own.listing import listed
from tap_amazon_sp.reports.own.settings import OwnReport, day_of
from tap_amazon_sp.reports.own.streams import OwnStream
from tap_amazon_sp.reports.terms import LATE_DAYS, Dates, Terms

if TYPE_CHECKING:
    from tap_amazon_sp.reports.partitions import Partitions

START_DAYS = 30
Places = tuple[Marketplace, ...]


class OwnWindows:
    """Makes the partitions of own reports."""

    def __init__(
        self,
        tap: Host,
        partitions: Partitions,
        now: datetime,
        *,
        kinds_of: Callable[[str], Sequence[str]],
        by_days: Collection[str],
    ) -> None:
        self._tap = tap
        self._partitions = partitions
        self._now = now
        self._kinds_of = kinds_of
        self._by_days = by_days

    def of(self, streams: Sequence[OwnStream]) -> Iterator[Partition]:
        """Yield the partitions of these streams."""
        for stream in streams:
            spots = [
                (account, places)
                for account in self._tap.accounts.all
                if self._is_for(stream.own, account)
                for places in self._places(stream.own, account)
            ]
            for account, places in spots[:1] if self._tap.is_test else spots:
                yield self._partition(stream, account, places)

    def _is_for(self, own: OwnReport, account: Account) -> bool:
        """Whether an account is meant: as the user says, else by its kind."""
        if own.accounts:
            return account.name in own.accounts
        kinds = self._kinds_of(own.report_type)
        if account.kind not in kinds:
            self._tap.warn_once(
                f"{own.name}: {own.report_type} is for {' and '.join(kinds)} accounts: "
                f"skipped for {account.label} (accounts of the report says otherwise)"
            )
        return account.kind in kinds

    def _places(self, own: OwnReport, account: Account) -> list[Places]:
        """Return the marketplaces of each request for one account."""
        if not own.marketplaces:
            return [(place,) for place in account.marketplaces]
        places = tuple(p for p in own.marketplaces if p in account.marketplaces)
        if not places:
            self._tap.warn_once(
                f"{own.name}: {account.label} has none of its marketplaces: skipped"
            )
        return [places] if places else []

    def _partition(
        self, stream: OwnStream, account: Account, places: Places
    ) -> Partition:
        own = stream.own
        terms = self._terms(own, places)
        today = self._now.date()
        days = DateRange(today, today, oldest_kept=earliest(today))
        shape, window = PartitionKind.SNAPSHOT, None
        if own.is_listed:
            shape = PartitionKind.LISTED
        elif own.dates == "window":
            shape, days = PartitionKind.WINDOWS, self._days(own)
        elif own.dates == "fixed":
            start, end = own.fixed
            window = Window(day_of(str(start)), day_of(str(end)))
        else:
            window = Window(today, today)
        ids = [place.marketplace_id for place in places]
        context = {"account_name": account.name, "marketplace_id": ",".join(ids)}
        definition = terms.definition()
        partition = Partition(
            stream=stream.name,
            account=account.key,
            label=f"{account.name} in {', '.join(p.code for p in places)}",
            context=context,
            report_type=own.report_type,
            definition=definition,
            days=days,
            limits=RequestLimits(DayGrid(own.window_days), self._lookback(own)),
            kind=shape,
            window=window,
            qualifier=context["marketplace_id"],
            replication_key=stream.replication_key or "",
            settings_digest=fingerprint(definition),
        )
        if own.is_listed:
            found = self._listed(stream, account, ids, partition)
            some = 1 if self._tap.is_test else None
            partition.listed = tuple(itertools.islice(found, some))
        return self._partitions.keep(partition, terms)

    def _terms(self, own: OwnReport, places: Places) -> Terms:
        dates: Dates = "none"
        if own.dates == "fixed":
            dates = "fixed"
        elif own.dates == "window":
            dates = "days" if own.report_type in self._by_days else "instants"
        expected = own.holdback_days + LATE_DAYS
        rules = PeriodRules(own.window_days, own.holdback_days, expected, None, 0)
        return Terms(
            report_type=own.report_type,
            marketplaces=tuple(place.marketplace_id for place in places),
            options=own.options,
            dates=dates,
            fixed=own.fixed,
            is_checked=False,
            period=Period.DAY if own.dates == "window" else None,
            rules=rules,
        )

    def _days(self, own: OwnReport) -> DateRange:
        """Return the days of UTC to read: without dates of a marketplace's zone."""
        config = self._tap.config
        held = per_stream(config, "holdback_days", own.name, own.holdback_days)
        newest = self._now.date() - timedelta(days=1 + held)
        start, end = day(config, "start_date"), day(config, "end_date")
        last = min(end or newest, newest)
        first = start or last - timedelta(days=START_DAYS - 1)
        if self._tap.is_test:
            return DateRange(last, last, earliest(last), start_is_set=True)
        return DateRange(first, last, earliest(last), start_is_set=start is not None)

    def _lookback(self, own: OwnReport) -> int:
        if self._tap.is_test:
            return 0
        return per_stream(
            self._tap.config, "lookback_days", own.name, own.lookback_days
        )

    # --- reports that are there --------------------------------------------

    def _listed(
        self,
        stream: OwnStream,
        account: Account,
        ids: Sequence[str],
        partition: Partition,
    ) -> Iterator[ListedReport]:
        client = account.client

        def ask(params: Mapping[str, str]) -> Response | None:
            return self._tap.ask(
                account,
                "getReports",
                RATES["getReports"],
                lambda: client.call("getReports", "GET", REPORTS, params=params),
            )

        config = self._tap.config
        try:
            yield from listed(
                stream.own,
                tuple(ids),
                ask,
                among=[place.marketplace_id for place in account.marketplaces],
                now=self._now,
                start=day(config, "start_date"),
                end=day(config, "end_date"),
            )
        except CallError as error:
            self._tap.stats.add(Problem(partition.label, stream.name, "", str(error)))
