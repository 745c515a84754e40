"""Brings complete reports to the disk and, where wanted, keeps the originals."""

from __future__ import annotations

from collections.abc import Callable

from singer_amazon.downloads import download
from singer_amazon.errors import DocumentError, StorageError
from singer_amazon.http import Transport
from singer_amazon.raw_store import RawStore
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import Fetched, Outcome, Unavailable, Unreadable
from singer_amazon.spool import Spool, SpoolFile


class DocumentFetcher:
    """Downloads documents into a spool; called from several threads."""

    def __init__(
        self,
        spool: Spool,
        transport: Transport,
        raw_store: RawStore | None = None,
        *,
        retry_wait: float = 1.0,
    ) -> None:
        self._spool = spool
        self._transport = transport
        self._raw_store = raw_store
        self._retry_wait = retry_wait

    def has_room(self) -> bool:
        """Whether a download may begin now."""
        return self._spool.has_room()

    def fetch(self, report: Report, address: Callable[[], str]) -> Outcome:
        """Download one document and keep its original bytes."""
        try:
            return Fetched(self._fetch(report, address))
        except DocumentError as error:
            return Unreadable(str(error))
        except StorageError as error:
            return Unavailable(str(error))

    def _fetch(self, report: Report, address: Callable[[], str]) -> SpoolFile:
        file = self._spool.create()
        try:
            download(
                self._transport,
                address,
                file,
                max_attempts=self._transport.max_attempts,
                retry_wait=self._retry_wait,
            )
            self._keep(report, file)
        except BaseException:
            file.discard()
            raise
        return file

    def _keep(self, report: Report, file: SpoolFile) -> None:
        if self._raw_store is None:
            return
        for taker in report.takers:
            window = taker.window
            name = f"{window.start}_{window.end}_{report.report_id}.json.gz"
            self._raw_store.keep(file.path, f"{taker.stream}/{taker.account}/{name}")
