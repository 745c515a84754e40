"""One listing read for one account: slice after slice, page after page.

A reader makes one call at a time, and only when `step` is called: whoever drives many
readers asks each when its next call may be made. What a step brings are values.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import CallError
from tap_amazon_sp.endpoints.bookmarks import TableBookmark
from tap_amazon_sp.endpoints.calls import get_body
from tap_amazon_sp.endpoints.definitions import Listing
from tap_amazon_sp.endpoints.expansions import Expansion, ExpansionCall, PendingRecord
from tap_amazon_sp.endpoints.pagination import (
    PagesError,
    Record,
    SeenTokens,
    at,
    rows_at,
    unclaimed,
)
from tap_amazon_sp.endpoints.planner import ListingPlan
from tap_amazon_sp.endpoints.time_slices import TimeSlice
from tap_amazon_sp.timestamps import parse_instant

SETTLING = timedelta(hours=1)
"""How long after a change it may take until Amazon's search finds it; our guess."""

_NO_RIGHT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The records of a page, before the first of them is complete."""

    bookmark: TableBookmark
    records: Sequence[Record]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Complete records, to be written as rows of the bookmark's table."""

    bookmark: TableBookmark
    records: Sequence[Record]


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """A bookmark has moved on: everything before it has been handed out."""

    bookmark: TableBookmark


@dataclass(frozen=True, slots=True, eq=False)
class Unread:
    """Something could not be read: a path, or (empty) the rest of the listing."""

    bookmark: TableBookmark
    path: str
    reason: str


Result = Page | Rows | Moved | Unread


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
        self._pending: deque[PendingRecord] = deque()
        self._newest: datetime | None = None
        self._results: list[Result] = []
        self._begin(plan.slicer.next())

    # --- one step ----------------------------------------------------------

    def ready_at(self) -> datetime:
        """Return when the next call may be made."""
        operation: Listing | Expansion = self.listing
        if self._pending:
            operation = self._pending[0].calls[0].expansion
        return self._caller.ready_at(operation.path, operation.rate)

    def step(self) -> list[Result]:
        """Make one call, and return what it brings, in the order to deal with it."""
        try:
            if self._pending:
                self._request_expansion()
            else:
                self._request_page()
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
        self._slice_pages = 0
        self._token: str | None = None
        self._tokens = SeenTokens(self.name)
        self._subscribers = [b for b in self.bookmarks if self._needs_slice(b)]
        needed = [e for b in self._subscribers for e in b.table.expansions]
        self._expansions = tuple({(e.new_field, e.path): e for e in needed}.values())

    def _needs_slice(self, bookmark: TableBookmark) -> bool:
        before = self._slice.before
        return before is None or before > self._starts[bookmark]

    def _end_slice(self) -> None:
        self._finished += 1
        to = self._reached()
        for bookmark in self._subscribers:
            had = bookmark.slice_hours
            if self._slicer.is_last:
                bookmark.slice_hours = None
            if bookmark.move(to) or had != bookmark.slice_hours:
                self._results.append(Moved(bookmark))
        self._slicer.took(self._slice_pages)
        self._begin(None if self._is_test else self._slicer.next())

    def _reached(self) -> datetime:
        """Return the bookmark after the slice.

        Near the edge of now records may still turn up late, so it only goes up to the
        newest one seen; where records carry no time there is nothing better than now.
        """
        end = min(self._slice.before or self._plan.limit, self._plan.limit)
        is_settled = end <= self._plan.limit - SETTLING
        if is_settled or self.listing.last_modified is None:
            return end
        return min(self._newest or self._slice.after, end)

    # --- pages -------------------------------------------------------------

    def _request_page(self) -> None:
        listing = self.listing
        params = self._slice.params(
            self._plan.params, listing.updated_at, listing.updated_before
        )
        if self._token is not None:
            assert listing.pagination is not None  # noqa: S101 - it gave us the token
            params = listing.pagination.next_params(params, self._token)
        body = get_body(self._caller, listing, listing.path, params)
        if body is None:
            return
        found = list(rows_at(body, listing.list_path, self.name))
        records = [row for row in found if isinstance(row, dict)]
        if len(records) < len(found):
            msg = f"{self.name}: a page holds something else than records"
            raise PagesError(msg)
        self.pages += 1
        self._slice_pages += 1
        self._take(records[:1] if self._is_test else records)
        self._token = None if self._is_test else self._next_token(body)
        if not self._pending and self._token is None:
            self._end_slice()

    def _next_token(self, body: Mapping[str, Any]) -> str | None:
        pagination = self.listing.pagination
        if pagination is not None:
            token = pagination.token(body)
            if token is not None:
                self._tokens.note(token)
            return token
        if (stray := unclaimed(body)) is not None:
            msg = (
                f"{self.name}: the answer has the token of another page in {stray}, "
                "and nothing says which parameter takes it. Set pagination: "
                f'{{"token_param": "...", "token_path": "{stray}"}}'
            )
            raise PagesError(msg)
        return None

    def _take(self, records: Sequence[Record]) -> None:
        self._results += [Page(bookmark, records) for bookmark in self._subscribers]
        for record in records:
            self._note_time(record)
        if self._expansions:
            self._pending.extend(self._with_calls(record) for record in records)
        else:
            self.records += len(records)
            self._results += [Rows(bookmark, records) for bookmark in self._subscribers]

    def _note_time(self, record: Record) -> None:
        name = self.listing.last_modified
        time = parse_instant(at(record, name)) if name is not None else None
        if time is not None and (self._newest is None or time > self._newest):
            self._newest = time

    # --- expansions --------------------------------------------------------

    def _with_calls(self, record: Record) -> PendingRecord:
        calls = [
            ExpansionCall(expansion, self._path_of(expansion, record))
            for expansion in self._expansions
        ]
        return PendingRecord(record, deque(calls))

    def _path_of(self, expansion: Expansion, record: Record) -> str:
        tables = (bookmark.table for bookmark in self._subscribers)
        id_field = next(t.id_field for t in tables if expansion in t.expansions)
        return expansion.path_for(record, id_field)

    def _request_expansion(self) -> None:
        pending = self._pending[0]
        call = pending.calls[0]
        expansion = call.expansion
        try:
            body = get_body(self._caller, expansion, call.path, call.params())
            if body is None or call.take(body):
                return
        except (CallError, PagesError) as error:
            if isinstance(error, CallError) and error.status in _NO_RIGHT:
                self._do_without(expansion, str(error))
                return
            pending.failed.add(expansion.new_field)
            self._expansion_failed(expansion, call.path, str(error))
        pending.record[expansion.new_field] = call.rows
        pending.calls.popleft()

    def _do_without(self, expansion: Expansion, reason: str) -> None:
        """Go on for those who do not need it: the operation itself is refused."""
        for bookmark in [b for b in self.bookmarks if expansion in b.table.expansions]:
            self._results.append(Unread(bookmark, "", reason))
            self.bookmarks.remove(bookmark)
        self._subscribers = [b for b in self._subscribers if b in self.bookmarks]
        self._expansions = tuple(e for e in self._expansions if e is not expansion)
        for pending in self._pending:
            left = [call for call in pending.calls if call.expansion is not expansion]
            pending.calls = deque(left)
        self.is_done = not self.bookmarks

    def _expansion_failed(self, expansion: Expansion, path: str, reason: str) -> None:
        for bookmark in self._subscribers:
            if expansion in bookmark.table.expansions:
                bookmark.is_held = True
                text = (
                    f"{reason}. The record it belongs to is left out; the bookmark "
                    "stays, so that the next run reads it again"
                )
                self._results.append(Unread(bookmark, path, text))

    def _flush(self) -> None:
        """Hand out the records whose expansions are all read."""
        if not self._pending or self.is_done:
            return
        while self._pending and not self._pending[0].calls:
            self._write_extended(self._pending.popleft())
        if not self._pending and self._token is None:
            self._end_slice()

    def _write_extended(self, pending: PendingRecord) -> None:
        self.records += 1
        for bookmark in self._subscribers:
            needed = {e.new_field for e in bookmark.table.expansions}
            if needed & pending.failed:
                continue
            others = {e.new_field for e in self._expansions} - needed
            record = {k: v for k, v in pending.record.items() if k not in others}
            self._results.append(Rows(bookmark, [record]))
