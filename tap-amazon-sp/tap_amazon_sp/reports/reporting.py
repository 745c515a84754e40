"""The reports of one run: streams, settings, limiters, the port to Amazon."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

from singer_sdk import Tap

from singer_amazon.errors import ConfigError
from singer_amazon.reports.engine import Engine, Report
from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.model import Outcome, ReportRequest
from singer_amazon.sync.partition import Partition
from singer_amazon.sync.state_store import COUNTERS
from singer_amazon.tap.settings import check_stream_names
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.accounts import Kind, read_accounts
from tap_amazon_sp.catalogue import Catalogue, load_catalogue
from tap_amazon_sp.host import Host
from tap_amazon_sp.reports.api import ReportsApi
from tap_amazon_sp.reports.judge import judge
from tap_amazon_sp.reports.options import Choice, choices
from tap_amazon_sp.reports.own.files import Saver
from tap_amazon_sp.reports.own.settings import own_reports
from tap_amazon_sp.reports.own.streams import OwnStream
from tap_amazon_sp.reports.own.windows import OwnWindows
from tap_amazon_sp.reports.partitions import Partitions
from tap_amazon_sp.reports.rate_limiters import SpReportRateLimiters, in_words
from tap_amazon_sp.reports.streams import CatalogueStream
from tap_amazon_sp.reports.terms import Terms

logger = logging.getLogger(__name__)

WORTH_TELLING = 60.0
"""Seconds of asking that people should hear of before they wait."""


class Reporting:
    """What tap-amazon-sp adds to a ReportTap for its report streams."""

    def __init__(self, tap: Host) -> None:
        self._tap = tap

    # --- settings and streams ----------------------------------------------

    @cached_property
    def catalogue(self) -> Catalogue:
        """All report types that are streams."""
        return load_catalogue()

    @cached_property
    def choices(self) -> Mapping[str, Choice]:
        """The combinations of options to ask for, by report."""
        return choices(self.catalogue, self._tap.config.get("report_options"))

    @cached_property
    def analytics(self) -> frozenset[str]:
        """The report types that are asked for by whole days, without times."""
        reports = self.catalogue.reports
        return frozenset(r.report_type for r in reports if r.dates == "periods")

    def kinds_of(self, report_type: str) -> tuple[Kind, ...]:
        """Return the kinds of account that can have a type, as far as we know."""
        kinds = {
            kind
            for report in self.catalogue.reports
            if report.report_type == report_type
            for kind in report.accounts
        }
        if not kinds:  # a vendor's reports all say so in their name
            kinds = {"vendor" if report_type.startswith("GET_VENDOR_") else "seller"}
        return tuple(sorted(kinds))

    def streams(self, tap: Tap) -> list[ReportStream]:
        """Return the report streams of the catalogue, then the user's own."""
        known = [
            CatalogueStream(tap, report, kind, self.choices[report.name])
            for report in self.catalogue.reports
            for kind in report.streams
        ]
        own = own_reports(self._tap.config.get("reports") or ())
        return [*known, *(OwnStream(tap, entry, self.saver) for entry in own)]

    def check(self) -> None:
        """Check the settings of reports.

        Raises:
            ConfigError: one is wrong.
        """
        for choice in self.choices.values():
            for note in choice.notes:
                self._tap.warn_once(note)
        streams = [s for s in self._tap.streams.values() if isinstance(s, OwnStream)]
        known = {wanted.name for wanted in read_accounts(self._tap.config)}
        for stream in streams:
            for name in stream.own.accounts:
                if name not in known:
                    msg = (
                        f"reports.{stream.name}.accounts: there is no account {name!r}"
                    )
                    raise ConfigError(msg)
            if not stream.primary_keys:
                self._tap.warn_once(
                    f"reports: {stream.name} has no key: the target can only append "
                    "its rows. Set key to the columns that identify a row"
                )
        names = [s.name for s in self._tap.streams.values()]
        for name in ("lookback_days", "holdback_days"):
            check_stream_names(self._tap.config, name, names)

    # --- the run -----------------------------------------------------------

    @cached_property
    def _partitions(self) -> Partitions:
        return Partitions(self._tap, self._tap.clock.now())

    def partitions(self, streams: Sequence[ReportStream]) -> list[Partition]:
        """Return every window to read, stream by stream."""
        known = [s for s in streams if isinstance(s, CatalogueStream)]
        own = [s for s in streams if isinstance(s, OwnStream)]
        windows = OwnWindows(
            self._tap,
            self._partitions,
            self._tap.clock.now(),
            kinds_of=self.kinds_of,
            by_days=self.analytics,
        )
        return [*self._partitions.of_catalogue(known), *windows.of(own)]

    @cached_property
    def saver(self) -> Saver:
        """What saves documents as files."""
        return Saver(self._tap.config, self._tap.config.get("spool_dir"))

    @cached_property
    def limiters(self) -> SpReportRateLimiters:
        """How often each operation may be called."""
        bookmarks = self._tap.state.get("bookmarks") or {}
        counters = bookmarks.get(COUNTERS)
        return SpReportRateLimiters(
            counters if isinstance(counters, dict) else {},
            self._tap.clock.now(),
            share=float(self._tap.config["app_budget_share"]),
        )

    def api(self) -> ReportsApi:
        """Return the port to Amazon."""
        return ReportsApi(
            lambda account: self._tap.accounts.account(account).client,
            self.terms_of,
            self.limiters.heard,
        )

    def terms_of(self, request: ReportRequest) -> Terms:
        """Return what a request is made of."""
        return self._partitions.terms[request.partition_key]

    def classify(self, report: Report, path: Path) -> Outcome | None:
        """See ReportTap.classify."""
        terms, now = self.terms_of(report.request), self._tap.clock.now()
        return judge(
            report,
            path,
            is_checked=terms.is_checked,
            is_due=not terms.may_come(report.request.window, now),
        )

    def check_files(self, engine: Engine) -> None:
        """Refuse a plan in which one file would overwrite another.

        Raises:
            ConfigError: it would, or the place cannot be written.
        """
        taken: dict[str, str] = {}
        for report in engine.reports:
            for subscriber in report.subscribers:
                stream = self._tap.streams[subscriber.stream]
                if not isinstance(stream, OwnStream) or not stream.own.output_file:
                    continue
                context = self._partitions.contexts[subscriber.partition_key]
                # the id Amazon will give is a name of its own in any case
                number = report.report_id or f"report-{len(taken)}"
                place = stream.place(subscriber.window, context, number)
                if place.address in taken:
                    msg = (
                        f"reports.{stream.name}.output_file: {place.address} would be "
                        "written twice in this run: add {account}, {marketplace_id}, "
                        "{start} or {report_id} to the name"
                    )
                    raise ConfigError(msg)
                if place.store not in taken.values():
                    self.saver.check(place)
                taken[place.address] = place.store

    def log_plan(self, engine: Engine, now: datetime, deadline: datetime) -> None:
        """Say how long the asking takes at Amazon's pace, before waiting for it."""
        asks = [r.request for r in engine.reports if r.state is State.PLANNED]
        seconds = self.limiters.seconds_for(asks, now)
        if seconds < WORTH_TELLING:
            return
        left = (deadline - now).total_seconds()
        rest = (
            f". Max runtime ends in {in_words(left)}: the rest follows in later runs"
            if seconds > left
            else ""
        )
        logger.info(
            "%d reports to ask for take about %s at the pace Amazon allows%s",
            len(asks),
            in_words(seconds),
            rest,
        )
