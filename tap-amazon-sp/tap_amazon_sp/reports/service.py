"""The reports of one run: streams, settings, rate limits, the port to Amazon."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from singer_sdk import Stream, Tap

from singer_amazon.errors import ConfigError
from singer_amazon.reports.api import ReportApi, RoutedApi
from singer_amazon.reports.engine import Engine, Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome
from singer_amazon.shards.shard import Shard
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.state_store import COUNTERS
from singer_amazon.tap.context import RunContext
from singer_amazon.tap.settings import check_stream_names
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.account_finder import AccountFinder
from tap_amazon_sp.accounts import read_accounts
from tap_amazon_sp.catalogue import ReportDefinition, StreamDefinition
from tap_amazon_sp.catalogue.loader import load_catalogue
from tap_amazon_sp.client import SpClient
from tap_amazon_sp.data_kiosk.custom.partitions import CustomQueryPartitions
from tap_amazon_sp.data_kiosk.custom.settings import read_custom_queries
from tap_amazon_sp.data_kiosk.custom.streams import CustomQueryStream
from tap_amazon_sp.data_kiosk.datasets import query_shapes
from tap_amazon_sp.data_kiosk.queries.api import DataKioskApi
from tap_amazon_sp.data_kiosk.queries.query_spec import is_query
from tap_amazon_sp.data_kiosk.queries.refused_fields import RefusedFields
from tap_amazon_sp.data_kiosk.queries.running_queries import AccountQueries
from tap_amazon_sp.data_kiosk.rows.error_documents import classify_query_document
from tap_amazon_sp.data_kiosk.sales_streams import REPORT, sales_stream
from tap_amazon_sp.data_kiosk.streams import KioskStream
from tap_amazon_sp.data_kiosk.trends.partitions import ProductPartitions
from tap_amazon_sp.data_kiosk.trends.stream import TrendsStream
from tap_amazon_sp.reports.api import ReportsApi
from tap_amazon_sp.reports.custom.files import FileSaver
from tap_amazon_sp.reports.custom.partitions import CustomPartitions
from tap_amazon_sp.reports.custom.settings import read_custom_reports
from tap_amazon_sp.reports.custom.streams import CustomReportStream
from tap_amazon_sp.reports.error_documents import classify_document
from tap_amazon_sp.reports.options import Choice, choices
from tap_amazon_sp.reports.partitions import CataloguePartitions
from tap_amazon_sp.reports.rate_limiters import (
    SALES_AND_TRAFFIC,
    SpReportRateLimiters,
    in_words,
    read_share,
)
from tap_amazon_sp.reports.request_spec import spec_of
from tap_amazon_sp.reports.streams import CatalogueStream

logger = logging.getLogger(__name__)

PRODUCTS = "sales_and_traffic_by_asin"
"""The stream whose rows name products."""
MIN_LOGGED_SECONDS = 60.0
"""Seconds of requesting that people should know of before they wait."""


def report_streams(tap: Tap) -> list[ReportStream]:
    """Return the report streams of the catalogue, then the custom ones.

    Raises:
        ConfigError: report_options or reports cannot be meant so.
    """
    catalogue, config = load_catalogue(), tap.config
    chosen = choices(catalogue, config.get("report_options"))
    saver = FileSaver(config, config.get("spool_dir"))
    known = [
        _stream(tap, report, stream, chosen[report.name])
        for report in catalogue.reports
        for stream in report.streams
    ]
    custom = read_custom_reports(config.get("reports") or ())
    queries = read_custom_queries(config.get("data_kiosk") or ())
    return [
        *known,
        *(CustomReportStream(tap, report, saver) for report in custom),
        *(CustomQueryStream(tap, query) for query in queries),
    ]


def _stream(
    tap: Tap, report: ReportDefinition, stream: StreamDefinition, choice: Choice
) -> CatalogueStream:
    """Return what reads a stream: sales and traffic may come from Data Kiosk."""
    shape = query_shapes().get(stream.name)
    if shape is not None:
        kind = KioskStream if shape.asin_filter is None else TrendsStream
        return kind(tap, report, stream, choice, shape)
    source = tap.config["sales_and_traffic_source"]
    if report.name == REPORT and source == "data_kiosk":
        return sales_stream(tap, report, stream, choice)
    return CatalogueStream(tap, report, stream, choice)


def check_reports(
    config: Mapping[str, Any], streams: Iterable[Stream], shard: Shard
) -> list[str]:
    """Check the settings of reports; return what people should know of them.

    Raises:
        ConfigError: one is wrong.
    """
    found = list(streams)
    notes = [n for s in found if isinstance(s, CatalogueStream) for n in s.choice.notes]
    share = read_share(config["app_budget_share"])
    if share == 1 and not shard.is_all and any(map(_is_sales_and_traffic, found)):
        notes.append(
            f"shard {shard}: the shards share what Amazon allows the application for "
            "sales and traffic (96 reports a day). Set app_budget_share, such as "
            f'"1/{shard.count}", or they throttle each other'
        )
    accounts = {account.name for account in read_accounts(config)}
    for stream in found:
        if isinstance(stream, CustomReportStream):
            notes += _check_custom(stream, accounts)
    for name in ("lookback_days", "holdback_days"):
        check_stream_names(config, name, [stream.name for stream in found])
    return list(dict.fromkeys(notes))


def _is_sales_and_traffic(stream: Stream) -> bool:
    if not isinstance(stream, CatalogueStream) or not stream.selected:
        return False
    return stream.report_definition.report_type == SALES_AND_TRAFFIC


def _check_custom(stream: CustomReportStream, accounts: set[str]) -> list[str]:
    for name in stream.custom_report.accounts:
        if name not in accounts:
            msg = f"reports.{stream.name}.accounts: there is no account {name!r}"
            raise ConfigError(msg)
    if stream.primary_keys:
        return []
    note = (
        f"reports: {stream.name} has no key: the target can only append its rows. Set "
        "key to the columns that identify a row"
    )
    return [note]


class ReportService:
    """What tap-amazon-sp adds to a ReportTap for its report streams."""

    def __init__(
        self, run: RunContext, accounts: AccountFinder, streams: Mapping[str, Stream]
    ) -> None:
        self._run = run
        self._accounts = accounts
        self._streams = streams
        self._refused_fields = RefusedFields()

    # --- the plan ----------------------------------------------------------

    def partitions(self, streams: Sequence[ReportStream]) -> list[Partition]:
        """Return every window to read, stream by stream."""
        known = [s for s in streams if isinstance(s, CatalogueStream)]
        trends = [s for s in known if isinstance(s, TrendsStream)]
        plain = [s for s in known if not isinstance(s, TrendsStream)]
        custom = [s for s in streams if isinstance(s, CustomReportStream)]
        queries = [s for s in streams if isinstance(s, CustomQueryStream)]
        run, accounts = self._run, self._accounts
        return [
            *CataloguePartitions(run, accounts).of(plain),
            *(p for stream in trends for p in self._trends(stream, plain)),
            *CustomPartitions(run, accounts).of(custom),
            *CustomQueryPartitions(run, accounts).of(queries),
        ]

    def _trends(
        self, stream: TrendsStream, others: Sequence[CatalogueStream]
    ) -> Iterator[Partition]:
        """Yield what is read of trends now; the rest once rows name the products."""
        partitions = CataloguePartitions(self._run, self._accounts)
        products = ProductPartitions(
            self._run, lambda: partitions.of_stream(stream, [stream])
        )
        source = next((s for s in others if s.name == PRODUCTS), None)
        if source is not None and not self._run.is_test:
            stream.take_products_of(source, products.found)
            logger.info(
                "%s is asked for once the rows of %s have named the products",
                stream.name,
                source.name,
            )
        yield from products.named(more_follow=source is not None)

    def check_files(self, engine: Engine) -> None:
        """Refuse a plan in which one file would overwrite another.

        Raises:
            ConfigError: it would, or a file cannot be written there.
        """
        taken: set[str] = set()
        checked: set[str] = set()
        for report in engine.reports:
            for subscriber in report.subscribers:
                stream = self._streams[subscriber.stream]
                if not isinstance(stream, CustomReportStream):
                    continue
                if not stream.custom_report.output_file:
                    continue
                # the id Amazon will give is a name of its own in any case
                number = report.report_id or f"report-{len(taken)}"
                location = stream.location(subscriber, number)
                if location.uri in taken:
                    msg = (
                        f"reports.{stream.name}.output_file: {location.uri} would be "
                        "written twice in this run: add {account}, {marketplace_id}, "
                        "{start} or {report_id} to the name"
                    )
                    raise ConfigError(msg)
                if location.store not in checked:
                    stream.saver.check(location)
                taken.add(location.uri)
                checked.add(location.store)

    def log_plan(self, engine: Engine) -> None:
        """Log how long requesting takes at Amazon's rates, before waiting for it."""
        now = self._run.clock.now()
        planned = [r.request for r in engine.reports if r.state is State.PLANNED]
        seconds = self.rate_limiters.seconds_for(planned, now)
        if seconds < MIN_LOGGED_SECONDS:
            return
        left = (self._run.deadline - now).total_seconds()
        rest = (
            f". Max runtime ends in {in_words(left)}: the rest follows in later runs"
            if seconds > left
            else ""
        )
        logger.info(
            "%d reports to ask for take about %s at the pace Amazon allows%s",
            len(planned),
            in_words(seconds),
            rest,
        )

    # --- the run -----------------------------------------------------------

    @cached_property
    def rate_limiters(self) -> SpReportRateLimiters:
        """How often each operation may be called."""
        bookmarks = self._run.state_store.state.get("bookmarks") or {}
        counters = bookmarks.get(COUNTERS)
        return SpReportRateLimiters(
            counters if isinstance(counters, dict) else {},
            self._run.clock.now(),
            share=read_share(self._run.config["app_budget_share"]),
            queries=self._running_queries,
        )

    @cached_property
    def _running_queries(self) -> AccountQueries:
        return AccountQueries(int(self._run.config["data_kiosk_concurrency"]))

    def api(self) -> ReportApi:
        """Return the port to Amazon."""

        def client_of(account: str) -> SpClient:
            return self._accounts.account(account).caller.client

        limiters = self.rate_limiters
        reports = ReportsApi(client_of, limiters.correct, limiters.cancelled)
        queries = DataKioskApi(
            client_of,
            limiters.correct,
            self._running_queries,
            self._refused_fields,
            limiters.known_queries,
            self._run.warn_once,
        )
        return RoutedApi(lambda r: queries if is_query(r) else reports)

    def classify(self, report: Report, path: Path) -> Outcome | None:
        """Return what a document is if it holds no rows, but Amazon's reason."""
        if is_query(report.request):
            return classify_query_document(report, path)
        spec, now = spec_of(report.request), self._run.clock.now()
        may_come = spec.may_come(report.request.window, now)
        # our own grid has cut it: the general complaint may mean its newest period
        is_on_grid = spec.dates == "days" and may_come
        return classify_document(
            report, path, is_checked=spec.is_checked or is_on_grid, is_due=not may_come
        )
