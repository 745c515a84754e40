"""Reports that are there already: Amazon's list of them, page by page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from http import HTTPStatus

from singer_amazon.errors import RejectedError
from singer_amazon.http.transport import Response
from singer_amazon.reports.model import ListedReport, Window
from tap_amazon_sp.endpoints.instants import instant
from tap_amazon_sp.reports.api import REPORTS
from tap_amazon_sp.reports.own.settings import OwnReport

logger = logging.getLogger(__name__)

LISTED_DAYS = 90
_MARGIN = timedelta(minutes=5)  # while the request travels, the limit moves on
_PAGE = "100"

AskPage = Callable[[Mapping[str, str]], Response | None]
"""Gets one page of getReports; None where the run's time is up first."""


def listed(
    own: OwnReport,
    marketplaces: tuple[str, ...],
    ask: AskPage,
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
        since = max(since, _midnight(start))
    params = {
        "reportTypes": own.report_type,
        "processingStatuses": "DONE",
        "marketplaceIds": ",".join(marketplaces),
        "pageSize": _PAGE,
        "createdSince": f"{since:%Y-%m-%dT%H:%M:%SZ}",
    }
    until = _midnight(end + timedelta(days=1)) if end is not None else now
    seen: set[str] = set()
    while (answer := ask(params)) is not None:
        body = _body(answer)
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
            raise RejectedError(msg, request_id=answer.request_id)
        seen.add(token)
        params = {"nextToken": token}  # Amazon wants it alone


def _body(answer: Response) -> Mapping[str, object]:
    if answer.status == HTTPStatus.OK:
        return answer.json_object()
    msg = f"GET {REPORTS} is refused (HTTP {answer.status}: {answer.message()})"
    raise RejectedError(msg, status=answer.status, request_id=answer.request_id)


def _listed(report: object) -> ListedReport | None:
    if not isinstance(report, Mapping) or not report.get("reportId"):
        return None
    created = instant(report.get("createdTime"))
    if created is None:
        return None
    start = instant(report.get("dataStartTime")) or created
    end = instant(report.get("dataEndTime")) or start
    first, last = sorted((start.date(), end.date()))
    return ListedReport(str(report["reportId"]), Window(first, last), created)


def _is_for(
    report: Mapping[str, object], wanted: Sequence[str], among: Sequence[str]
) -> bool:
    """Whether the first marketplace of a report, in our order, is one wanted here."""
    ids = report.get("marketplaceIds")
    own = [i for i in among if isinstance(ids, list) and i in ids]
    return not own or own[0] in wanted


def _midnight(moment: date) -> datetime:
    return datetime(moment.year, moment.month, moment.day, tzinfo=timezone.utc)
