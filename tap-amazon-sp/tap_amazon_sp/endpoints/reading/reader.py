"""One listing read for one account: slice after slice, page after page.

A reader makes one call at a time, and only when `step` is called: whoever drives many
readers asks each when its next call may be made. What a step brings are values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from singer_amazon.errors import CallError, TransientError
from tap_amazon_sp.endpoints.bookmarks import TableBookmark
from tap_amazon_sp.endpoints.definitions import Listing
from tap_amazon_sp.endpoints.expansions import Expansion, unknown_pages
from tap_amazon_sp.endpoints.pages.pagination import PagesError, Record, at, unclaimed
from tap_amazon_sp.endpoints.pages.repeats import SeenKeys, SeenRows, SeenTokens
from tap_amazon_sp.endpoints.pages.rows import rows_at
from tap_amazon_sp.endpoints.planner import ListingPlan
from tap_amazon_sp.endpoints.reading.calls import CallOutcomes, get_body
from tap_amazon_sp.endpoints.reading.expansion_reader import (
    ExpansionReader,
    RefusedExpansionError,
)
from tap_amazon_sp.endpoints.reading.results import (
    Moved,
    Notice,
    Page,
    Result,
    Rows,
    Unread,
)
from tap_amazon_sp.endpoints.time_slices import TimeSlice
from tap_amazon_sp.timestamps import parse_instant

MAX_HELD = 5000
"""Records that may wait for their expansions before a slice is cut shorter."""

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
        self.account = self._caller.account
        """Whose calls share rates with those of this reader."""
        self._is_test = is_test
        self.is_done = False
        self.pages = 0
        self.records = 0
        self._finished = 0
        self._newest: datetime | None = None
        self._has_time = False
        self._results: list[Result] = []
        self._restarts = 0
        self._outcomes = CallOutcomes()
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
        if self._has_page:
            listing = self.listing
            ready = self._caller.ready_at(listing.path, listing.rate)
            calls.append((ready, listing))
        if (call := self._expansions.next_call()) is not None:
            calls.append(call)
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
        self._outcomes.begin_slice()
        self._tokens, self._rows = SeenTokens(self.name), SeenRows(self.name)
        self._keys = SeenKeys()
        self._subscribers = [b for b in self.bookmarks if self._needs_slice(b)]
        self._expansions = ExpansionReader(
            self._plan, self._subscribers, self._outcomes
        )

    def _needs_slice(self, bookmark: TableBookmark) -> bool:
        before = self._slice.before
        return before is None or before > self._starts[bookmark]

    def _end_slice(self) -> None:
        self._restarts = 0
        if not self._is_test and self._slicer.doubts(self._slice, self._slice_records):
            self._begin(self._slicer.next())
            return
        self._finished += 1
        self._complain_of_keys()
        to, is_last = self._reached(), self._slicer.is_last
        for bookmark in self._subscribers:
            had = bookmark.slice_hours
            if is_last:
                bookmark.slice_hours = None
            is_changed = is_last and bookmark.forget(self._plan.now, all_read=True)
            is_changed |= is_last and bookmark.complete()
            is_changed |= bookmark.move(to) or had != bookmark.slice_hours
            if is_changed:
                self._results.append(Moved(bookmark))
        self._slicer.took(self._slice_pages)
        self._begin(None if self._is_test else self._slicer.next())

    def _complain_of_keys(self) -> None:
        complaint = self._keys.complaint()
        if complaint is not None:
            self._results += [Notice(b, complaint) for b in self._subscribers]

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
            if self._outcomes.has_second_try(error, listing.path):
                return
            if self._is_about_token(error) and self._again(
                f"{error} (with a page token)"
            ):
                return
            raise
        if body is not None:
            self._read_page(body)

    def _is_about_token(self, error: CallError) -> bool:
        """Whether the pages of a slice may go on if it is begun anew."""
        if self._token is None:
            return False
        is_first = isinstance(error, TransientError) and not self._restarts
        return error.status in _TOKEN_REFUSED or is_first

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
        is_much = len(self._expansions) > MAX_HELD and self._has_page
        if is_much and self._slicer.can_shorten(self._slice):
            self._again(f"more than {MAX_HELD} records wait for their sub-requests")
        elif not self._expansions and not self._has_page:
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
        for bookmark in self._subscribers:
            bookmark.note_rows(records, self._slice.after)
            if bookmark.table.made_key is not None:
                self._keys.note(map(bookmark.table.made_key, records))
        for record in records:
            self._note_time(record)
        if self._expansions.expansions:
            self._results += self._expansions.add(records)
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

    def _request_expansion(self) -> None:
        try:
            self._results += self._expansions.request()
        except RefusedExpansionError as error:
            self._do_without(error.expansion, str(error))

    def _do_without(self, expansion: Expansion, reason: str) -> None:
        """Go on for those who do not need it: the operation itself is refused."""
        for bookmark in [b for b in self.bookmarks if expansion in b.table.expansions]:
            self._results.append(Unread(bookmark, "", reason))
            self.bookmarks.remove(bookmark)
        self._subscribers = [b for b in self._subscribers if b in self.bookmarks]
        self._expansions.do_without(expansion, self._subscribers)
        self.is_done = not self.bookmarks

    def _flush(self) -> None:
        """Hand out the records whose expansions are all read."""
        if self.is_done or not self._expansions:
            return
        for rows in self._expansions.complete():
            self.records += 1
            self._results += rows
        if not self._expansions and not self._has_page:
            self._end_slice()
