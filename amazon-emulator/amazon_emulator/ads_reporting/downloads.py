"""The storage of the documents: pre-signed addresses on an origin of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.documents import fault_bytes
from amazon_emulator.ads_reporting.room import body_target
from amazon_emulator.faults import Target
from amazon_emulator.storage import Opener, UrlSigner, refusal_xml, serve
from amazon_emulator.wire import Call, RefusalError, Route

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from amazon_emulator.ads_reporting.store import ReportStore
    from amazon_emulator.core import Core

_ROUTE = "/offline-report-storage/<report_id>/<name>"


class DownloadRoom:
    """Serves documents, whole or in part, with the errors of S3."""

    def __init__(self, core: Core, reports: ReportStore, signer: UrlSigner) -> None:
        self._core, self._reports, self._signer = core, reports, signer

    @property
    def routes(self) -> Sequence[Route]:
        """The one download."""
        return (Route("GET", _ROUTE, "download", self.download),)

    def target(self, call: Call) -> Target:
        """Say which report is being downloaded, and whose it is."""
        report = self._reports.any(call.arguments["report_id"])
        if report is None:
            return Target()
        return body_target(report.account[1], report.body)

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal as S3 does, in XML."""
        return refusal_xml(refusal)

    def reset(self) -> None:
        """The reports are forgotten by the reporting room."""

    def download(self, call: Call) -> Response:
        """Serve the document of a report, from `Range` on if asked."""
        _refuse_credentials(call.request)
        if call.fault("expired") is not None:
            raise RefusalError(403, "Request has expired")
        self._signer.check(call.request)
        report = self._reports.any(call.arguments["report_id"])
        if report is None or not report.document.is_built:
            raise RefusalError(404, "The specified key does not exist.")
        with self._core.lock:
            report.downloads += 1
        rule = call.fault("document") or call.fault("empty")
        if rule is not None:
            content = fault_bytes(rule)
            etag = hashlib.sha256(content).hexdigest()[:32]
            stand_in = BytesIO(content)
            return self._serve(call.request, lambda: stand_in, len(content), etag)
        document = report.document
        path, size = document.path, document.size
        return self._serve(call.request, lambda: path.open("rb"), size, document.etag)

    def _serve(
        self, request: Request, opener: Opener, size: int, etag: str
    ) -> Response:
        is_encoded = self._core.settings.content_encoding
        return serve(request, opener, size, etag, is_encoded=is_encoded)


def _refuse_credentials(request: Request) -> None:
    """Refuse a download that carries what belongs to the API alone."""
    for name in request.headers.keys():  # noqa: SIM118 - Headers iterate over pairs
        if name.lower() == "authorization" or name.lower().startswith("amazon-"):
            text = f"Only one auth mechanism allowed; the header {name} was sent too"
            raise RefusalError(400, text)
