"""Which queries a listing shows: filters and pages of getQueries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.queries import (
    read_instant,
    read_page_token,
    read_query,
    split,
)
from amazon_emulator.selling_partner.reports.lifecycle import (
    STATUSES,
)

if TYPE_CHECKING:
    from werkzeug import Request

    from amazon_emulator.selling_partner.data_kiosk.lifecycle import KioskQuery

_TOKEN, _SIZE = "paginationToken", "pageSize"
_FILTERS = ("processingStatuses", "createdSince", "createdUntil", _SIZE, _TOKEN)
_MAX_ON_PAGE, _USUAL_ON_PAGE = 100, "10"
_LISTED_DAYS = 90


class QueryFilter:
    """The filters of one listing, and where its page begins."""

    def __init__(self, request: Request, now: datetime) -> None:
        given = read_query(request)
        if set(given) - set(_FILTERS):
            raise denied()
        self.given = {k: v for k, v in given.items() if k not in (_TOKEN, _SIZE)}
        self._statuses = split(given.get("processingStatuses"))
        if set(self._statuses) - set(STATUSES):
            allowed = ", ".join(sorted(STATUSES))
            text = f"processingStatuses must be in the enum set: [{allowed}]"
            raise invalid("Invalid request parameters.", text)
        since = now - timedelta(days=_LISTED_DAYS)
        self._since = read_instant(given, "createdSince", since)
        self._until = read_instant(given, "createdUntil", now)
        size = given.get(_SIZE, _USUAL_ON_PAGE)
        if not size.isdigit() or not 1 <= int(size) <= _MAX_ON_PAGE:
            raise invalid("pageSize must be a number from 1 to 100.")
        self.page_size = int(size)
        self.offset = _offset(given.get(_TOKEN, ""), self.given)

    def fits(self, query: KioskQuery, status: str) -> bool:
        """Return whether a query is one of those asked for."""
        is_status = not self._statuses or status in self._statuses
        return is_status and self._since <= query.created_at <= self._until


def _offset(token: str, given: Mapping[str, str]) -> int:
    """Return how many queries were shown before; a token of another call is refused."""
    if not token:
        return 0
    try:
        kept: dict[str, Any] = read_page_token(token)
        offset, before = int(kept["offset"]), kept["query"]
    except (ValueError, KeyError, TypeError):
        raise invalid("paginationToken is not valid.") from None
    if before != given:
        raise invalid("paginationToken belongs to other parameters.")
    return offset
