"""The storage of the documents of selling partners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, RefusalError, route
from amazon_emulator.reports.downloads import DownloadService
from amazon_emulator.selling_partner.access.tokens import TOKEN_HEADER
from amazon_emulator.selling_partner.reports.routes import (
    ENCODED,
    STORED,
    report_target,
)

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from amazon_emulator.selling_partner.reports.store import SpReportStore
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner

_CREDENTIALS = (TOKEN_HEADER, "authorization")


class SpDownloadService(DownloadService):
    """Serves documents; a call that carries an access token is an alarm."""

    def __init__(
        self, state: EmulatorState, reports: SpReportStore, signer: UrlSigner
    ) -> None:
        super().__init__(state, signer)
        self._reports = reports
        self.alarms: list[str] = []

    def target(self, call: Call) -> Target:
        """Say which report's document is fetched, and whose it is."""
        report = self._reports.of_document(call.arguments["document_id"])
        return Target() if report is None else report_target(frozenset(), report)

    @route("GET", STORED.format("<document_id>"), "download_document")
    def download(self, call: Call) -> Response:
        """Serve a document; only its own bytes may be declared as gzip."""
        refuse_credentials(call.request, self.alarms)
        report = self._reports.of_document(call.arguments["document_id"])
        is_asked = call.request.args.get(ENCODED) == "gzip"
        is_encoded = is_asked and call.fault("document") is None
        return self.serve(call, report, is_encoded=is_encoded)


def refuse_credentials(request: Request, alarms: list[str]) -> None:
    """Refuse (400) a download that carries a token, and note it as an alarm."""
    for name in _CREDENTIALS:
        if name in request.headers:
            text = f"a document was fetched with the header {name}"
            alarms.append(text)
            raise RefusalError(400, f"Only one auth mechanism allowed: {text}")
