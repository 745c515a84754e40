"""The storage of report documents, on an origin of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from amazon_emulator.http import Call, RefusalError, Service
from amazon_emulator.reports.documents import fault_bytes
from amazon_emulator.stored_files import StoredFile, refusal_xml, serve

if TYPE_CHECKING:
    from werkzeug import Response
    from werkzeug.datastructures import Headers

    from amazon_emulator.reports.documents import Document
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
        document = None if report is None else report.document
        return self.serve_part(call, report, document, is_encoded=is_encoded)

    def serve_part(
        self,
        call: Call,
        report: Report | None,
        document: Document | None,
        *,
        is_encoded: bool = False,
    ) -> Response:
        """Serve one of the documents of a report, from `Range` on if asked."""
        if call.fault("expired") is not None:
            raise RefusalError(403, "Request has expired")
        self._signer.check(call.request)
        if document is not None:
            document.complete()
        if report is None or document is None or not document.is_built:
            raise RefusalError(404, "The specified key does not exist.")
        with self._state.lock:
            report.downloads += 1
        rule = call.fault("document") or call.fault("empty")
        stored = StoredFile(
            lambda: document.path.open("rb"),
            document.size,
            document.etag,
            document.content_type,
        )
        if rule is not None:
            stored = StoredFile.of_bytes(fault_bytes(rule))
            if rule.parameters.get("content_type") is not None:
                stored = replace(stored, content_type=rule.text("content_type"))
        return serve(call.request, stored, is_encoded=is_encoded)


def refuse_credentials(headers: Headers) -> None:
    """Refuse a download that carries what belongs to the API alone."""
    for name in headers.keys():  # noqa: SIM118 - Headers iterate over pairs
        if name.lower() == "authorization" or name.lower().startswith("amazon-"):
            text = f"Only one auth mechanism allowed; the header {name} was sent too"
            raise RefusalError(400, text)
