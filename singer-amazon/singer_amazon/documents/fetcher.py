"""Brings complete reports to the disk and, where wanted, keeps the originals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from singer_amazon.documents.download import download
from singer_amazon.documents.raw_archive import RawStore
from singer_amazon.documents.spool import Spool, SpoolFile
from singer_amazon.errors import DocumentError, StorageError
from singer_amazon.http.transport import Transport
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import (
    Fetched,
    Outcome,
    Unavailable,
    Unreadable,
    text_of,
)


class DocumentFetcher:
    """Downloads documents into a spool; called from several threads."""

    def __init__(
        self,
        spool: Spool,
        transport: Transport,
        raw_store: RawStore | None = None,
        *,
        retry_wait: float = 1.0,
        classify: Callable[[Report, Path], Outcome | None] = lambda *_: None,
    ) -> None:
        self._spool = spool
        self._transport = transport
        self._raw_store = raw_store
        self._retry_wait = retry_wait
        self._judge = classify

    def has_space(self) -> bool:
        """Whether a download may begin now."""
        return self._spool.has_space()

    def fetch(self, report: Report, address: Callable[[], str]) -> Outcome:
        """Download one document and keep its original bytes, if it holds rows."""
        try:
            file = self._download(address)
            return self._take_in(report, file)
        except DocumentError as error:
            return Unreadable(str(error))
        except StorageError as error:
            return Unavailable(str(error))

    def _take_in(self, report: Report, file: SpoolFile) -> Outcome:
        try:
            verdict = self._judge(report, file.path)
            if verdict is None:
                self._keep(report, file)
                return Fetched(file)
        except BaseException:
            file.discard()
            raise
        file.discard()
        return verdict

    def _download(self, address: Callable[[], str]) -> SpoolFile:
        file = self._spool.create()
        try:
            download(
                self._transport,
                address,
                file,
                max_attempts=self._transport.max_attempts,
                retry_wait=self._retry_wait,
            )
        except BaseException:
            file.discard()
            raise
        return file

    def _keep(self, report: Report, file: SpoolFile) -> None:
        if self._raw_store is None:
            return
        for subscriber in report.subscribers:
            window = subscriber.window
            # no colons of hours: not every file system takes them
            days = f"{text_of(window.start)}_{text_of(window.end)}".replace(":", "")
            name = f"{days}_{report.report_id}.json.gz"
            self._raw_store.keep(
                file.path, f"{subscriber.stream}/{subscriber.account}/{name}"
            )
