"""The storage of the parts of unified reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.ads_unified.routes import report_target
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, route
from amazon_emulator.reports.downloads import DownloadService, refuse_credentials

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_unified.store import UnifiedReportStore
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner


class UnifiedDownloadService(DownloadService):
    """Serves the parts of one emulator's reports."""

    def __init__(
        self, state: EmulatorState, reports: UnifiedReportStore, signer: UrlSigner
    ) -> None:
        super().__init__(state, signer)
        self._reports = reports

    def target(self, call: Call) -> Target:
        """Say which report is being downloaded, and whose it is."""
        report = self._reports.any(call.arguments["report_id"])
        return Target() if report is None else report_target(report)

    @route(
        "GET",
        "/unified-report-storage/<report_id>/<int:part>",
        "download_unified_report",
    )
    def download(self, call: Call) -> Response:
        """Serve a part to a call without credentials of the API."""
        refuse_credentials(call.request.headers)
        report = self._reports.any(call.arguments["report_id"])
        documents = [] if report is None else report.documents
        number = int(call.arguments["part"])
        document = documents[number] if number < len(documents) else None
        return self.serve_part(call, report, document)
