"""Fetches a report document from its pre-signed address into the spool.

The address is asked for right before every try, since it expires; a download
that breaks off goes on where it stopped when the server can. No header of ours
but the user agent is sent: the address itself is the permission.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

import backoff
import requests
import urllib3

from singer_amazon.errors import DocumentError, DocumentExpiredError
from singer_amazon.http.transport import MAX_RETRY_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_amazon.documents.spool import SpoolFile
    from singer_amazon.http.transport import Transport

BLOCK_BYTES = 256 * 1024
_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


class _BrokenError(DocumentError):
    """A download that may go through when tried again."""


def download(
    transport: Transport,
    address: Callable[[], str],
    target: SpoolFile,
    *,
    max_attempts: int,
    retry_wait: float = 1.0,
) -> None:
    """Write the document, byte for byte, and leave the file complete.

    Raises:
        DocumentError: it could not be had whole in `max_attempts` tries.
        StorageError: the disk is full.
        SpoolClosedError: the run ended meanwhile.
    """
    run = _Download(transport, target)

    @backoff.on_exception(
        backoff.expo,
        (_BrokenError, DocumentExpiredError),
        max_tries=max_attempts,
        factor=retry_wait,
        max_value=MAX_RETRY_WAIT,
        logger=None,
    )
    def attempt() -> None:
        run.fetch(address())

    attempt()
    target.finish()


class _Download:
    """A document that may take several tries, each going on where one broke off."""

    def __init__(self, transport: Transport, target: SpoolFile) -> None:
        self._transport = transport
        self._target = target
        self._tag: str | None = None
        """The version whose first part lies in the target already."""

    def fetch(self, url: str) -> None:
        """Fetch what is still missing."""
        headers = {"Accept-Encoding": "identity"}
        if self._target.size and self._tag:
            headers["Range"] = f"bytes={self._target.size}-"
            headers["If-Range"] = self._tag
        try:
            response = self._transport.session().get(
                url, headers=headers, stream=True, timeout=self._transport.timeout
            )
        except requests.RequestException as error:
            msg = f"the download did not begin ({type(error).__name__})"
            raise _BrokenError(msg) from None
        with response:
            self._begin(response)
            _copy(response, self._target)

    def _begin(self, response: requests.Response) -> None:
        """Keep what is there only if the answer goes on exactly behind it."""
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._tag = None
        _check(response)
        goes_on = response.status_code == HTTPStatus.PARTIAL_CONTENT
        if goes_on and _first_byte(response) != self._target.size:
            self._tag = None
            raise _BrokenError("the download went on at the wrong place")
        if self._target.size and not goes_on:
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
