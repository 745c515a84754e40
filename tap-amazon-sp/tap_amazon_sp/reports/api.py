"""The port to Reports 2021-06-30: creates reports, polls them, finds documents."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from singer_amazon.errors import RejectedError
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
    Throttled,
    Vanished,
)
from tap_amazon_sp.client import RATE_HEADER, ROTATION_ADVICE, SpClient
from tap_amazon_sp.reports.cancelled import CancelledReports
from tap_amazon_sp.reports.request_spec import spec_of
from tap_amazon_sp.reports.wordings import Meaning, refusal_meaning, role_for
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
        self._client_of = client_of
        self._on_rate = on_rate
        self._cancelled = cancelled
        self._documents: dict[tuple[str, str], str] = {}
        """Account and report id to document id, once a report is complete."""
        self._lock = threading.Lock()

    # --- the port ----------------------------------------------------------

    def create(self, request: ReportRequest) -> Outcome:
        """Ask for a report; the body is what the request's spec says."""
        now = self._client_of(request.account).clock.now()
        too_soon = self._cancelled.refusal(request, now)
        if too_soon is not None:
            return too_soon
        body = spec_of(request).body(request, now)
        response = self._call(request, "createReport", "POST", REPORTS, json=body)
        report_id = response.json_object().get("reportId")
        if response.status == HTTPStatus.ACCEPTED and isinstance(report_id, str):
            if _ID.fullmatch(report_id):
                return Accepted(report_id)
            return Refused(f"Amazon names {report_id[:40]!r} as a report id: not used")
        return self._declined(request, response)

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Poll a report, and keep the id of its document once there is one."""
        response = self._call(request, "getReport", "GET", _path(REPORTS, report_id))
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
            _path(DOCUMENTS, document_id),
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
            request, "cancelReport", "DELETE", _path(REPORTS, report_id)
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
        try:
            response = client.call(operation, method, path, **arguments)
        except RejectedError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            # the credential itself: nothing of this account has to wait for a no
            raise OutcomeError(Refused(str(error), "account")) from None
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
                self._cancelled.forget(request)
                return Ready() if document else Empty()
            case "CANCELLED":
                now = self._client_of(request.account).clock.now()
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
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            now = self._client_of(request.account).clock.now()
            return Throttled(response.retry_after(now))
        said = f"HTTP {response.status}: {response.message()}"
        if response.request_id:
            said += f" (request {response.request_id})"
        if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            if refusal_meaning(said) is Meaning.SECRET_ENDED:
                return Refused(f"{said}. {ROTATION_ADVICE}", "account")
            advice = (
                f"It needs {role_for(request.report_type)}; check that the account is "
                "of the right kind and region and may do so in this marketplace; then "
                "authorise it anew"
            )
            return Refused(
                f"no right to {request.report_type}: {said}. {advice}", "type"
            )
        advice = "Check the report type, its options and dates"
        return Refused(f"{request.report_type} is refused: {said}. {advice}")


def _path(resource: str, name: str) -> str:
    return f"{resource}/{quote(name, safe='~:')}"
