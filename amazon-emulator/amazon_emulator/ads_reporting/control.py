"""The control calls about reports: the rows their documents hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.ads_reporting.documents import document_rows, row_count
from amazon_emulator.control import ControlError
from amazon_emulator.http import Json, Routed, json_response, route
from amazon_emulator.reports.documents import json_array

if TYPE_CHECKING:
    from amazon_emulator.ads_reporting.lifecycle import AdsReport
    from amazon_emulator.ads_reporting.store import AdsReportStore


class AdsReportsControl(Routed):
    """Shows what a report's document holds."""

    def __init__(self, reports: AdsReportStore) -> None:
        self._reports = reports

    @route("GET", "/reports/<report_id>/rows")
    def _rows(self, report_id: str) -> Response:
        report = self._report(report_id)
        if report.rule("empty", "document"):
            return json_response([])
        pieces = json_array(document_rows(report))
        return Response(pieces, content_type="application/json")

    @route("GET", "/reports/<report_id>/row-count")
    def _row_count(self, report_id: str) -> Json:
        return {"rows": row_count(self._report(report_id))}

    def _report(self, report_id: str) -> AdsReport:
        report = self._reports.any(report_id)
        if report is None:
            message = f"There is no report {report_id}."
            raise ControlError(message)
        return report
