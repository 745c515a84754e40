"""The storage of the documents of Data Kiosk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.faults.rules import Target
from amazon_emulator.http import Call, route
from amazon_emulator.reports.downloads import DownloadService
from amazon_emulator.selling_partner.data_kiosk.routes import STORED, query_target
from amazon_emulator.selling_partner.reports.downloads import refuse_credentials

if TYPE_CHECKING:
    from werkzeug import Response

    from amazon_emulator.selling_partner.data_kiosk.store import KioskStore
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner


class KioskDownloadService(DownloadService):
    """Serves documents; a call that carries an access token is an alarm."""

    def __init__(
        self,
        state: EmulatorState,
        queries: KioskStore,
        signer: UrlSigner,
        alarms: list[str],
    ) -> None:
        super().__init__(state, signer)
        self._queries, self._alarms = queries, alarms

    def target(self, call: Call) -> Target:
        """Say which query's document is fetched, and whose it is."""
        query = self._queries.of_document(call.arguments["document_id"])
        return Target() if query is None else query_target(frozenset(), query)

    @route("GET", STORED.format("<document_id>"), "download_document")
    def download(self, call: Call) -> Response:
        """Serve a document; only its own bytes may be declared as gzip."""
        refuse_credentials(call.request, self._alarms)
        query = self._queries.of_document(call.arguments["document_id"])
        is_declared = self._state.settings.sp_kiosk_compression == "header"
        is_packed = query is not None and query.document.is_packed
        is_own = call.fault("document") is None and call.fault("empty") is None
        return self.serve(call, query, is_encoded=is_declared and is_packed and is_own)
