"""Which reports a listing shows: filters and pages of getReports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from amazon_emulator.selling_partner.access.refusals import invalid
from amazon_emulator.selling_partner.queries import (
    read_instant,
    read_page_token,
    read_query,
    split,
)
from amazon_emulator.selling_partner.reports.lifecycle import STATUSES
from amazon_emulator.selling_partner.reports.store import RETENTION

if TYPE_CHECKING:
    from werkzeug import Request

    from amazon_emulator.selling_partner.reports.lifecycle import SpReport

_MAX_TYPES, _MAX_ON_PAGE, _USUAL_ON_PAGE = 10, 100, 10
_FILTERS = (
    "reportTypes",
    "processingStatuses",
    "marketplaceIds",
    "pageSize",
    "createdSince",
    "createdUntil",
)


class ListingFilter:
    """The filters of one listing."""

    def __init__(self, query: Mapping[str, str], now: datetime) -> None:
        self._types = split(query.get("reportTypes"))
        if not 1 <= len(self._types) <= _MAX_TYPES:
            raise invalid("Either reportTypes (1 to 10) or nextToken is required.")
        self._statuses = split(query.get("processingStatuses"))
        unknown = set(self._statuses) - set(STATUSES)
        if unknown:
            raise invalid("Unknown processing status.", ", ".join(sorted(unknown)))
        self._marketplaces = split(query.get("marketplaceIds"))
        oldest = now - RETENTION
        self._since = read_instant(query, "createdSince", oldest)
        # A minute of grace: the caller's "90 days ago" was computed a little earlier.
        if self._since < oldest - timedelta(minutes=1):
            raise invalid("createdSince must not be more than 90 days ago.")
        self._until = read_instant(query, "createdUntil", now)
        size = query.get("pageSize", str(_USUAL_ON_PAGE))
        if not size.isdigit() or not 1 <= int(size) <= _MAX_ON_PAGE:
            raise invalid("pageSize must be a number from 1 to 100.")
        self.page_size = int(size)

    def fits(self, report: SpReport, shown: Mapping[str, object]) -> bool:
        """Return whether a report is one of those asked for."""
        ids = shown["marketplaceIds"]
        is_there = not self._marketplaces or any(
            isinstance(ids, list) and each in ids for each in self._marketplaces
        )
        return (
            shown["reportType"] in self._types
            and (not self._statuses or shown["processingStatus"] in self._statuses)
            and is_there
            and self._since <= report.created_at <= self._until
        )


def read_listing(request: Request) -> tuple[dict[str, str], int]:
    """Return the filters of a listing, and how many reports were shown before."""
    query = read_query(request)
    token = query.pop("nextToken", "")
    if not token:
        return query, 0
    if set(query) & set(_FILTERS):
        raise invalid("nextToken must be the only query parameter.")
    try:
        kept: dict[str, Any] = read_page_token(token)
        return kept["query"], int(kept["offset"])
    except (ValueError, KeyError, TypeError):
        raise invalid("nextToken is not valid.") from None
