"""The storage of the documents of reporting v3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.routes import body_target
from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, route
from amazon_emulator.reports.downloads import DownloadService, refuse_credentials

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.ads_reporting.store import AdsReportStore
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner


class AdsDownloadService(DownloadService):
    """Serves the documents of one emulator."""

    def __init__(
        self, state: EmulatorState, reports: AdsReportStore, signer: UrlSigner
    ) -> None:
        super().__init__(state, signer)
        self._reports = reports

    def target(self, call: Call) -> Target:
        """Say which report is being downloaded, and whose it is."""
        report = self._reports.any(call.arguments["report_id"])
        if report is None:
            return Target()
        return body_target(report.account[1], report.body)

    @route("GET", "/offline-report-storage/<report_id>/<name>", "download")
    def download(self, call: Call) -> Response:
        """Serve a document to a call without credentials of the API."""
        refuse_credentials(call.request.headers)
        report = self._reports.any(call.arguments["report_id"])
        is_encoded = self._state.settings.content_encoding
        return self.serve(call, report, is_encoded=is_encoded)
