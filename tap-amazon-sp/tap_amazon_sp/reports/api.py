"""The port to Reports 2021-06-30: creates reports, polls them, finds documents."""

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
    Empty,
    Failed,
    NoData,
    Outcome,
    Ready,
    Refused,
    ReportRequest,
    Running,
    Throttled,
    Vanished,
)
from tap_amazon_sp.client import RATE_HEADER, SpClient
from tap_amazon_sp.reports.error_documents import cancelled
from tap_amazon_sp.reports.request_spec import spec_of

REPORTS = "/reports/2021-06-30/reports"
DOCUMENTS = "/reports/2021-06-30/documents"

# their documents hold personal data: getReportDocument wants a token of its own
RESTRICTED = {
    "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING",
    *(f"GET_ORDER_REPORT_DATA_{kind}" for kind in ("INVOICING", "TAX", "SHIPPING")),
    *(
        f"GET_FLAT_FILE_ORDER_REPORT_DATA_{kind}"
        for kind in ("INVOICING", "SHIPPING", "TAX")
    ),
    *(f"GET_AMAZON_FULFILLED_SHIPMENTS_DATA_{kind}" for kind in ("INVOICING", "TAX")),
    "SC_VAT_TAX_REPORT",
    "GET_VAT_TRANSACTION_DATA",
    "GET_GST_MTR_B2B_CUSTOM",
    "GET_EASYSHIP_DOCUMENTS",
}


class ReportsApi:
    """Implements singer_amazon.reports.api.ReportApi; called from several threads."""

    def __init__(
        self,
        client_of: Callable[[str], SpClient],
        on_rate: Callable[[str, str, str | None], None],
    ) -> None:
        self._client_of = client_of
        self._on_rate = on_rate
        self._documents: dict[tuple[str, str], str] = {}
        """Account and report id to document id, once a report is complete."""
        self._lock = threading.Lock()

    # --- the port ----------------------------------------------------------

    def create(self, request: ReportRequest) -> Outcome:
        """Ask for a report; the body is what the request's spec says."""
        client = self._client_of(request.account)
        body = spec_of(request).body(request, client.clock.now())
        response = self._call(request, "createReport", "POST", REPORTS, json=body)
        report_id = response.json_object().get("reportId")
        if response.status == HTTPStatus.ACCEPTED and isinstance(report_id, str):
            return Accepted(report_id)
        return self._declined(request, response)

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Poll a report, and keep the id of its document once there is one."""
        response = self._call(request, "getReport", "GET", f"{REPORTS}/{report_id}")
        if response.status == HTTPStatus.NOT_FOUND:
            return Vanished()
        if response.status != HTTPStatus.OK:
            return self._declined(request, response)
        return self._outcome(request, report_id, response.json_object())

    def document_url(self, request: ReportRequest, report_id: str) -> str:
        """Return where the document is: the URL lives five minutes."""
        document_id = self._documents.get((request.account, report_id))
        if document_id is None:
            outcome = self.poll(request, report_id)
            document_id = self._documents.get((request.account, report_id))
            if document_id is None:
                raise OutcomeError(outcome)
        response = self._call(
            request,
            "getReportDocument",
            "GET",
            f"{DOCUMENTS}/{document_id}",
            restricted=request.report_type in RESTRICTED,
        )
        url = response.json_object().get("url")
        if response.status == HTTPStatus.OK and isinstance(url, str):
            return url
        if response.status == HTTPStatus.NOT_FOUND:
            raise OutcomeError(Vanished())
        raise OutcomeError(self._declined(request, response))

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Cancel a report: Amazon allows it while it is IN_QUEUE."""
        response = self._call(
            request, "cancelReport", "DELETE", f"{REPORTS}/{report_id}"
        )
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._declined(request, response)
        return Cancelled()

    # --- inside ------------------------------------------------------------

    def _call(
        self,
        request: ReportRequest,
        operation: str,
        method: str,
        path: str,
        **arguments: Any,  # noqa: ANN401 - SpClient.call's own
    ) -> Response:
        client = self._client_of(request.account)
        response = client.call(operation, method, path, **arguments)
        self._on_rate(request.account, operation, response.headers.get(RATE_HEADER))
        return response

    def _outcome(
        self, request: ReportRequest, report_id: str, report: Mapping[str, object]
    ) -> Outcome:
        status = report.get("processingStatus")
        document = report.get("reportDocumentId")
        if document:
            with self._lock:
                self._documents[request.account, report_id] = str(document)
        match status:
            case "IN_QUEUE" | "IN_PROGRESS":
                return Running()
            case "DONE":
                return Ready() if document else Empty()
            case "CANCELLED":
                return NoData(str(cancelled()))
            case "FATAL" if document:
                return Ready(is_failure=True)
            case "FATAL":
                return Failed("Amazon ended it as FATAL and gives no reason")
            case _:
                return Running(word=str(status))

    def _declined(self, request: ReportRequest, response: Response) -> Outcome:
        """Return what a response means that is no success."""
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            now = self._client_of(request.account).clock.now()
            return Throttled(response.retry_after(now))
        said = f"HTTP {response.status}: {response.message()}"
        if response.request_id:
            said += f" (request {response.request_id})"
        if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            advice = (
                "Check that the application has the role this report needs and that "
                "the account is of the right kind and region; then authorise it anew"
            )
            return Refused(
                f"no right to {request.report_type}: {said}. {advice}", "type"
            )
        advice = "Check the report type, its options and dates"
        return Refused(f"{request.report_type} is refused: {said}. {advice}")
