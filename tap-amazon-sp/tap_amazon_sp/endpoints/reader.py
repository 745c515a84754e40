"""One listing read for one account: slice after slice, page after page.

A reader makes one call at a time, and only when `step` is called: whoever drives many
readers asks each when its next call may be made. What a step brings are values.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import CallError
from singer_amazon.reports.model import fingerprint
from tap_amazon_sp.endpoints.bookmarks import TableBookmark
from tap_amazon_sp.endpoints.calls import get_body, shown
from tap_amazon_sp.endpoints.definitions import Listing
from tap_amazon_sp.endpoints.expansion_queue import ExpansionQueue, PendingRecord
from tap_amazon_sp.endpoints.expansions import (
    Expansion,
    ExpansionCall,
    UnknownPagesError,
    unknown_pages,
)
from tap_amazon_sp.endpoints.pages.pagination import PagesError, Record, at, unclaimed
from tap_amazon_sp.endpoints.pages.repeats import SeenRows, SeenTokens
from tap_amazon_sp.endpoints.pages.rows import rows_at
from tap_amazon_sp.endpoints.planner import ListingPlan
from tap_amazon_sp.endpoints.results import Moved, Notice, Page, Result, Rows, Unread
from tap_amazon_sp.endpoints.time_slices import TimeSlice
from tap_amazon_sp.timestamps import parse_instant

MAX_HELD = 5000
"""Records that may wait for their expansions before a slice is cut shorter."""

_NO_RIGHT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_TOKEN_REFUSED = {
    *(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.OK),
}
"""How a page token that is too old is refused."""


class ListingReader:
    """Reads one listing for one account; `is_test` reads one record."""

    def __init__(self, plan: ListingPlan, *, is_test: bool = False) -> None:
        self.listing = plan.listing
        self.bookmarks = [bookmark for bookmark, _ in plan.bookmarks]
        self._starts = dict(plan.bookmarks)
        names = ", ".join(bookmark.table.name for bookmark in self.bookmarks)
        self.name = f"{names} of {self.bookmarks[0].label}"
        """What is read, as people know it."""
        self._plan = plan
        self._slicer = plan.slicer
        self._caller = plan.account.caller
        self._is_test = is_test
        self.is_done = False
        self.pages = 0
        self.records = 0
        self._finished = 0
        self._queue = ExpansionQueue()
        self._newest: datetime | None = None
        self._has_time = False
        self._results: list[Result] = []
        self._restarts = 0
        self._begin(plan.slicer.next())

    # --- one step ----------------------------------------------------------

    def ready_at(self) -> datetime:
        """Return when the next call may be made."""
        return self._next_call()[0]

    def _next_call(self) -> tuple[datetime, Listing | Expansion]:
        """Return what is requested next, and when it may be.

        Pages go before expansions, for their tokens age; while Amazon makes a page
        wait, expansions are read.
        """
        calls: list[tuple[datetime, Listing | Expansion]] = []
        expansion = self._queue.expansion
        for operation in (self.listing if self._has_page else None, expansion):
            if operation is not None:
                ready = self._caller.ready_at(operation.path, operation.rate)
                calls.append((ready, operation))
        return min(calls, key=lambda call: call[0])

    def step(self) -> list[Result]:
        """Make one call, and return what it brings, in the order to deal with it."""
        try:
            if self._next_call()[1] is self.listing:
                self._request_page()
            else:
                self._request_expansion()
            self._flush()
        except (CallError, PagesError) as error:
            self.is_done = True
            self._results += [Unread(b, "", str(error)) for b in self.bookmarks]
        results, self._results = self._results, []
        return results

    def time_up(self) -> list[Result]:
        """End before the last slice is read; the next run goes on."""
        self.is_done = True
        hours = self._slicer.next_hours(was_too_long=not self._finished)
        changed = [b for b in self.bookmarks if b.slice_hours != hours]
        for bookmark in changed:
            bookmark.slice_hours = hours
        return [Moved(bookmark) for bookmark in changed]

    # --- slices ------------------------------------------------------------

    def _begin(self, entry: TimeSlice | None) -> None:
        if entry is None:
            self.is_done = True
            return
        self._slice = entry
        self._slice_pages = self._slice_records = 0
        self._token: str | None = None
        self._has_page = True
        self._retried: set[str] = set()
        self._queue.clear()
        self._tokens, self._rows = SeenTokens(self.name), SeenRows(self.name)
        self._subscribers = [b for b in self.bookmarks if self._needs_slice(b)]
        needed = [e for b in self._subscribers for e in b.table.expansions]
        self._expansions = tuple({(e.new_field, e.path): e for e in needed}.values())

    def _needs_slice(self, bookmark: TableBookmark) -> bool:
        before = self._slice.before
        return before is None or before > self._starts[bookmark]

    def _end_slice(self) -> None:
        self._restarts = 0
        if not self._is_test and self._slicer.doubts(self._slice, self._slice_records):
            self._begin(self._slicer.next())
            return
        self._finished += 1
        to, is_last = self._reached(), self._slicer.is_last
        for bookmark in self._subscribers:
            had = bookmark.slice_hours
            if is_last:
                bookmark.slice_hours = None
            is_changed = is_last and bookmark.forget(self._plan.now, all_read=True)
            is_changed |= bookmark.move(to) or had != bookmark.slice_hours
            if is_changed:
                self._results.append(Moved(bookmark))
        self._slicer.took(self._slice_pages)
        self._begin(None if self._is_test else self._slicer.next())

    def _reached(self) -> datetime:
        """Return the bookmark after the slice.

        Near the edge of now records may still turn up late, so it only goes up to the
        newest one seen; where records carry no time there is nothing better than now.
        """
        limit, last_modified = self._plan.limit, self.listing.last_modified
        end = min(self._slice.before or limit, limit)
        if end <= self._plan.settled or last_modified is None:
            return end
        if self._slice_records and not self._has_time:
            text = (
                f"no record has a time that can be read in {last_modified}: the "
                "bookmark follows the run. Check record_config.last_modified_field"
            )
            self._results += [Notice(b, text) for b in self._subscribers]
            return max(self._plan.settled, self._slice.after)
        return min(self._newest or self._slice.after, end)

    def _again(self, why: str) -> bool:
        """Read the slice once more, shorter if it can be; say whether it is read."""
        is_shorter = self._slicer.again(self._slice)
        if not is_shorter and self._restarts:
            return False
        self._restarts += 1
        text = f"{why}: the span is asked for again" + (
            ", in shorter slices" if is_shorter else ""
        )
        self._results += [Notice(bookmark, text) for bookmark in self._subscribers]
        self._begin(self._slicer.next())
        return True

    # --- pages -------------------------------------------------------------

    def _request_page(self) -> None:
        listing = self.listing
        params = self._slice.params(
            self._plan.params, listing.updated_at, listing.updated_before
        )
        if self._token is not None:
            assert listing.pagination is not None  # noqa: S101 - it gave us the token
            params = listing.pagination.next_params(params, self._token)
        try:
            body = get_body(self._caller, listing, listing.path, params)
        except CallError as error:
            if self._is_tried_again(error, listing.path):
                return
            had_token = self._token is not None and error.status in _TOKEN_REFUSED
            if had_token and self._again(f"{error} (with a page token)"):
                return
            raise
        if body is not None:
            self._read_page(body)

    def _is_tried_again(self, error: CallError | PagesError, path: str) -> bool:
        """Whether to make a call again: some refusals pass, once per slice."""
        status = error.status if isinstance(error, CallError) else None
        if status != HTTPStatus.BAD_REQUEST or path in self._retried:
            return False
        self._retried.add(path)
        return True

    def _read_page(self, body: Mapping[str, Any]) -> None:
        found = list(rows_at(body, self.listing.list_path, self.name))
        records = [row for row in found if isinstance(row, dict)]
        if len(records) < len(found):
            msg = f"{self.name}: a page holds something else than records"
            raise PagesError(msg)
        had_token = self._token is not None
        token = None if self._is_test else self._next_token(body)
        if had_token or token is not None:
            self._rows.note(records)
        self.pages += 1
        self._slice_pages += 1
        self._slice_records += len(records)
        self._take(records[:1] if self._is_test else records)
        if token is not None:
            self._tokens.note(token)
        self._token, self._has_page = token, token is not None
        is_much = len(self._queue) > MAX_HELD and self._has_page
        if is_much and self._slicer.can_shorten(self._slice):
            self._again(f"more than {MAX_HELD} records wait for their sub-requests")
        elif not self._queue and not self._has_page:
            self._end_slice()

    def _next_token(self, body: Mapping[str, Any]) -> str | None:
        pagination = self.listing.pagination
        token = pagination.token(body) if pagination is not None else None
        if token is None and (stray := unclaimed(body)) is not None:
            where = f"endpoints.{self.bookmarks[0].table.name}"
            raise PagesError(unknown_pages(self.name, stray, where))
        return token

    def _take(self, records: Sequence[Record]) -> None:
        self._results += [Page(bookmark, records) for bookmark in self._subscribers]
        for record in records:
            self._note_time(record)
        if self._expansions:
            for record in records:
                self._queue.add(self._with_calls(record))
        else:
            self.records += len(records)
            self._results += [Rows(bookmark, records) for bookmark in self._subscribers]

    def _note_time(self, record: Record) -> None:
        name = self.listing.last_modified
        time = parse_instant(at(record, name)) if name is not None else None
        self._has_time |= time is not None
        if time is not None and (self._newest is None or time > self._newest):
            self._newest = time

    # --- expansions --------------------------------------------------------

    def _with_calls(self, record: Record) -> PendingRecord:
        pending = PendingRecord(record, deque())
        for expansion in self._expansions:
            tables = (bookmark.table for bookmark in self._subscribers)
            id_field = next(t.id_field for t in tables if expansion in t.expansions)
            marketplace = self._plan.marketplace_id
            try:
                path = expansion.path_for(record, id_field, marketplace)
                params = expansion.params_for(record, id_field, marketplace)
            except PagesError as error:
                path = f"{expansion.path}#{fingerprint(record)}"
                self._failed(pending, expansion, path, str(error))
                continue
            pending.calls.append(ExpansionCall(expansion, path, params))
        return pending

    def _request_expansion(self) -> None:
        pending = self._queue.first
        call = pending.calls[0]
        expansion = call.expansion
        try:
            body = get_body(self._caller, expansion, call.path, call.params())
            if body is None or call.take(body):
                return
        except UnknownPagesError as error:
            self._do_without(expansion, str(error))
            return
        except (CallError, PagesError) as error:
            if isinstance(error, CallError) and error.status in _NO_RIGHT:
                self._do_without(expansion, str(error))
                return
            if self._is_tried_again(error, expansion.path):
                return
            self._failed(pending, expansion, shown(call.path), str(error))
        else:
            pending.record[expansion.new_field] = call.rows
            self._was_read(expansion, shown(call.path))
        pending.calls.popleft()

    def _do_without(self, expansion: Expansion, reason: str) -> None:
        """Go on for those who do not need it: the operation itself is refused."""
        for bookmark in [b for b in self.bookmarks if expansion in b.table.expansions]:
            self._results.append(Unread(bookmark, "", reason))
            self.bookmarks.remove(bookmark)
        self._subscribers = [b for b in self._subscribers if b in self.bookmarks]
        self._expansions = tuple(e for e in self._expansions if e is not expansion)
        self._queue.drop(expansion)
        self.is_done = not self.bookmarks

    def _failed(
        self, pending: PendingRecord, expansion: Expansion, path: str, reason: str
    ) -> None:
        """Leave a record out, until it has failed in enough runs."""
        pending.record[expansion.new_field] = None
        for bookmark in self._subscribers:
            if expansion not in bookmark.table.expansions:
                continue
            if path in bookmark.given_up:
                continue
            attempts = bookmark.fail(path, reason, self._plan.now, self._plan.max_runs)
            text = (
                f"{reason}. Given up after {attempts} runs: the record comes without "
                f"{expansion.new_field}"
            )
            if not attempts:
                pending.failed_for.add(bookmark)
                text = (
                    f"{reason}. The record it belongs to is left out; the bookmark "
                    "stays, so that the next run reads it again"
                )
            self._results += [Unread(bookmark, path, text), Moved(bookmark)]

    def _was_read(self, expansion: Expansion, path: str) -> None:
        for bookmark in self._subscribers:
            if expansion in bookmark.table.expansions and bookmark.was_read(path):
                self._results.append(Moved(bookmark))

    def _flush(self) -> None:
        """Hand out the records whose expansions are all read."""
        if self.is_done:
            return
        had_records = bool(self._queue)
        for pending in self._queue.complete():
            self._write_extended(pending)
        if had_records and not self._queue and not self._has_page:
            self._end_slice()

    def _write_extended(self, pending: PendingRecord) -> None:
        self.records += 1
        for bookmark in self._subscribers:
            if bookmark in pending.failed_for:
                continue
            needed = {e.new_field for e in bookmark.table.expansions}
            others = {e.new_field for e in self._expansions} - needed
            record = {k: v for k, v in pending.record.items() if k not in others}
            self._results.append(Rows(bookmark, [record]))
