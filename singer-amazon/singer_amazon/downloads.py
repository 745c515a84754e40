"""Fetches a report document from its pre-signed address into the spool.

The address is asked for right before every try, since it expires; a download
that breaks off goes on where it stopped when the server can. No header of ours
but the user agent is sent: the address itself is the permission.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import backoff
import requests
import urllib3

from singer_amazon.errors import DocumentError, DocumentExpiredError
from singer_amazon.http import LONGEST_RETRY_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_amazon.http import Transport
    from singer_amazon.spool import SpoolFile

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
        SpoolClosedError: the run ended meanwhile.
    """
    tags: list[str | None] = [None]

    @backoff.on_exception(
        backoff.expo,
        (_BrokenError, DocumentExpiredError),
        max_tries=max_attempts,
        factor=retry_wait,
        max_value=LONGEST_RETRY_WAIT,
        logger=None,
    )
    def attempt() -> None:
        tags[0] = _fetch(transport, address(), target, tags[0])

    attempt()
    target.finish()


def _fetch(
    transport: Transport, url: str, target: SpoolFile, tag: str | None
) -> str | None:
    """Fetch what is still missing; return the tag of the version being read."""
    headers = {"Accept-Encoding": "identity"}
    if target.size and tag:
        headers |= {"Range": f"bytes={target.size}-", "If-Range": tag}
    try:
        response = transport.session().get(
            url, headers=headers, stream=True, timeout=transport.timeout
        )
    except requests.RequestException as error:
        msg = f"the download did not begin ({type(error).__name__})"
        raise _BrokenError(msg) from None
    with response:
        _check(response)
        if target.size and response.status_code != HTTPStatus.PARTIAL_CONTENT:
            target.restart()
        tag = response.headers.get("ETag")
        promised = response.headers.get("Content-Length")
        _copy(response, target, int(promised) if promised else None)
    return tag


def _check(response: requests.Response) -> None:
    status = response.status_code
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    if status in _REFUSED:
        msg = f"the download address is refused (HTTP {status}): it may have expired"
        raise DocumentExpiredError(msg)
    msg = f"the download answered HTTP {status}"
    raise _BrokenError(msg)


def _copy(response: requests.Response, target: SpoolFile, promised: int | None) -> None:
    received = 0
    try:
        # raw, so that a Content-Encoding does not change the bytes we keep
        for block in response.raw.stream(BLOCK_BYTES, decode_content=False):
            target.write(block)
            received += len(block)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        msg = f"the download broke off ({type(error).__name__})"
        raise _BrokenError(msg) from None
    if promised is not None and received < promised:
        msg = f"the download ended after {received} of {promised} bytes"
        raise _BrokenError(msg)
