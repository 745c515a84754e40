"""The storage of report documents, on the other origin."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from amazon_emulator.faults import Target
from amazon_emulator.selling_partner.access import TOKEN_HEADER
from amazon_emulator.selling_partner.making import fault_bytes
from amazon_emulator.selling_partner.reports_room import (
    ENCODED,
    STORED,
    report_target,
)
from amazon_emulator.storage import refusal_xml, serve
from amazon_emulator.wire import Call, RefusalError, Route

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from amazon_emulator.core import Core
    from amazon_emulator.selling_partner.reports import SpReportStore
    from amazon_emulator.storage import UrlSigner

_CREDENTIALS = (TOKEN_HEADER, "authorization")


class SpDownloadRoom:
    """Serves documents; a call that carries an access token is an alarm."""

    def __init__(self, core: Core, reports: SpReportStore, signer: UrlSigner) -> None:
        self._core, self._reports, self._signer = core, reports, signer
        self.alarms: list[str] = []

    @property
    def routes(self) -> Sequence[Route]:
        """The one download."""
        path = STORED.format("<document_id>")
        return (Route("GET", path, "download_document", self.download),)

    def target(self, call: Call) -> Target:
        """Say which report's document is fetched, and whose it is."""
        report = self._reports.of_document(call.arguments["document_id"])
        return Target() if report is None else report_target(frozenset(), report)

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal as S3 does, in XML."""
        return refusal_xml(refusal)

    def reset(self) -> None:
        """Forget the alarms."""
        self.alarms.clear()

    def download(self, call: Call) -> Response:
        """Serve a document, from `Range` on if asked."""
        self._refuse_credentials(call.request)
        if call.fault("expired") is not None:
            raise RefusalError(403, "Request has expired")
        self._signer.check(call.request)
        report = self._reports.of_document(call.arguments["document_id"])
        if report is None or not report.document.is_built:
            raise RefusalError(404, "The specified key does not exist.")
        with self._core.lock:
            report.downloads += 1
        document = report.document
        is_encoded = call.request.args.get(ENCODED) == "gzip"
        rule = call.fault("document")
        if rule is not None:
            content = fault_bytes(rule)
            etag = hashlib.sha256(content).hexdigest()[:32]
            stand_in = BytesIO(content)
            return serve(call.request, lambda: stand_in, len(content), etag)
        return serve(
            call.request,
            lambda: document.path.open("rb"),
            document.size,
            document.etag,
            content_type=document.content_type,
            is_encoded=is_encoded,
        )

    def _refuse_credentials(self, request: Request) -> None:
        for name in _CREDENTIALS:
            if name in request.headers:
                text = f"a document was fetched with the header {name}"
                with self._core.lock:
                    self.alarms.append(text)
                raise RefusalError(400, f"Only one auth mechanism allowed: {text}")
