"""The control call about unified reports: the rows their documents hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.ads_unified.documents import row_batches
from amazon_emulator.control import ControlError
from amazon_emulator.http import Routed, json_response, route
from amazon_emulator.reports.documents import json_array

if TYPE_CHECKING:
    from amazon_emulator.ads_unified.store import UnifiedReportStore


class UnifiedReportsControl(Routed):
    """Shows what a report's documents hold, all parts together."""

    def __init__(self, reports: UnifiedReportStore) -> None:
        self._reports = reports

    @route("GET", "/unified-reports/<report_id>/rows")
    def _rows(self, report_id: str) -> Response:
        report = self._reports.any(report_id)
        if report is None:
            message = f"There is no unified report {report_id}."
            raise ControlError(message)
        if report.rule("empty", "document"):
            return json_response([])
        pieces = json_array(row_batches(report))
        return Response(pieces, content_type="application/json")
