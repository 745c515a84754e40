"""The rows of `report_days` for one document: what it brought, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from singer_amazon.report_log.coverage import Coverage, Key
from singer_amazon.report_log.day_sums import DaySums, Group
from singer_amazon.reports.model import ReportRequest, text_of
from singer_amazon.reports.report import Report

NOTHING = Group()


def list_row(
    run_id: str,
    stream: str,
    owner: Mapping[str, str | None],
    rows: int,
    fetched_at: datetime,
    *,
    covers: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Return the row for a list that was read whole: no report of Amazon's is there.

    `owner` are the columns that say whose list it is.
    """
    day = fetched_at.date().isoformat()
    whose = " ".join(value for value in owner.values() if value)
    return {
        "run_id": run_id,
        "stream": stream,
        "report_id": f"list of {whose}",
        "advertiser_id": "",
        **owner,
        **dict.fromkeys(("date", "window_start", "window_end"), day),
        "currency_code": None,
        "rows": rows,
        "sums": {},
        "fetched_at": fetched_at.isoformat(),
        "covers": dict(covers) if covers else None,
        "is_whole": True,
    }


class DocumentDays:
    """Counts the rows of one document for one stream."""

    def __init__(
        self,
        coverage: Coverage,
        sums: DaySums,
        account: Mapping[str, str | None],
    ) -> None:
        self._coverage = coverage
        self._sums = sums
        self._account = account
        self.add = sums.add
        """Takes in rows as they are written."""

    def rows(
        self,
        run_id: str,
        report: Report,
        request: ReportRequest,
        now: datetime,
        *,
        is_whole: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Yield a row for each group; `is_whole` False: the document broke off."""
        groups, coverage = self._sums.groups, self._coverage
        asked = frozenset(coverage.expected)
        expected = coverage.expected if is_whole else ()
        shared = {
            "run_id": run_id,
            "stream": request.stream,
            "report_id": report.report_id or "",
            **self._account,
            "date": text_of(request.window.start),
            "window_start": text_of(request.window.start),
            "window_end": text_of(request.window.end),
            "fetched_at": (report.fetched_at or report.ready_at or now).isoformat(),
            "is_whole": is_whole,
        }
        for key in dict.fromkeys((*expected, *groups)):
            is_asked = not asked or key in asked
            yield {**shared, **self._group(key, is_asked=is_asked)}

    def _group(self, key: Key, *, is_asked: bool) -> dict[str, Any]:
        coverage, group = self._coverage, self._sums.groups.get(key, NOTHING)
        member = coverage.value(key, coverage.member_column)
        found: dict[str, Any] = {
            "advertiser_id": member,
            "currency_code": coverage.currency(key),
            "rows": group.rows,
            "sums": group.sums(self._sums.metrics),
            # of a day nobody asked for a document may have a part only
            "covers": coverage.covers(key) if coverage.is_whole and is_asked else None,
        }
        day = coverage.value(key, coverage.day_column)
        return {**found, "date": day} if day else found
