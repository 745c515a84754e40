"""Brings report documents from their pre-signed addresses into the spool.

The address is asked for right before every try, since it expires; a download
that breaks off goes on where it stopped when the server can. A document may come in
several parts: they lie one after another in one file. No header of ours
but the user agent is sent: the address itself is the permission.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin

import backoff
import requests
import urllib3

from singer_amazon.documents.raw_archive import RawArchive
from singer_amazon.documents.spool import Spool, SpoolFile
from singer_amazon.errors import (
    DocumentError,
    DocumentExpiredError,
    StorageError,
    TransientError,
)
from singer_amazon.http.transport import Transport
from singer_amazon.reports.api import Address
from singer_amazon.reports.engine import Report
from singer_amazon.reports.model import (
    Fetched,
    Outcome,
    Unavailable,
    Unreadable,
    short_id,
    text_of,
)
from singer_amazon.retry_policy import POLICY

BLOCK_BYTES = 256 * 1024
MAX_REDIRECTS = 5
_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


class _BrokenError(DocumentError):
    """A download that may go through when tried again."""


class DownloadUnreachableError(TransientError):
    """The host of documents gives no answer: no document of its own is to blame."""


def download(
    transport: Transport,
    address: Callable[[], str],
    target: SpoolFile,
    *,
    max_attempts: int,
    check: Callable[[str], None] = lambda _: None,
) -> None:
    """Write the document, byte for byte, and leave the file complete.

    Raises what `download_part` raises.
    """
    download_part(transport, address, target, max_attempts=max_attempts, check=check)
    target.finish()


def download_part(
    transport: Transport,
    address: Callable[[], str],
    target: SpoolFile,
    *,
    max_attempts: int,
    check: Callable[[str], None] = lambda _: None,
) -> None:
    """Write the document, or one part of it, byte for byte, behind what is there.

    Raises:
        DocumentError: it could not be had whole in `max_attempts` tries.
        DownloadUnreachableError: nor was there an answer, in the last of them.
        RejectedError: it cannot be asked for, as with a certificate that is not valid.
        StorageError: the disk is full.
        SpoolClosedError: the run ended meanwhile.
    """
    document = _Download(transport, target, check)
    left = (
        None
        if transport.time_left is None
        else max(transport.time_left() + POLICY.download_grace, 0.001)
    )

    @backoff.on_exception(
        backoff.expo,
        (_BrokenError, DocumentExpiredError, DownloadUnreachableError),
        max_tries=max_attempts,
        max_time=left,
        factor=transport.retry_wait,
        max_value=POLICY.max_retry_wait,
        logger=None,
    )
    def attempt() -> None:
        document.fetch(address())

    attempt()


class _Download:
    """A document that may take several tries, each going on where one broke off."""

    def __init__(
        self, transport: Transport, target: SpoolFile, check: Callable[[str], None]
    ) -> None:
        self._transport = transport
        self._check = check
        self._target = target
        self._tag: str | None = None
        """The version whose first part lies in the target already."""

    def fetch(self, url: str) -> None:
        """Fetch what is still missing."""
        headers = {"Accept-Encoding": "identity"}
        if self._target.part_size and self._tag:
            headers["Range"] = f"bytes={self._target.part_size}-"
            headers["If-Range"] = self._tag
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url)
            with self._get(url, headers) as response:
                if not response.is_redirect:
                    self._begin(response)
                    _copy(response, self._target)
                    return
                url = urljoin(url, response.headers["Location"])
        msg = f"the download was redirected {MAX_REDIRECTS + 1} times"
        raise DocumentError(msg)

    def _get(self, url: str, headers: dict[str, str]) -> requests.Response:
        try:
            return self._transport.open_stream(url, headers)
        except TransientError as error:
            raise DownloadUnreachableError(str(error), status=error.status) from None

    def _begin(self, response: requests.Response) -> None:
        """Keep what is there only if the answer goes on exactly behind it."""
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._tag = None
        _check(response)
        goes_on = response.status_code == HTTPStatus.PARTIAL_CONTENT
        if goes_on and _first_byte(response) != self._target.part_size:
            self._tag = None
            raise _BrokenError("the download went on at the wrong place")
        if self._target.part_size and not goes_on:
            self._target.restart()
        self._target.content_type = response.headers.get("Content-Type")
        tag = response.headers.get("ETag")
        self._tag = None if tag is None or tag.startswith("W/") else tag


def _first_byte(response: requests.Response) -> int | None:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range") or "")
    return int(found.group(1)) if found else None


def _check(response: requests.Response) -> None:
    status = response.status_code
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    if status in _REFUSED:
        msg = f"the download address is refused (HTTP {status}): it may have expired"
        raise DocumentExpiredError(msg)
    msg = f"the download answered HTTP {status}"
    raise _BrokenError(msg)


def _copy(response: requests.Response, target: SpoolFile) -> None:
    promised = response.headers.get("Content-Length") or ""
    received = 0
    try:
        # raw, so that a Content-Encoding does not change the bytes we keep
        for block in response.raw.stream(BLOCK_BYTES, decode_content=False):
            target.write(block)
            received += len(block)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        msg = f"the download broke off ({type(error).__name__})"
        raise _BrokenError(msg) from None
    if promised.isdecimal() and received < int(promised):
        msg = f"the download ended after {received} of {promised} bytes"
        raise _BrokenError(msg)


class _PartAddresses:
    """The addresses of a document in one or several parts.

    One look brings all of them; a part that has to be tried again asks for new ones.
    """

    def __init__(self, address: Callable[[], Address]) -> None:
        self._address = address
        self._urls = self._ask()
        self._untried = set(range(len(self._urls)))

    def __len__(self) -> int:
        return len(self._urls)

    def of(self, part: int) -> str:
        """Return the address for the next try of a part.

        Raises:
            DocumentError: the document has fewer parts by now.
        """
        if part not in self._untried:
            self._urls = self._ask()
        self._untried.discard(part)
        if part >= len(self._urls):
            msg = f"the document had a part {part + 1} and has none any more"
            raise DocumentError(msg)
        return self._urls[part]

    def _ask(self) -> tuple[str, ...]:
        found = self._address()
        return (found,) if isinstance(found, str) else found


class DocumentFetcher:
    """Downloads documents into a spool; called from several threads."""

    def __init__(
        self,
        spool: Spool,
        transport: Transport,
        raw_archive: RawArchive | None = None,
        *,
        classify: Callable[[Report, Path], Outcome | None] = lambda *_: None,
        check_address: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._spool = spool
        self._transport = transport
        self._raw_archive = raw_archive
        self._classify = classify
        self._check_address = check_address

    def has_space(self) -> bool:
        """Whether a download may begin now."""
        return self._spool.has_space()

    def fetch(self, report: Report, address: Callable[[], Address]) -> Outcome:
        """Download one document and keep its original bytes, if it holds rows."""
        try:
            file = self._download(address)
            return self._classified(report, file)
        except DocumentError as error:
            return Unreadable(str(error))
        except DownloadUnreachableError as error:
            is_answered = error.status is not None
            return Unavailable(
                str(error),
                is_outage=True,
                is_answered=is_answered,
                is_of_downloads=True,
            )
        except StorageError as error:
            return Unavailable(str(error))

    def _classified(self, report: Report, file: SpoolFile) -> Outcome:
        try:
            outcome = self._classify(report, file.path)
            if outcome is None:
                self._archive(report, file)
                return Fetched(file)
        except BaseException:
            file.discard()
            raise
        file.discard()
        return outcome

    def _download(self, address: Callable[[], Address]) -> SpoolFile:
        file = self._spool.create()
        try:
            addresses = _PartAddresses(address)
            for part in range(len(addresses)):
                download_part(
                    self._transport,
                    functools.partial(addresses.of, part),
                    file,
                    max_attempts=self._transport.max_attempts,
                    check=self._check_address,
                )
                if len(addresses) > 1:
                    file.end_part()
            file.finish()
        except BaseException:
            file.discard()
            raise
        return file

    def _archive(self, report: Report, file: SpoolFile) -> None:
        if self._raw_archive is None:
            return
        for subscriber in report.subscribers:
            window = subscriber.window
            # no colons of hours: not every file system takes them
            days = f"{text_of(window.start)}_{text_of(window.end)}".replace(":", "")
            name = f"{days}_{short_id(report.report_id or '')}.json.gz"
            self._raw_archive.keep(
                file.path, f"{subscriber.stream}/{subscriber.account}/{name}"
            )
