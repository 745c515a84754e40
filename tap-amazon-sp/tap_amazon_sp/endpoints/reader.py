"""One listing read for one account: slice after slice, page after page.

A walk makes one call at a time, and only when it is told to: whoever drives many
walks asks each when its next call may be made. What comes back goes to an `Output`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import CallError
from tap_amazon_sp.endpoints.bookmarks import TableBookmark
from tap_amazon_sp.endpoints.calls import Caller, Record, RecordOutput, get
from tap_amazon_sp.endpoints.definitions import Listing
from tap_amazon_sp.endpoints.expansions import Expansion
from tap_amazon_sp.endpoints.pagination import (
    PagesError,
    SeenTokens,
    at,
    rows_at,
    unclaimed,
)
from tap_amazon_sp.endpoints.time_slices import TimeSlice, TimeSlicer
from tap_amazon_sp.rates import Rate
from tap_amazon_sp.timestamps import parse_instant

SETTLING = timedelta(hours=1)
"""How long after a change it may take until Amazon's search finds it; our guess."""

_NO_RIGHT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(slots=True, eq=False)
class _ExpansionCall:
    """A sub-request of one record, page after page."""

    expansion: Expansion
    path: str
    tokens: SeenTokens
    token: str | None = None
    rows: list[Any] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _PendingRecord:
    """A record whose sub-requests are not all answered."""

    record: Record
    calls: deque[_ExpansionCall]
    failed: set[str] = field(default_factory=set)
    """Fields that could not be read."""


class ListingReader:
    """Reads one listing for one account; `params` are those of this account.

    `limit` is where the bookmark may move to at most; `is_test` reads one record.
    """

    def __init__(
        self,
        listing: Listing,
        params: Mapping[str, Any],
        bookmarks: Sequence[tuple[TableBookmark, datetime]],
        slicer: TimeSlicer,
        *,
        limit: datetime,
        caller: Caller,
        output: RecordOutput,
        is_test: bool = False,
    ) -> None:
        self.listing = listing
        self.bookmarks = [bookmark for bookmark, _ in bookmarks]
        self._starts = dict(bookmarks)
        names = ", ".join(bookmark.table.name for bookmark in self.bookmarks)
        self._name = f"{names} of {self.bookmarks[0].label}"
        self._params = params
        self._slicer = slicer
        self._limit = limit
        self._caller = caller
        self._output = output
        self._is_test = is_test
        self.is_done = False
        self.pages = 0
        self.records = 0
        self._finished = 0
        self._pending: deque[_PendingRecord] = deque()
        self._newest: datetime | None = None
        self._begin(slicer.next())

    @property
    def name(self) -> str:
        """What is read, as people know it."""
        return self._name

    # --- one step ----------------------------------------------------------

    def ready_at(self) -> datetime:
        """Return when the next call may be made."""
        operation, rate = self._next_operation()
        return self._caller.ready_at(operation, rate)

    def step(self) -> None:
        """Make one call, and write what it completes."""
        try:
            if self._pending:
                self._request_expansion()
            else:
                self._request_page()
            self._flush()
        except (CallError, PagesError) as error:
            self._fail(str(error))

    def time_up(self) -> None:
        """End before the last slice is read; the next run goes on."""
        self.is_done = True
        hours = self._slicer.next_hours(was_too_long=not self._finished)
        for bookmark in self.bookmarks:
            if bookmark.slice_hours != hours:
                bookmark.slice_hours = hours
                self._output.moved(bookmark)

    def _next_operation(self) -> tuple[str, Rate | None]:
        if self._pending:
            expansion = self._pending[0].calls[0].expansion
            return expansion.path, expansion.rate
        return self.listing.path, self.listing.rate

    def _fail(self, reason: str) -> None:
        self.is_done = True
        for bookmark in self.bookmarks:
            self._output.failed(bookmark, "", reason)

    # --- slices ------------------------------------------------------------

    def _begin(self, entry: TimeSlice | None) -> None:
        if entry is None:
            self.is_done = True
            return
        self._slice = entry
        self._slice_pages = 0
        self._token: str | None = None
        self._tokens = SeenTokens(self.name)
        self._subscribers = [
            bookmark for bookmark in self.bookmarks if self._needs_slice(bookmark)
        ]
        self._expansions = tuple(
            {
                (expansion.new_field, expansion.path): expansion
                for bookmark in self._subscribers
                for expansion in bookmark.table.expansions
            }.values()
        )

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
                self._output.moved(bookmark)
        self._slicer.took(self._slice_pages)
        self._begin(None if self._is_test else self._slicer.next())

    def _reached(self) -> datetime:
        """Return the bookmark after the slice.

        Near the edge of now records may still turn up late, so it only goes up to the
        newest one seen; where records tell no time there is nothing better than now.
        """
        end = min(self._slice.before or self._limit, self._limit)
        is_settled = end <= self._limit - SETTLING
        if is_settled or self.listing.last_modified is None:
            return end
        return min(self._newest or self._slice.after, end)

    # --- pages -------------------------------------------------------------

    def _request_page(self) -> None:
        listing = self.listing
        params = self._slice.params(
            self._params, listing.updated_at, listing.updated_before
        )
        if self._token is not None:
            assert listing.pagination is not None  # noqa: S101 - it gave us the token
            params = listing.pagination.next_params(params, self._token)
        body = get(self._caller, listing.path, listing.rate, listing.path, params)
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
        for bookmark in self._subscribers:
            self._output.page(bookmark, records)
        for record in records:
            self._note_time(record)
        if self._expansions:
            self._pending.extend(self._with_calls(record) for record in records)
        else:
            self._write(records)

    def _note_time(self, record: Record) -> None:
        name = self.listing.last_modified
        moment = parse_instant(at(record, name)) if name is not None else None
        if moment is not None and (self._newest is None or moment > self._newest):
            self._newest = moment

    def _write(self, records: Sequence[Record]) -> None:
        self.records += len(records)
        for bookmark in self._subscribers:
            self._output.write(bookmark, records)

    # --- sub-requests ------------------------------------------------------

    def _with_calls(self, record: Record) -> _PendingRecord:
        calls = deque(
            _ExpansionCall(
                expansion, self._path_of(expansion, record), SeenTokens(expansion.path)
            )
            for expansion in self._expansions
        )
        return _PendingRecord(record, calls)

    def _path_of(self, expansion: Expansion, record: Record) -> str:
        id_field = next(
            p.table.id_field
            for p in self._subscribers
            if expansion in p.table.expansions
        )
        return expansion.path_for(record, id_field)

    def _request_expansion(self) -> None:
        pending = self._pending[0]
        call = pending.calls[0]
        expansion = call.expansion
        params: Mapping[str, Any] = {}
        if call.token is not None and expansion.pagination is not None:
            params = expansion.pagination.next_params({}, call.token)
        try:
            body = get(self._caller, expansion.path, expansion.rate, call.path, params)
            if body is None:
                return
            call.rows += rows_at(body, expansion.list_path, call.path)
            call.token = (
                expansion.pagination.token(body)
                if expansion.pagination is not None
                else None
            )
            if call.token is not None:
                call.tokens.note(call.token)
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
        for bookmark in [p for p in self.bookmarks if expansion in p.table.expansions]:
            self._output.failed(bookmark, "", reason)
            self.bookmarks.remove(bookmark)
        self._subscribers = [
            bookmark for bookmark in self._subscribers if bookmark in self.bookmarks
        ]
        self._expansions = tuple(
            other for other in self._expansions if other is not expansion
        )
        for pending in self._pending:
            left = [call for call in pending.calls if call.expansion is not expansion]
            pending.calls = deque(left)
        self.is_done = not self.bookmarks

    def _expansion_failed(self, expansion: Expansion, path: str, reason: str) -> None:
        for bookmark in self._subscribers:
            if expansion in bookmark.table.expansions:
                bookmark.is_held = True
                self._output.failed(
                    bookmark,
                    path,
                    f"{reason}. The record it belongs to is left out; the bookmark "
                    "stays, so that the next run reads it again",
                )

    def _flush(self) -> None:
        """Write the records whose sub-requests are all answered."""
        if not self._pending or self.is_done:
            return
        while self._pending and not self._pending[0].calls:
            self._write_extended(self._pending.popleft())
        if not self._pending and self._token is None:
            self._end_slice()

    def _write_extended(self, pending: _PendingRecord) -> None:
        self.records += 1
        for bookmark in self._subscribers:
            wanted = {expansion.new_field for expansion in bookmark.table.expansions}
            if wanted & pending.failed:
                continue
            others = {expansion.new_field for expansion in self._expansions} - wanted
            record = {k: v for k, v in pending.record.items() if k not in others}
            self._output.write(bookmark, [record])
