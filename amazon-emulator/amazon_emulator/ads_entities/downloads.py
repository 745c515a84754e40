"""The storage of the documents of exports."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug import Response

from amazon_emulator.ads_entities.export_routes import export_target
from amazon_emulator.http import Call, route
from amazon_emulator.reports.downloads import DownloadService, refuse_credentials

if TYPE_CHECKING:
    from amazon_emulator.ads_entities.exports import ExportStore
    from amazon_emulator.faults.rules import Rule, Target
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner


class ExportDownloadService(DownloadService):
    """Serves the documents of one emulator's exports."""

    def __init__(
        self, state: EmulatorState, exports: ExportStore, signer: UrlSigner
    ) -> None:
        super().__init__(state, signer)
        self._exports = exports

    def target(self, call: Call) -> Target:
        """Say which export is being downloaded, and whose it is."""
        export = self._exports.any(call.arguments["export_id"])
        if export is None:
            return export_target(None, None)
        return export_target(export.account, export.request.kind.name)

    @route("GET", "/export-storage/<export_id>/<name>", "download_export")
    def download(self, call: Call) -> Response:
        """Serve a document to a call without credentials of the API."""
        refuse_credentials(call.request.headers)
        export = self._exports.any(call.arguments["export_id"])
        response = self.serve(call, export)
        slow = call.fault("lost_when_slow")
        return response if slow is None else _lost_when_slow(response, slow)


def _lost_when_slow(response: Response, rule: Rule) -> Response:
    """Return a response that ends early, and looks whole, for whoever reads slowly."""
    headers = response.headers.copy()
    del headers["Content-Length"]
    body = _until(response.iter_encoded(), rule.number("seconds"))
    return Response(body, response.status, headers, direct_passthrough=True)


def _until(chunks: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    # real time: what a reader takes is never that of the emulated clock
    end = time.monotonic() + seconds
    for chunk in chunks:
        if time.monotonic() > end:
            return
        yield chunk
