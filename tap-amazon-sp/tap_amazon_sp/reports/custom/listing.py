"""Reports that are there already: Amazon's list of them, page by page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus

from singer_amazon.errors import RejectedError
from singer_amazon.http.transport import Response
from singer_amazon.reports.model import ListedReport, Window
from tap_amazon_sp.reports.api import REPORTS
from tap_amazon_sp.timestamps import format_instant, midnight, parse_instant

logger = logging.getLogger(__name__)

LISTED_DAYS = 90
_MARGIN = timedelta(minutes=5)  # while the request travels, the limit moves on
_PAGE = "100"

RequestPage = Callable[[Mapping[str, str]], Response | None]
"""Gets one page of getReports; None where the run's time is up first."""


def listed(
    report_type: str,
    marketplaces: tuple[str, ...],
    request_page: RequestPage,
    *,
    among: Sequence[str] = (),
    now: datetime,
    start: date | None,
    end: date | None,
) -> Iterator[ListedReport]:
    """Yield the reports of a type that are complete, as Amazon lists them.

    A report of several marketplaces comes under the first of `among` it is for, so
    that it is taken once; what makes no sense is left out with a warning.

    Raises:
        RejectedError: Amazon refuses the list.
    """
    since = now - timedelta(days=LISTED_DAYS) + _MARGIN
    if start is not None:
        since = max(since, midnight(start))
    params = {
        "reportTypes": report_type,
        "processingStatuses": "DONE",
        "marketplaceIds": ",".join(marketplaces),
        "pageSize": _PAGE,
        "createdSince": format_instant(since),
    }
    until = midnight(end + timedelta(days=1)) if end is not None else now
    seen: set[str] = set()
    while (response := request_page(params)) is not None:
        body = _body(response)
        reports = body.get("reports")
        for report in reports if isinstance(reports, list) else ():
            found = _listed(report)
            if found is None:
                logger.warning("getReports lists what is no report: %.200s", report)
            elif found.created_at < until and _is_for(report, marketplaces, among):
                yield found
        token = str(body.get("nextToken") or "")
        if not token:
            return
        if token in seen:
            msg = "getReports hands out a page token a second time"
            raise RejectedError(msg, request_id=response.request_id)
        seen.add(token)
        params = {"nextToken": token}  # Amazon wants it alone


def _body(response: Response) -> Mapping[str, object]:
    if response.status == HTTPStatus.OK:
        return response.json_object()
    msg = f"GET {REPORTS} is refused (HTTP {response.status}: {response.message()})"
    raise RejectedError(msg, status=response.status, request_id=response.request_id)


def _listed(report: object) -> ListedReport | None:
    if not isinstance(report, Mapping) or not report.get("reportId"):
        return None
    created = parse_instant(report.get("createdTime"))
    if created is None:
        return None
    start = parse_instant(report.get("dataStartTime")) or created
    end = parse_instant(report.get("dataEndTime")) or start
    first, last = sorted((start.date(), end.date()))
    return ListedReport(str(report["reportId"]), Window(first, last), created)


def _is_for(
    report: Mapping[str, object], here: Sequence[str], among: Sequence[str]
) -> bool:
    """Whether the first marketplace of a report, in our order, is one wanted here."""
    ids = report.get("marketplaceIds")
    ours = [i for i in among if isinstance(ids, list) and i in ids]
    return not ours or ours[0] in here
