"""Which windows of which queries of the user's own a run reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from singer_amazon.reports.model import Window, earliest, fingerprint, text_of
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import DateRange, RequestLimits
from singer_amazon.sync.partition import Partition, PartitionKind
from singer_amazon.tap.context import RunContext
from singer_amazon.tap.settings import day, per_stream
from tap_amazon_sp.account_finder import AccountFinder
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.data_kiosk.custom.settings import CustomQuery
from tap_amazon_sp.data_kiosk.custom.streams import CustomQueryStream
from tap_amazon_sp.data_kiosk.queries.query_spec import QuerySpec
from tap_amazon_sp.marketplaces import Marketplace
from tap_amazon_sp.periods import START_DAYS
from tap_amazon_sp.reports.partitions import details_of


class CustomQueryPartitions:
    """Makes the partitions of custom queries for one run."""

    def __init__(self, run: RunContext, accounts: AccountFinder) -> None:
        self._run = run
        self._accounts = accounts
        self._now = run.clock.now()

    def of(self, streams: Iterable[CustomQueryStream]) -> Iterator[Partition]:
        """Yield the partitions of these streams."""
        for stream in streams:
            for account in self._accounts.all:
                if account.kind not in stream.custom_query.query.schema.accounts:
                    continue
                for marketplaces in _marketplaces(stream.custom_query, account):
                    yield self._partition(stream, account, marketplaces)
                    if self._run.asks_one_account:
                        return

    def _partition(
        self,
        stream: CustomQueryStream,
        account: Account,
        marketplaces: tuple[Marketplace, ...],
    ) -> Partition:
        custom = stream.custom_query
        ids = tuple(marketplace.marketplace_id for marketplace in marketplaces)
        query = custom.query

        today = marketplaces[0].today(self._now)

        def make_text(window: Window) -> str:
            start, end = text_of(window.start), text_of(window.end)
            return query.filled(start, end, ids, today)

        spec = QuerySpec(
            schema=query.schema,
            root=query.root,
            arguments={},
            paths=(),
            keys=frozenset(),
            make_text=make_text,
            written=query.filled("{start}", "{end}", ids),
        )
        days = self._days(custom, marketplaces[0])
        is_windowed = custom.is_windowed
        lookback = per_stream(
            self._run.config, "lookback_days", custom.name, custom.lookback_days
        )
        return Partition(
            stream=stream.name,
            account=account.key,
            label=f"{account.name} in {', '.join(m.code for m in marketplaces)}",
            context={"account_name": account.name, "marketplace_id": ",".join(ids)},
            report_type=spec.report_type,
            definition=spec.definition(),
            days=days,
            limits=RequestLimits(
                DayGrid(custom.window_days), 0 if self._run.is_test else lookback
            ),
            kind=PartitionKind.WINDOWS if is_windowed else PartitionKind.SNAPSHOT,
            window=None if is_windowed else Window(days.end, days.end),
            qualifier=",".join(ids),
            marketplace=",".join(ids),
            account_details=details_of(account, *marketplaces),
            replication_key=stream.replication_key or "",
            settings_digest=fingerprint(spec.definition()),
            spec=spec,
        )

    def _days(self, custom: CustomQuery, marketplace: Marketplace) -> DateRange:
        config = self._run.config
        held = per_stream(config, "holdback_days", custom.name, custom.holdback_days)
        newest = marketplace.today(self._now) - timedelta(days=1 + held)
        start, end = day(config, "start_date"), day(config, "end_date")
        last = min(end or newest, newest)
        first = start or last - timedelta(days=START_DAYS - 1)
        if self._run.is_test:
            return DateRange(last, last, earliest(last), start_is_set=True)
        return DateRange(first, last, earliest(last), start_is_set=start is not None)


def _marketplaces(
    custom: CustomQuery, account: Account
) -> list[tuple[Marketplace, ...]]:
    """Return the marketplaces of each query for one account."""
    if custom.is_per_marketplace:
        return [(marketplace,) for marketplace in account.marketplaces]
    return [tuple(account.marketplaces)]
