"""Reports that are there already: Amazon's list of them, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from http import HTTPStatus

from singer_amazon.errors import RejectedError
from singer_amazon.reports.model import ListedReport, Window
from singer_amazon.transport import Answer
from tap_amazon_sp.reports.api import REPORTS
from tap_amazon_sp.reports.own.settings import OwnReport, day_of

LISTED_DAYS = 90
_MARGIN = timedelta(minutes=5)  # while the request travels, the limit moves on
_PAGE = "100"

AskPage = Callable[[Mapping[str, str]], Answer | None]
"""Gets one page of getReports; None where the run's time is up first."""


def listed(
    own: OwnReport,
    marketplaces: tuple[str, ...],
    ask: AskPage,
    *,
    now: datetime,
    start: date | None,
    end: date | None,
) -> Iterator[ListedReport]:
    """Yield the reports of a type that are complete, as Amazon lists them.

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
            if found.created_at < until:
                yield found
        token = str(body.get("nextToken") or "")
        if not token:
            return
        if token in seen:
            msg = "getReports hands out a page token a second time"
            raise RejectedError(msg, request_id=answer.request_id)
        seen.add(token)
        params = {"nextToken": token}  # Amazon wants it alone


def _body(answer: Answer) -> Mapping[str, object]:
    if answer.status == HTTPStatus.OK:
        return answer.json_object()
    msg = f"GET {REPORTS} is refused (HTTP {answer.status}: {answer.words()})"
    raise RejectedError(msg, status=answer.status, request_id=answer.request_id)


def _listed(report: Mapping[str, object]) -> ListedReport:
    created = _instant(str(report.get("createdTime")))
    start = str(report.get("dataStartTime") or created.isoformat())
    end = str(report.get("dataEndTime") or start)
    first, last = sorted((day_of(start), day_of(end)))
    return ListedReport(str(report["reportId"]), Window(first, last), created)


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _midnight(moment: date) -> datetime:
    return datetime(moment.year, moment.month, moment.day, tzinfo=timezone.utc)
