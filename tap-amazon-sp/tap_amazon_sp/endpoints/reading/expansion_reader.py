"""The expansions of a slice's records: which are requested, and what comes of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from http import HTTPStatus

from singer_amazon.errors import CallError
from singer_amazon.reports.model import fingerprint
from tap_amazon_sp.endpoints.bookmarks import TableBookmark
from tap_amazon_sp.endpoints.expansions import (
    Expansion,
    ExpansionCall,
    UnknownPagesError,
)
from tap_amazon_sp.endpoints.pages.pagination import PagesError, Record
from tap_amazon_sp.endpoints.planner import ListingPlan
from tap_amazon_sp.endpoints.reading.calls import CallOutcomes, get_body, shown
from tap_amazon_sp.endpoints.reading.expansion_queue import (
    ExpansionQueue,
    PendingRecord,
)
from tap_amazon_sp.endpoints.reading.results import Moved, Result, Rows, Unread

_NO_RIGHT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class RefusedExpansionError(Exception):
    """An expansion cannot be read at all, for no record; the text says why."""

    def __init__(self, expansion: Expansion, reason: str) -> None:
        super().__init__(reason)
        self.expansion = expansion


class ExpansionReader:
    """Reads the expansions of one slice."""

    def __init__(
        self,
        plan: ListingPlan,
        subscribers: Sequence[TableBookmark],
        outcomes: CallOutcomes,
    ) -> None:
        self._plan = plan
        self._caller = plan.account.caller
        self._outcomes = outcomes
        self._queue = ExpansionQueue()
        needed = [e for b in subscribers for e in b.table.expansions]
        self.expansions = tuple({(e.new_field, e.path): e for e in needed}.values())
        self.subscribers = list(subscribers)

    def __len__(self) -> int:
        return len(self._queue)

    def next_call(self) -> tuple[datetime, Expansion] | None:
        """Return what is requested next, and when it may be."""
        expansion = self._queue.expansion
        if expansion is None:
            return None
        return self._caller.ready_at(expansion.path, expansion.rate), expansion

    def add(self, records: Iterable[Record]) -> Iterator[Result]:
        """Take in records; those whose path cannot be made have failed already."""
        for record in records:
            pending = PendingRecord(record, deque())
            for expansion in self.expansions:
                yield from self._add_call(pending, expansion)
            self._queue.add(pending)

    def _add_call(
        self, pending: PendingRecord, expansion: Expansion
    ) -> Iterator[Result]:
        tables = (bookmark.table for bookmark in self.subscribers)
        id_field = next(t.id_field for t in tables if expansion in t.expansions)
        record, marketplace = pending.record, self._plan.marketplace_id
        try:
            path = expansion.path_for(record, id_field, marketplace)
            params = expansion.params_for(record, id_field, marketplace)
        except PagesError as error:
            path = f"{expansion.path}#{fingerprint(record)}"
            yield from self._failed(pending, expansion, path, error)
        else:
            pending.calls.append(ExpansionCall(expansion, path, params))

    def request(self) -> Iterator[Result]:
        """Make the next call.

        Raises:
            RefusedExpansionError: there is no use in asking for other records either.
        """
        pending = self._queue.first
        call = pending.calls[0]
        expansion = call.expansion
        try:
            body = get_body(self._caller, expansion, call.path, call.params())
            if body is None or call.take(body):
                return
        except UnknownPagesError as error:
            raise RefusedExpansionError(expansion, str(error)) from None
        except (CallError, PagesError) as error:
            if isinstance(error, CallError) and error.status in _NO_RIGHT:
                raise RefusedExpansionError(expansion, str(error)) from None
            if self._outcomes.has_second_try(error, expansion.path):
                return
            yield from self._failed(pending, expansion, shown(call.path), error)
        else:
            self._outcomes.succeeded(expansion.path)
            pending.record[expansion.new_field] = call.rows
            yield from self._was_read(expansion, shown(call.path))
        pending.calls.popleft()

    def do_without(
        self, expansion: Expansion, subscribers: Sequence[TableBookmark]
    ) -> None:
        """Go on for those who do not need an expansion."""
        self.subscribers = list(subscribers)
        self.expansions = tuple(e for e in self.expansions if e is not expansion)
        self._queue.drop(expansion)

    def complete(self) -> Iterator[list[Result]]:
        """Yield the rows of each record whose expansions are all read."""
        for pending in self._queue.complete():
            yield list(self._rows(pending))

    def _rows(self, pending: PendingRecord) -> Iterator[Result]:
        for bookmark in self.subscribers:
            if bookmark in pending.failed_for:
                continue
            needed = {e.new_field for e in bookmark.table.expansions}
            others = {e.new_field for e in self.expansions} - needed
            record = {k: v for k, v in pending.record.items() if k not in others}
            yield Rows(bookmark, [record])

    # --- what could not be read --------------------------------------------

    def _failed(
        self,
        pending: PendingRecord,
        expansion: Expansion,
        path: str,
        error: CallError | PagesError,
    ) -> Iterator[Result]:
        """Leave a record out, until it has failed in enough runs.

        An outage is no fault of a record, and no run is counted for it.
        """
        pending.record[expansion.new_field] = None
        counts = self._outcomes.is_about_record(error, expansion.path)
        reason, plan = str(error), self._plan
        for bookmark in self._of(expansion):
            if path in bookmark.given_up:
                continue
            attempts = bookmark.fail(
                path, reason, plan.now, plan.max_runs, counts=counts
            )
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
            yield Unread(bookmark, path, text)
            yield Moved(bookmark)

    def _was_read(self, expansion: Expansion, path: str) -> Iterator[Result]:
        for bookmark in self._of(expansion):
            if bookmark.was_read(path):
                yield Moved(bookmark)

    def _of(self, expansion: Expansion) -> list[TableBookmark]:
        return [b for b in self.subscribers if expansion in b.table.expansions]
