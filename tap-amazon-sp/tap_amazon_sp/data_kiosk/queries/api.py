"""The port to Data Kiosk 2023-11-15: creates queries, polls them, finds documents."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from singer_amazon.http.transport import Response
from singer_amazon.reports.api import OutcomeError
from singer_amazon.reports.model import (
    Accepted,
    Cancelled,
    Failed,
    NoData,
    Outcome,
    Ready,
    Refused,
    ReportRequest,
    ResultPage,
    Running,
    Vanished,
    is_report_id,
)
from tap_amazon_sp.client import SpClient
from tap_amazon_sp.data_kiosk.queries.known_queries import KnownQueries
from tap_amazon_sp.data_kiosk.queries.lost_queries import next_token
from tap_amazon_sp.data_kiosk.queries.query_finder import QueryFinder
from tap_amazon_sp.data_kiosk.queries.query_spec import query_spec_of
from tap_amazon_sp.data_kiosk.queries.query_text import MAX_LENGTH
from tap_amazon_sp.data_kiosk.queries.refused_fields import RefusedFields, refused_paths
from tap_amazon_sp.data_kiosk.queries.running_queries import AccountQueries
from tap_amazon_sp.reports.calls import ReportCalls, path_of

QUERIES = "/dataKiosk/2023-11-15/queries"
DOCUMENTS = "/dataKiosk/2023-11-15/documents"
SERVER_ERROR_TRIES = 2
"""A bad query is answered with 500, too: more tries would only cost quota."""
ROLES = (
    "the role Brand Analytics, for economics Selling Partner Insights, too, and a "
    "seller (or a vendor) of the right region"
)


class DataKioskApi:
    """Implements singer_amazon.reports.api.ReportApi; called from several threads."""

    def __init__(
        self,
        client_of: Callable[[str], SpClient],
        on_rate: Callable[[str, str, str | None], None],
        running: AccountQueries,
        refused: RefusedFields,
        known: KnownQueries,
        warn: Callable[[str], None],
    ) -> None:
        self._calls = ReportCalls(client_of, on_rate)
        self._running = running
        self._refused = refused
        self._warn = warn
        self._finder = QueryFinder(self._list, known)
        self._documents: dict[tuple[str, str], str] = {}
        """Account and query id to document id, once a query is over."""
        self._lock = threading.Lock()

    # --- the port ----------------------------------------------------------

    def create(self, request: ReportRequest) -> Outcome:
        """Create a query, or find the one that an earlier run has created."""
        outcome: Outcome | None = None
        try:
            outcome = self._create(request)
        finally:
            query_id = outcome.report_id if isinstance(outcome, Accepted) else None
            self._running.of(request.account).answered(query_id)
            self._finder.asked(request.account, self._text(request), outcome)
        return outcome

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Poll a query, and keep the id of its document once there is one."""
        now = self._calls.client_of(request.account).clock.now()
        self._finder.polled(request.account, report_id, now)
        response = self._calls.call(
            request, "getQuery", "GET", path_of(QUERIES, report_id)
        )
        if response.status == HTTPStatus.NOT_FOUND:
            outcome: Outcome = Vanished()
        elif response.status != HTTPStatus.OK:
            return self._declined(request, response)
        else:
            outcome = self._outcome(request, report_id, response.json_object())
        is_running = isinstance(outcome, Running)
        self._running.of(request.account).seen(report_id, is_running=is_running)
        return outcome

    def document_url(self, request: ReportRequest, report_id: str) -> str:
        """Return where the document is: the URL lives five minutes."""
        document_id = self._documents.get((request.account, report_id))
        if document_id is None:
            outcome = self.poll(request, report_id)
            document_id = self._documents.get((request.account, report_id))
            if document_id is None:
                raise OutcomeError(outcome)
        path = path_of(DOCUMENTS, document_id)
        response = self._calls.call(request, "getDocument", "GET", path)
        url = response.json_object().get("documentUrl")
        if response.status == HTTPStatus.OK and isinstance(url, str):
            return url
        if response.status == HTTPStatus.NOT_FOUND:
            raise OutcomeError(Vanished())
        raise OutcomeError(self._declined(request, response))

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Cancel a query, in the queue or in progress."""
        path = path_of(QUERIES, report_id)
        response = self._calls.call(request, "cancelQuery", "DELETE", path)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._declined(request, response)
        self._running.of(request.account).seen(report_id, is_running=False)
        return Cancelled()

    # --- creating ----------------------------------------------------------

    def _text(self, request: ReportRequest) -> str:
        if request.page is not None and request.page.token:
            return request.page.text
        spec = query_spec_of(request)
        refused = self._refused.of(request.account, spec.name)
        return spec.text(request.window, refused, request.members, _part_of(request))

    def _create(self, request: ReportRequest) -> Outcome:
        text = self._text(request)
        if len(text) > MAX_LENGTH:
            return Refused(
                f"the query has {len(text)} characters and Amazon takes {MAX_LENGTH}: "
                "deselect some of its columns"
            )
        now = self._calls.client_of(request.account).clock.now()
        found = self._finder.find(request, text, now)
        if found is not None:
            return found
        body: dict[str, Any] = {"query": text}
        has_token = request.page is not None and bool(request.page.token)
        if request.page is not None and has_token:
            body["paginationToken"] = request.page.token
        response = self._calls.call(
            request,
            "createQuery",
            "POST",
            QUERIES,
            json=body,
            max_attempts=SERVER_ERROR_TRIES,
        )
        query_id = response.json_object().get("queryId")
        if response.status == HTTPStatus.ACCEPTED and isinstance(query_id, str):
            if is_report_id(query_id):
                return Accepted(query_id)
            return Refused(f"Amazon names {query_id[:40]!r} as a query id: not used")
        if response.status == HTTPStatus.FORBIDDEN and not has_token:
            again = self._without_refused(request, response)
            if again is not None:
                return again
        return self._declined(request, response)

    def _without_refused(
        self, request: ReportRequest, response: Response
    ) -> Outcome | None:
        """Leave out the fields a 403 names and create again; None: it names none."""
        spec = query_spec_of(request)
        if spec.make_text is not None:
            return None
        paths = refused_paths(response.message(), spec.schema.domain, spec.root)
        new = self._refused.add(request.account, spec.name, paths)
        if not new:
            return None
        lost = [key for key in spec.keys if any(key[: len(p)] == p for p in new)]
        names = ", ".join(sorted(".".join(path) for path in new))
        if lost:
            return Refused(
                f"Amazon refuses the fields {names}, and without "
                f"{'.'.join(lost[0])} rows cannot be told apart: give the account "
                f"{ROLES}",
                "type",
            )
        self._warn(
            f"{request.stream} of {request.account}: Amazon refuses the fields {names} "
            f"(no right); they are left out in this run. They need {ROLES}; deselect "
            "them to be rid of this line"
        )
        return self._create(request)

    def _list(self, request: ReportRequest, params: Mapping[str, object]) -> Response:
        return self._calls.call(request, "getQueries", "GET", QUERIES, params=params)

    # --- inside ------------------------------------------------------------

    def _outcome(  # noqa: PLR0911 - one line per status
        self, request: ReportRequest, query_id: str, query: dict[str, Any]
    ) -> Outcome:
        status = query.get("processingStatus")
        data, error = query.get("dataDocumentId"), query.get("errorDocumentId")
        document = data or error
        if document:
            with self._lock:
                self._documents[request.account, query_id] = str(document)
        match status:
            case "IN_QUEUE" | "IN_PROGRESS":
                return Running()
            case "DONE" if data:
                return Ready(next_page=self._next_page(request, query_id, query))
            case "DONE" if not error:
                next_page = self._next_page(request, query_id, query)
                return NoData("Amazon has no data for these dates", next_page)
            case "DONE" | "FATAL" if document:
                return Ready(is_failure=True)
            case "FATAL":
                return Failed("Amazon ended it as FATAL and gives no reason")
            case "CANCELLED":
                return Failed("the query was cancelled")
            case _:
                return Running(word=str(status))

    def _next_page(
        self, request: ReportRequest, query_id: str, query: dict[str, Any]
    ) -> ResultPage | None:
        token, part = next_token(query), _part_of(request)
        number = request.page.number + 1 if request.page is not None else 2
        if not token:
            spec = query_spec_of(request)
            refused = self._refused.of(request.account, spec.name)
            following = spec.part_after(part, refused)
            if following is None:
                return None
            return ResultPage(number, "", "", query_id, following)
        text = query.get("query")  # as Amazon has it: the next page asks for the same
        text = text if isinstance(text, str) and text else self._text(request)
        return ResultPage(number, token, text, query_id, part)

    def _declined(self, request: ReportRequest, response: Response) -> Outcome:
        """Return what a response means that is no success."""
        return self._calls.declined(
            request,
            response,
            query_spec_of(request).name,
            without_right=f"It needs {ROLES}; then authorise the account anew",
            otherwise="Check its options and columns",
        )


def _part_of(request: ReportRequest) -> int:
    """Return which part of its window's queries a request is for."""
    return request.page.part if request.page is not None else 1
