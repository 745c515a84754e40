"""One run over all selected endpoints: which lists to read, and in which order.

All accounts and streams are read side by side: while Amazon makes one wait, the others
go on, and so do reports that were requested. Everything here runs in the main thread.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property

from singer_sdk import Stream

from singer_amazon.sync.summary import Problem
from singer_amazon.tap.context import RunContext
from singer_amazon.tap.stream import ReportStream
from tap_amazon_sp.account_finder import AccountFinder
from tap_amazon_sp.endpoints.bookmarks import BookmarkStore
from tap_amazon_sp.endpoints.planner import plan_listings
from tap_amazon_sp.endpoints.reading.reader import ListingReader
from tap_amazon_sp.endpoints.reading.reader_queue import ReaderQueue
from tap_amazon_sp.endpoints.reading.results import Moved, Notice, Page, Result, Unread
from tap_amazon_sp.endpoints.streams import EndpointStream

logger = logging.getLogger(__name__)

PROGRESS_EVERY = timedelta(seconds=30)
LONG_WAIT = timedelta(seconds=5)
_MAX_SHOWN = 20


class EndpointRun:
    """Reads the selected endpoint streams of one run."""

    def __init__(
        self, run: RunContext, accounts: AccountFinder, streams: Mapping[str, Stream]
    ) -> None:
        self._run = run
        self._accounts = accounts
        selected = [stream for stream in streams.values() if stream.selected]
        self._streams = {s.name: s for s in selected if isinstance(s, EndpointStream)}
        self._has_reports = any(isinstance(s, ReportStream) for s in selected)
        self._bookmarks = BookmarkStore(run.state_store.state)
        self._is_over = False
        self._logged_at = run.clock.now()

    @cached_property
    def readers(self) -> list[ListingReader]:
        """What there is to read, planned when the first stream runs."""
        run, streams = self._run, list(self._streams.values())
        for stream in streams:
            stream.known_columns = self._bookmarks.columns(stream.name)
        plans = plan_listings(run, self._accounts, streams, self._bookmarks)
        return [ListingReader(plan, is_test=run.is_test) for plan in plans]

    @cached_property
    def _queue(self) -> ReaderQueue:
        return ReaderQueue(self.readers, self._run.clock.now)

    def read(self, stream: EndpointStream) -> None:
        """Read until a stream has all of its rows, or the time is up."""
        needed = [
            reader
            for reader in self.readers
            if any(bookmark.table is stream.table for bookmark in reader.bookmarks)
        ]
        for reader in needed:
            while not (self._is_over or reader.is_done):
                self._step()

    # --- calls -------------------------------------------------------------

    def _step(self) -> None:
        """Make the call that may be made first."""
        run = self._run
        run.writer.check()
        run.advance_reports()
        if run.clock.now() >= run.deadline:
            self._end()
            return
        first = self._queue.first()
        assert first is not None  # noqa: S101 - the reader we wait for is not done
        reader, ready = first
        now = run.clock.now()  # not read before: `ready` is never earlier
        if ready > now:
            self._wait(reader, ready, now)
            return
        self._take(reader.step())
        self._queue.answered(reader)
        run.write_state()

    def _take(self, results: Iterable[Result]) -> None:
        """Write what a reader brings, and note what it could not read."""
        for result in results:
            bookmark = result.bookmark
            name = bookmark.table.name
            if isinstance(result, Page):
                self._infer(self._streams[name], result)
            elif isinstance(result, Moved):
                if not self._run.is_test:
                    self._bookmarks.note(bookmark)
                    self._run.state_store.touched()
            elif isinstance(result, Unread):
                problem = Problem(bookmark.label, name, result.path, result.reason)
                self._run.stats.add(problem)
            elif isinstance(result, Notice):
                problem = Problem(
                    bookmark.label, name, "", result.text, is_failure=False
                )
                self._run.stats.add(problem)
            else:
                rows = self._streams[name].write(bookmark, result.records)
                self._run.stats.rows[name] += rows

    def _infer(self, stream: EndpointStream, page: Page) -> None:
        """Take columns from the first page with records; the state keeps them."""
        columns = stream.infer_schema(page.records)
        if columns and not self._run.is_test:
            self._bookmarks.note_columns(stream.name, columns)
            self._run.state_store.touched()

    # --- waiting -----------------------------------------------------------

    def _wait(self, reader: ListingReader, ready: datetime, now: datetime) -> None:
        if ready - now > LONG_WAIT:
            self._start_reports()
            now = self._run.clock.now()
        if now - self._logged_at >= PROGRESS_EVERY:
            self._logged_at = now
            self._log_progress(reader, ready)
        self._run.wait_until(min(ready, now + PROGRESS_EVERY))

    def _start_reports(self) -> None:
        """Let Amazon work on reports while this waits."""
        if self._has_reports and not self._run.is_test:
            self._run.session  # noqa: B018 - planned and requested when first used

    def _log_progress(self, reader: ListingReader, ready: datetime) -> None:
        logger.info(
            "Endpoints: %d of %d lists read, %d pages, %d records; %s goes on at %s",
            sum(r.is_done for r in self.readers),
            len(self.readers),
            sum(r.pages for r in self.readers),
            sum(r.records for r in self.readers),
            reader.name,
            f"{ready:%H:%M:%S} UTC",
        )

    def _end(self) -> None:
        """Leave the rest for the next run."""
        self._is_over = True
        left = [reader for reader in self.readers if not reader.is_done]
        for reader in left:
            self._take(reader.time_up())
        shown = "; ".join(_progress_of(reader) for reader in left[:_MAX_SHOWN])
        more = f" and {len(left) - _MAX_SHOWN} more" if len(left) > _MAX_SHOWN else ""
        logger.warning(
            "Time is up: the next run goes on with %d lists: %s%s",
            len(left),
            shown,
            more,
        )


def _progress_of(reader: ListingReader) -> str:
    positions = [b.position for b in reader.bookmarks if b.position is not None]
    since = f" from {min(positions):%Y-%m-%d %H:%M}" if positions else ""
    return f"{reader.name}{since}"
