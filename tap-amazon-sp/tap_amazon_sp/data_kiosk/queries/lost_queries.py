"""Finds queries that were created and never written down: a run was killed between.

Amazon lists the queries of an application with their texts. What the state cannot know
is younger than the state; so a query of the same text that was created after it is the
lost one. Where that is not certain the query is made anew: a window read twice costs a
minute of quota, a page taken for another loses rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tap_amazon_sp.timestamps import parse_instant

MARGIN = timedelta(minutes=2)
"""What two clocks may differ by, and how long a create may be under way."""
LISTED = timedelta(hours=6)
"""How long before the state queries are listed: pages of one result are no older."""
_ALIVE = {"IN_QUEUE", "IN_PROGRESS", "DONE"}


@dataclass(frozen=True, slots=True)
class ListedQuery:
    """A query as Amazon lists it."""

    query_id: str
    text: str
    created_at: datetime
    has_next_page: bool


class ListedQueries:
    """The listed queries of one account, and which of them are taken."""

    def __init__(self, known_until: datetime | None, now: datetime) -> None:
        self.since = (known_until or now) - LISTED
        """From when on they are listed."""
        self._lost_since = (known_until or now - LISTED) - MARGIN
        self._queries: dict[str, ListedQuery] = {}
        self._taken: set[str] = set()

    def add(self, entries: Iterable[object]) -> None:
        """Take in what a response lists; queries that failed are left out."""
        for query in _read(entries):
            self._queries[query.query_id] = query

    def taken(self, query_id: str) -> None:
        """Note that a query is one of ours that is known."""
        self._taken.add(query_id)

    def find(self, text: str, after: str | None = None) -> str | None:
        """Return the id of a lost query of this text, if there is no doubt.

        `after` is the query of the page before, for a page: then only what came after
        it can be meant.
        """
        same = [query for query in self._queries.values() if query.text == text]
        free = [
            query
            for query in same
            if query.created_at >= self._lost_since
            and query.query_id not in self._taken
        ]
        if after is not None:
            before = self._queries.get(after)
            if before is None:  # younger than the list, or older than all of it
                return None
            free = [q for q in free if q.created_at > before.created_at]
        if len(free) != 1:
            return None
        found = free[0]
        if after is None and any(
            q.has_next_page and q.created_at < found.created_at for q in same
        ):
            return None  # it may be the second page of that one
        self._taken.add(found.query_id)
        return found.query_id


def _read(entries: Iterable[object]) -> Iterator[ListedQuery]:
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("processingStatus") not in _ALIVE:
            continue
        query_id, text = entry.get("queryId"), entry.get("query")
        created = parse_instant(entry.get("createdTime"))
        if isinstance(query_id, str) and isinstance(text, str) and created is not None:
            yield ListedQuery(query_id, text, created, bool(next_token(entry)))


def next_token(query: dict[str, Any]) -> str:
    """Return the token of the page behind a query; "" where there is none."""
    pagination = query.get("pagination")
    token = pagination.get("nextToken") if isinstance(pagination, dict) else None
    return token if isinstance(token, str) else ""
