"""The storage of report documents, on an origin of its own."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

from amazon_emulator.http import Call, RefusalError, Service
from amazon_emulator.reports.documents import fault_bytes
from amazon_emulator.stored_files import refusal_xml, serve

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.reports.lifecycle import Report
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner


class DownloadService(Service):
    """Serves documents, whole or in part, with the errors of S3."""

    def __init__(self, state: EmulatorState, signer: UrlSigner) -> None:
        self._state, self._signer = state, signer

    def refuse(self, refusal: RefusalError) -> Response:
        """Word a refusal as S3 does, in XML."""
        return refusal_xml(refusal)

    def serve(
        self, call: Call, report: Report | None, *, is_encoded: bool = False
    ) -> Response:
        """Serve the document of a report, from `Range` on if asked."""
        if call.fault("expired") is not None:
            raise RefusalError(403, "Request has expired")
        self._signer.check(call.request)
        if report is None or not report.document.is_built:
            raise RefusalError(404, "The specified key does not exist.")
        with self._state.lock:
            report.downloads += 1
        rule = call.fault("document") or call.fault("empty")
        if rule is not None:
            content = fault_bytes(rule)
            etag = hashlib.sha256(content).hexdigest()[:32]
            stand_in = BytesIO(content)
            return serve(
                call.request,
                lambda: stand_in,
                len(content),
                etag,
                is_encoded=is_encoded,
            )
        document = report.document
        return serve(
            call.request,
            lambda: document.path.open("rb"),
            document.size,
            document.etag,
            content_type=document.content_type,
            is_encoded=is_encoded,
        )
