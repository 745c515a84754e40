"""The port to Reports 2021-06-30: creates reports, polls them, finds documents."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus

from singer_amazon.http.transport import Response
from singer_amazon.reports.api import OutcomeError
from singer_amazon.reports.model import (
    Accepted,
    Cancelled,
    Empty,
    Failed,
    Outcome,
    Ready,
    Refused,
    ReportRequest,
    Running,
    Vanished,
)
from singer_amazon.reports.polling.ready_ages import age_between
from tap_amazon_sp.client import SpClient
from tap_amazon_sp.reports.calls import ReportCalls, path_of
from tap_amazon_sp.reports.cancelled import CancelledReports
from tap_amazon_sp.reports.request_spec import spec_of
from tap_amazon_sp.reports.wordings import role_for
from tap_amazon_sp.timestamps import parse_instant

REPORTS = "/reports/2021-06-30/reports"
DOCUMENTS = "/reports/2021-06-30/documents"

_ID = re.compile(r"[\w.~:+=-]{1,255}", re.ASCII)
"""What ids look like: they stand in addresses and in the names of files."""

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
        cancelled: CancelledReports,
    ) -> None:
        self._calls = ReportCalls(client_of, on_rate)
        self._cancelled = cancelled
        self._documents: dict[tuple[str, str], str] = {}
        """Account and report id to document id, once a report is complete."""
        self._lock = threading.Lock()

    # --- the port ----------------------------------------------------------

    def create(self, request: ReportRequest) -> Outcome:
        """Ask for a report; the body is what the request's spec says."""
        now = self._calls.client_of(request.account).clock.now()
        too_soon = self._cancelled.refusal(request, now)
        if too_soon is not None:
            return too_soon
        body = spec_of(request).body(request, now)
        response = self._calls.call(request, "createReport", "POST", REPORTS, json=body)
        report_id = response.json_object().get("reportId")
        if response.status == HTTPStatus.ACCEPTED and isinstance(report_id, str):
            if _ID.fullmatch(report_id):
                return Accepted(report_id)
            return Refused(f"Amazon names {report_id[:40]!r} as a report id: not used")
        return self._declined(request, response)

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Poll a report, and keep the id of its document once there is one."""
        response = self._calls.call(
            request, "getReport", "GET", path_of(REPORTS, report_id)
        )
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
        response = self._calls.call(
            request,
            "getReportDocument",
            "GET",
            path_of(DOCUMENTS, document_id),
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
        response = self._calls.call(
            request, "cancelReport", "DELETE", path_of(REPORTS, report_id)
        )
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._declined(request, response)
        return Cancelled()

    # --- inside ------------------------------------------------------------

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
                self._cancelled.forget(request)
                ages = report.get("createdTime"), report.get("processingEndTime")
                return Ready(age=age_between(*ages)) if document else Empty()
            case "CANCELLED":
                now = self._calls.client_of(request.account).clock.now()
                created = parse_instant(report.get("createdTime")) or now
                return self._cancelled.outcome(request, created)
            case "FATAL" if document:
                return Ready(is_failure=True)
            case "FATAL":
                return Failed("Amazon ended it as FATAL and gives no reason")
            case _:
                return Running(word=str(status))

    def _declined(self, request: ReportRequest, response: Response) -> Outcome:
        """Return what a response means that is no success."""
        return self._calls.declined(
            request,
            response,
            request.report_type,
            without_right=(
                f"It needs {role_for(request.report_type)}; check that the account is "
                "of the right kind and region and may do so in this marketplace; then "
                "authorise it anew"
            ),
            otherwise="Check the report type, its options and dates",
        )
