"""One run over all selected endpoints: which lists to read, whose turn it is.

All accounts and streams take turns: while Amazon makes one wait, the others go on,
and so do reports that were asked for. Everything here runs in the main thread.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from singer_amazon.http.transport import Response
from singer_amazon.sync.summary import Problem
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.accounts import Account
from tap_amazon_sp.endpoints.bookmarks import BookmarkStore, TableBookmark
from tap_amazon_sp.endpoints.calls import Record
from tap_amazon_sp.endpoints.planner import ListingPlan, plan_listings
from tap_amazon_sp.endpoints.reader import ListingReader
from tap_amazon_sp.host import Host
from tap_amazon_sp.rates import Rate

if TYPE_CHECKING:
    from tap_amazon_sp.endpoints.streams import EndpointStream

logger = logging.getLogger(__name__)

PROGRESS_EVERY = timedelta(seconds=30)
LONG_WAIT = timedelta(seconds=5)
_SHOWN = 20


class EndpointRun:
    """Reads the selected endpoint streams of one run, in turns."""

    def __init__(self, tap: Host, streams: Iterable[EndpointStream]) -> None:
        self._tap = tap
        self._streams = {stream.name: stream for stream in streams}
        self._bookmarks = BookmarkStore(cast("dict[str, Any]", tap.state))
        self._is_over = False
        self._logged_at = tap.clock.now()

    @cached_property
    def readers(self) -> list[ListingReader]:
        """What there is to read, planned when the first stream runs."""
        planned = plan_listings(
            self._tap, list(self._streams.values()), self._bookmarks
        )
        return [self._reader(entry) for entry in planned]

    def _reader(self, entry: ListingPlan) -> ListingReader:
        return ListingReader(
            entry.listing,
            entry.params,
            entry.bookmarks,
            entry.slicer,
            limit=entry.limit,
            caller=AccountCaller(self._tap, entry.account),
            output=self,
            is_test=self._tap.is_test,
        )

    def read(self, stream: EndpointStream) -> None:
        """Read until a stream has all of its rows, or the time is up."""
        mine = [
            reader
            for reader in self.readers
            if any(bookmark.table is stream.table for bookmark in reader.bookmarks)
        ]
        while not self._is_over and any(not reader.is_done for reader in mine):
            self._step()

    # --- turns -------------------------------------------------------------

    def _step(self) -> None:
        """Make the call that may be made first."""
        tap = self._tap
        tap.writer.check()
        tap.look_after_reports()
        if tap.clock.now() >= tap.deadline:
            self._end()
            return
        reader = min(
            (w for w in self.readers if not w.is_done), key=ListingReader.ready_at
        )
        ready = reader.ready_at()
        now = tap.clock.now()  # not before it was asked: ready is never earlier
        if ready > now:
            self._wait(reader, ready, now)
            return
        reader.step()
        tap.write_state()

    def _wait(self, reader: ListingReader, ready: datetime, now: datetime) -> None:
        if ready - now > LONG_WAIT:
            self._start_reports()
            tap = self._tap
            now = tap.clock.now()
        if now - self._logged_at >= PROGRESS_EVERY:
            self._logged_at = now
            self._log_progress(reader, ready)
        self._tap.wait_until(min(ready, now + PROGRESS_EVERY))

    def _start_reports(self) -> None:
        """Let Amazon work on reports while this waits."""
        tap = self._tap
        if not tap.is_test and any(
            isinstance(stream, ReportStream) and stream.selected
            for stream in tap.streams.values()
        ):
            tap.session  # noqa: B018 - planned and asked for when first used

    def _log_progress(self, reader: ListingReader, ready: datetime) -> None:
        logger.info(
            "Endpoints: %d of %d lists read, %d pages, %d records; %s goes on at %s",
            sum(w.is_done for w in self.readers),
            len(self.readers),
            sum(w.pages for w in self.readers),
            sum(w.records for w in self.readers),
            reader.name,
            f"{ready:%H:%M:%S} UTC",
        )

    def _end(self) -> None:
        """Leave the rest for the next run."""
        self._is_over = True
        left = [reader for reader in self.readers if not reader.is_done]
        for reader in left:
            reader.time_up()
        shown = "; ".join(_left_of(reader) for reader in left[:_SHOWN])
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        logger.warning(
            "Time is up: the next run goes on with %d lists: %s%s",
            len(left),
            shown,
            more,
        )

    # --- what walks bring (Output) -----------------------------------------

    def page(self, bookmark: TableBookmark, records: Sequence[Record]) -> None:
        """See `calls.Output`."""
        self._stream(bookmark).infer_schema(records)

    def write(self, bookmark: TableBookmark, records: Sequence[Record]) -> None:
        """See `calls.Output`."""
        name = bookmark.table.name
        self._tap.stats.rows[name] += self._stream(bookmark).write(bookmark, records)

    def moved(self, bookmark: TableBookmark) -> None:
        """See `calls.Output`."""
        if not self._tap.is_test:
            self._bookmarks.note(bookmark)
            self._tap.state_store.touched()

    def failed(self, bookmark: TableBookmark, what: str, reason: str) -> None:
        """See `calls.Output`."""
        self._tap.stats.add(Problem(bookmark.label, bookmark.table.name, what, reason))

    def _stream(self, bookmark: TableBookmark) -> EndpointStream:
        return self._streams[bookmark.table.name]


def _left_of(reader: ListingReader) -> str:
    marks = [
        bookmark.position
        for bookmark in reader.bookmarks
        if bookmark.position is not None
    ]
    since = f" from {min(marks):%Y-%m-%d %H:%M}" if marks else ""
    return f"{reader.name}{since}"


class AccountCaller:
    """The calls of one account, each at the pace of its operation."""

    def __init__(self, tap: Host, account: Account) -> None:
        self._tap = tap
        self._account = account

    def ready_at(self, operation: str, rate: Rate | None) -> datetime:
        """See `calls.Caller`."""
        return self._tap.paces.ready_at((self._account.name, operation), rate)

    def get(
        self,
        operation: str,
        rate: Rate | None,
        path: str,
        params: Mapping[str, Any],
    ) -> Response | None:
        """See `calls.Caller`; a signal is answered while the call is made."""
        return self._tap.paces.call(
            (self._account.name, operation),
            rate,
            lambda: self._tap.in_background(
                lambda: self._account.client.call(operation, "GET", path, params=params)
            ),
        )
