"""One port of a run: reports go to reporting v3, entities to Amazon's exports."""

from __future__ import annotations

from singer_amazon.reports.api import ReportApi
from singer_amazon.reports.model import Outcome, ReportRequest
from tap_amazon_ads.entities.definitions import ExportSpec


class AdsReporting:
    """Implements singer_amazon.reports.api.ReportApi by what a request is made of."""

    def __init__(self, reports: ReportApi, exports: ReportApi) -> None:
        self._reports, self._exports = reports, exports

    def create(self, request: ReportRequest) -> Outcome:
        """Ask for a report or an export."""
        return self._of(request).create(request)

    def poll(self, request: ReportRequest, report_id: str) -> Outcome:
        """Look at it."""
        return self._of(request).poll(request, report_id)

    def document_url(self, request: ReportRequest, report_id: str) -> str:
        """Return a fresh address of its document."""
        return self._of(request).document_url(request, report_id)

    def cancel(self, request: ReportRequest, report_id: str) -> Outcome:
        """Give it up."""
        return self._of(request).cancel(request, report_id)

    def _of(self, request: ReportRequest) -> ReportApi:
        is_export = isinstance(request.spec, ExportSpec)
        return self._exports if is_export else self._reports
