"""Looks for lost queries before new ones are created; called from several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from singer_amazon.http.transport import Response
from singer_amazon.reports.model import Accepted, Outcome, ReportRequest, Throttled
from tap_amazon_sp.data_kiosk.queries.known_queries import KnownQueries
from tap_amazon_sp.data_kiosk.queries.lost_queries import ListedQueries, next_token
from tap_amazon_sp.timestamps import format_instant

List = Callable[[ReportRequest, Mapping[str, object]], Response]
"""Makes one call of getQueries."""

PAGE_SIZE = 100
_PAGES = 50
_LIST_AGAIN = timedelta(seconds=45)
"""Amazon allows a list in so many seconds, once the burst is used up."""


@dataclass(slots=True)
class _Account:
    lock: threading.Lock = field(default_factory=threading.Lock)
    listed: ListedQueries | None = None
    listed_at: datetime | None = None
    unsure: set[str] = field(default_factory=set)
    """Texts whose create may have gone through without an answer."""
    ours: set[str] = field(default_factory=set)


class QueryFinder:
    """The lists of all accounts: each is asked for once in a run, and after doubts."""

    def __init__(self, call: List, known: KnownQueries) -> None:
        self._call = call
        self._known = known
        self._accounts: dict[str, _Account] = {}

    def find(self, request: ReportRequest, text: str, now: datetime) -> Outcome | None:
        """Return the lost query of a text as accepted, or that it is too early to ask.

        None: there is none, it has to be created.
        """
        account = self._accounts.setdefault(request.account, _Account())
        with account.lock:
            if self._is_due(account, text, now):
                response = self._list(request, account, now)
                if response is not None:
                    return response
            if account.listed is None:
                return None
            after = request.page.after if request.page is not None else None
            found = account.listed.find(text, after)
        return None if found is None else Accepted(found, adopted=True)

    def asked(self, account: str, text: str, outcome: Outcome | None) -> None:
        """Take in what a create brought: nothing at all may still be a query."""
        of = self._accounts.setdefault(account, _Account())
        with of.lock:
            if isinstance(outcome, Accepted):
                of.unsure.discard(text)
                of.ours.add(outcome.report_id)
                if of.listed is not None:
                    of.listed.taken(outcome.report_id)
            elif outcome is None or isinstance(outcome, Throttled):
                of.unsure.add(text)  # the same text is refused while one runs

    def polled(self, account: str, query_id: str, now: datetime) -> None:
        """Note that a query stands in the state: no other request may take it."""
        self._known.polled(query_id, now)
        of = self._accounts.setdefault(account, _Account())
        with of.lock:
            of.ours.add(query_id)
            if of.listed is not None:
                of.listed.taken(query_id)

    def _is_due(self, account: _Account, text: str, now: datetime) -> bool:
        if account.listed is None or account.listed_at is None:
            return True
        is_early = now - account.listed_at < _LIST_AGAIN
        return text in account.unsure and not is_early

    def _list(
        self, request: ReportRequest, account: _Account, now: datetime
    ) -> Outcome | None:
        listed = ListedQueries(self._known.until, now)
        params: dict[str, object] = {
            "pageSize": PAGE_SIZE,
            "createdSince": format_instant(listed.since),
        }
        for _ in range(_PAGES):
            response = self._call(request, params)
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                return Throttled(response.retry_after(now))
            if response.status != HTTPStatus.OK:
                break  # whoever may not list can still create
            body = response.json_object()
            queries = body.get("queries")
            listed.add(queries if isinstance(queries, list) else ())
            token = next_token(body)
            if not token:
                break
            params = {**params, "paginationToken": token}
        for query_id in account.ours | self._known.ids:
            listed.taken(query_id)
        account.listed, account.listed_at = listed, now
        return None
