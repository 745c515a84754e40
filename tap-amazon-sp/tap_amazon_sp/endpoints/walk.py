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
from singer_amazon.rate_limits import Rate
from tap_amazon_sp.endpoints.calls import Caller, Output, Record, get
from tap_amazon_sp.endpoints.instants import instant
from tap_amazon_sp.endpoints.paging import PagesError, Tokens, at, rows_at, unclaimed
from tap_amazon_sp.endpoints.places import Place
from tap_amazon_sp.endpoints.slices import Cutter, Slice
from tap_amazon_sp.endpoints.sub_requests import SubRequest
from tap_amazon_sp.endpoints.tables import Listing

SETTLING = timedelta(hours=1)
"""How long after a change it may take until Amazon's search finds it; our guess."""

_NO_RIGHT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(slots=True, eq=False)
class _SubCall:
    """A sub-request of one record, page after page."""

    sub: SubRequest
    path: str
    tokens: Tokens
    token: str | None = None
    rows: list[Any] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Waiting:
    """A record whose sub-requests are not all answered."""

    record: Record
    calls: deque[_SubCall]
    failed: set[str] = field(default_factory=set)
    """Fields that could not be read."""


class Walk:
    """Reads one listing for one account; `params` are those of this account.

    `limit` is where the bookmark may move to at most; `is_test` reads one record.
    """

    def __init__(
        self,
        listing: Listing,
        params: Mapping[str, Any],
        places: Sequence[tuple[Place, datetime]],
        cutter: Cutter,
        *,
        limit: datetime,
        caller: Caller,
        output: Output,
        is_test: bool = False,
    ) -> None:
        self.listing = listing
        self.places = [place for place, _ in places]
        self._starts = dict(places)
        names = ", ".join(place.table.name for place in self.places)
        self._name = f"{names} of {self.places[0].label}"
        self._params = params
        self._cutter = cutter
        self._limit = limit
        self._caller = caller
        self._output = output
        self._is_test = is_test
        self.is_done = False
        self.pages = 0
        self.records = 0
        self._finished = 0
        self._waiting: deque[_Waiting] = deque()
        self._newest: datetime | None = None
        self._begin(cutter.next())

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
            if self._waiting:
                self._ask_sub()
            else:
                self._ask_page()
            self._flush()
        except (CallError, PagesError) as error:
            self._fail(str(error))

    def time_up(self) -> None:
        """End before the last slice is read; the next run goes on."""
        self.is_done = True
        hours = self._cutter.next_hours(was_too_long=not self._finished)
        for place in self.places:
            if place.slice_hours != hours:
                place.slice_hours = hours
                self._output.moved(place)

    def _next_operation(self) -> tuple[str, Rate | None]:
        if self._waiting:
            sub = self._waiting[0].calls[0].sub
            return sub.path, sub.rate
        return self.listing.path, self.listing.rate

    def _fail(self, reason: str) -> None:
        self.is_done = True
        for place in self.places:
            self._output.failed(place, "", reason)

    # --- slices ------------------------------------------------------------

    def _begin(self, entry: Slice | None) -> None:
        if entry is None:
            self.is_done = True
            return
        self._slice = entry
        self._slice_pages = 0
        self._token: str | None = None
        self._tokens = Tokens(self.name)
        self._takers = [place for place in self.places if self._takes(place)]
        self._subs = tuple(
            {
                (sub.new_field, sub.path): sub
                for place in self._takers
                for sub in place.table.subs
            }.values()
        )

    def _takes(self, place: Place) -> bool:
        before = self._slice.before
        return before is None or before > self._starts[place]

    def _end_slice(self) -> None:
        self._finished += 1
        to = self._reached()
        for place in self._takers:
            had = place.slice_hours
            if self._cutter.is_last:
                place.slice_hours = None
            if place.move(to) or had != place.slice_hours:
                self._output.moved(place)
        self._cutter.took(self._slice_pages)
        self._begin(None if self._is_test else self._cutter.next())

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

    def _ask_page(self) -> None:
        listing = self.listing
        params = self._slice.params(
            self._params, listing.updated_at, listing.updated_before
        )
        if self._token is not None:
            assert listing.paging is not None  # noqa: S101 - it gave us the token
            params = listing.paging.next_params(params, self._token)
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
        if not self._waiting and self._token is None:
            self._end_slice()

    def _next_token(self, body: Mapping[str, Any]) -> str | None:
        paging = self.listing.paging
        if paging is not None:
            token = paging.token(body)
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
        for place in self._takers:
            self._output.page(place, records)
        for record in records:
            self._note_time(record)
        if self._subs:
            self._waiting.extend(self._with_calls(record) for record in records)
        else:
            self._write(records)

    def _note_time(self, record: Record) -> None:
        name = self.listing.last_modified
        moment = instant(at(record, name)) if name is not None else None
        if moment is not None and (self._newest is None or moment > self._newest):
            self._newest = moment

    def _write(self, records: Sequence[Record]) -> None:
        self.records += len(records)
        for place in self._takers:
            self._output.write(place, records)

    # --- sub-requests ------------------------------------------------------

    def _with_calls(self, record: Record) -> _Waiting:
        calls = deque(
            _SubCall(sub, self._path_of(sub, record), Tokens(sub.path))
            for sub in self._subs
        )
        return _Waiting(record, calls)

    def _path_of(self, sub: SubRequest, record: Record) -> str:
        id_field = next(p.table.id_field for p in self._takers if sub in p.table.subs)
        return sub.path_for(record, id_field)

    def _ask_sub(self) -> None:
        waiting = self._waiting[0]
        call = waiting.calls[0]
        sub = call.sub
        params: Mapping[str, Any] = {}
        if call.token is not None and sub.paging is not None:
            params = sub.paging.next_params({}, call.token)
        try:
            body = get(self._caller, sub.path, sub.rate, call.path, params)
            if body is None:
                return
            call.rows += rows_at(body, sub.list_path, call.path)
            call.token = sub.paging.token(body) if sub.paging is not None else None
            if call.token is not None:
                call.tokens.note(call.token)
                return
        except (CallError, PagesError) as error:
            if isinstance(error, CallError) and error.status in _NO_RIGHT:
                self._do_without(sub, str(error))
                return
            waiting.failed.add(sub.new_field)
            self._sub_failed(sub, call.path, str(error))
        waiting.record[sub.new_field] = call.rows
        waiting.calls.popleft()

    def _do_without(self, sub: SubRequest, reason: str) -> None:
        """Go on for those who do not need it: the operation itself is refused."""
        for place in [p for p in self.places if sub in p.table.subs]:
            self._output.failed(place, "", reason)
            self.places.remove(place)
        self._takers = [place for place in self._takers if place in self.places]
        self._subs = tuple(other for other in self._subs if other is not sub)
        for waiting in self._waiting:
            left = [call for call in waiting.calls if call.sub is not sub]
            waiting.calls = deque(left)
        self.is_done = not self.places

    def _sub_failed(self, sub: SubRequest, path: str, reason: str) -> None:
        for place in self._takers:
            if sub in place.table.subs:
                place.is_held = True
                self._output.failed(
                    place,
                    path,
                    f"{reason}. The record it belongs to is left out; the bookmark "
                    "stays, so that the next run reads it again",
                )

    def _flush(self) -> None:
        """Write the records whose sub-requests are all answered."""
        if not self._waiting or self.is_done:
            return
        while self._waiting and not self._waiting[0].calls:
            self._write_extended(self._waiting.popleft())
        if not self._waiting and self._token is None:
            self._end_slice()

    def _write_extended(self, waiting: _Waiting) -> None:
        self.records += 1
        for place in self._takers:
            wanted = {sub.new_field for sub in place.table.subs}
            if wanted & waiting.failed:
                continue
            others = {sub.new_field for sub in self._subs} - wanted
            record = {k: v for k, v in waiting.record.items() if k not in others}
            self._output.write(place, [record])
