"""One port for the two APIs that make documents: reports and Data Kiosk."""

from __future__ import annotations

from singer_amazon.reports.api import ReportApi
from singer_amazon.reports.model import Outcome, ReportRequest
from tap_amazon_sp.data_kiosk.queries.query_spec import is_query


class SellingPartnerApi:
    """Implements singer_amazon.reports.api.ReportApi; called from several threads."""

    def __init__(self, reports: ReportApi, queries: ReportApi) -> None:
        self._reports = reports
        self._queries = queries

    def create(self, request: ReportRequest) -> Outcome:
        """Ask for a report, or create a query."""
        return self._of(request).create(request)

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Poll a report or a query."""
        return self._of(request).poll(request, report_id)

    def document_url(self, request: ReportRequest, report_id: str) -> str:
        """Return a fresh address of the document."""
        return self._of(request).document_url(request, report_id)

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Cancel a report or a query."""
        return self._of(request).cancel(request, report_id)

    def _of(self, request: ReportRequest) -> ReportApi:
        return self._queries if is_query(request) else self._reports
