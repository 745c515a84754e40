"""HTTP towards Amazon: time-outs always set, retries where they can help.

`Transport` sends and retries what may go through later: 5xx, lost connections,
time-outs. It knows no credentials, and hands back every answer below 500. An answer is
read up to a size and for a time: one that never ends costs neither memory nor the run.
"""

from __future__ import annotations

import logging
import math
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import backoff
import msgspec
import requests
import urllib3

from singer_amazon.errors import CallError, RejectedError, TransientError
from singer_amazon.http.deflate import GZIP_OR_ZLIB
from singer_amazon.http.inflating import DamagedError, inflated
from singer_amazon.masking import masked
from singer_amazon.retry_policy import POLICY

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_MAX_MESSAGE_LENGTH = 500
_PRIVATE_WORDS = ("error_description",)
_WORDS = ("detail", "details", "message", *_PRIVATE_WORDS)
_NO_CERTIFICATES = {"NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE", "PEM_LIB"}
"""What OpenSSL says of a file of CA certificates that holds none."""
_BLOCK_BYTES = 64 * 1024
_OUT_OF_ORDER = {HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}
_CA_FILE = (
    "the file of CA certificates cannot be read. "
    "Check REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and SSL_CERT_FILE"
)
MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Nothing but documents is larger, and those are never held in memory."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: a status below 500, headers and the whole body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_private: bool = False
    """Whether it may hold secrets: it is never quoted then but for parsed words."""

    @property
    def request_id(self) -> str | None:
        """Amazon's id of the call, for its support."""
        for name in ("x-amzn-RequestId", "x-amz-request-id", "x-amz-rid"):
            if value := self.headers.get(name):
                return value
        return None

    def json(self) -> object:
        """Return the parsed body, or None where it is not JSON."""
        try:
            parsed: object = msgspec.json.decode(self.body)
        except (ValueError, RecursionError):  # not JSON, not UTF-8, or a bomb
            return None
        return parsed

    def json_object(self) -> dict[str, object]:
        """Return the parsed body, or an empty object where it is no object."""
        parsed = self.json()
        return parsed if isinstance(parsed, dict) else {}

    def message(self) -> str:
        """Return Amazon's own explanation, short enough for a log line."""
        body = self.json_object()
        for key in _PRIVATE_WORDS if self.is_private else _WORDS:
            text = body.get(key)
            if isinstance(text, str) and text.strip():
                return _clipped(text)
        if self.is_private:
            return _phrase(self.status)
        if text := " ".join(_error_messages(body.get("errors"))):
            return _clipped(text)
        text = re.sub(r"<[^>]*>", " ", self.body[:4096].decode("utf-8", "replace"))
        return _clipped(text) or _phrase(self.status)

    def kind(self) -> str:
        """Say what sort of answer it is where JSON was expected; quotes nothing."""
        start = self.body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if not start:
            return "an empty answer"
        if start.startswith((b"<!doctype html", b"<html", b"<h", b"<body")):
            return "an HTML page, as proxies and login pages send"
        if start.startswith(b"<"):
            return "XML"
        return "text that is no JSON" if self.json() is None else "other JSON"

    def retry_after(self, now: datetime) -> float | None:
        """Return the seconds Amazon asks us to wait, if it says so; a day at most."""
        value = (self.headers.get("Retry-After") or "").strip()
        seconds = _seconds(value, now)
        if seconds is None or math.isnan(seconds):
            return None
        return min(max(seconds, 0.0), POLICY.max_retry_after)


def _clipped(text: str) -> str:
    return masked(" ".join(text.split()))[:_MAX_MESSAGE_LENGTH]


def _error_messages(errors: object) -> Iterator[str]:
    """Yield what a list of errors says: message and details of each."""
    for error in errors if isinstance(errors, list) else ():
        for key in ("message", "details"):
            text = error.get(key) if isinstance(error, dict) else None
            if isinstance(text, str) and text:
                yield text


def _seconds(value: str, now: datetime) -> float | None:
    """Read a Retry-After header: seconds, or a date."""
    try:
        return float(value)
    except ValueError:
        pass
    try:
        instant = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if instant.tzinfo is None:  # written as "-0000"
        instant = instant.replace(tzinfo=timezone.utc)
    return (instant - now).total_seconds()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no explanation"


class _NoAuth(requests.auth.AuthBase):
    """Keeps requests from adding credentials of a .netrc file."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


class _ServerError(Exception):
    """A 5xx answer, on its way to being tried again."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"HTTP {response.status}: {response.message()}")
        self.response = response


RETRIED = (
    _ServerError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    urllib3.exceptions.HTTPError,  # while the body is read
)


class _TooLargeError(Exception):
    """An answer larger than any that makes sense."""


class Transport:
    """Sends requests, one session per thread, and retries what may pass."""

    def __init__(
        self,
        *,
        user_agent: str,
        max_attempts: int = 5,
        retry_wait: float = POLICY.retry_wait,
        timeout: tuple[float, float] = (
            POLICY.connect_timeout,
            POLICY.read_timeout,
        ),
    ) -> None:
        self.max_attempts = max_attempts
        self.user_agent = user_agent
        self.timeout = timeout
        self.time_left: Callable[[], float] | None = None
        """How many seconds this run still has; no wait here is longer."""
        self.retry_wait = retry_wait
        self._local = threading.local()
        self._sessions: list[requests.Session] = []

    def session(self) -> requests.Session:
        """Return this thread's session, without credentials of any kind."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.auth = _NoAuth()
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            session.headers["User-Agent"] = self.user_agent
            session.headers["Accept-Encoding"] = "gzip, deflate"
            self._local.session = session
            self._sessions.append(session)
        return session

    def close(self) -> None:
        """Close the connections of all threads; calls under way end by themselves."""
        while self._sessions:
            self._sessions.pop().close()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        data: bytes | Mapping[str, str] | None = None,
        is_private: bool = False,
        max_attempts: int | None = None,
    ) -> Response:
        """Send a request and return the answer, whatever its 2xx to 4xx status.

        `is_private`: the answer may hold a secret and is not to be quoted.
        `max_attempts` is for calls that want fewer tries than others.

        Raises:
            TransientError: nothing but 5xx, time-outs or lost connections in
                `max_attempts` tries.
            RejectedError: it cannot be sent, or no answer will do.
        """

        def once() -> Response:
            with self.session().request(
                method,
                url,
                headers=dict(headers or {}),
                params=dict(params or {}),
                data=data,
                timeout=self.timeout,
                # a redirect would carry our headers to another host
                allow_redirects=False,
                stream=True,
            ) as raw:
                body = _read(raw, self._answer_time())
            response = Response(raw.status_code, raw.headers, body, is_private)
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise _ServerError(response)
            return response

        return self.retrying(once, f"{method} {_without_query(url)}", max_attempts)

    def _answer_time(self) -> float:
        """Return how long an answer may take: not much longer than the run."""
        if self.time_left is None:
            return POLICY.answer_time
        return min(POLICY.answer_time, max(self.time_left(), 0.0) + POLICY.grace)

    def retrying(
        self, call: Callable[[], Response], what: str, max_attempts: int | None = None
    ) -> Response:
        """Run a call again, with growing jittered waits, while it fails passingly.

        Raises:
            TransientError: the tries, or the time of the run, are used up.
            RejectedError: it cannot be sent, or no answer will do.
        """
        tried, most = 1, min(max_attempts or self.max_attempts, self.max_attempts)

        def on_backoff(details: Any) -> None:  # noqa: ANN401 - backoff's own
            nonlocal tried
            tried = details["tries"] + 1
            logger.info(
                "%s: try %s of %s failed, again in %.1f s (%s)",
                what,
                details["tries"],
                most,
                details.get("wait", 0.0),
                _cause(details.get("exception")),
            )

        tries = backoff.on_exception(
            backoff.expo,
            RETRIED,
            max_tries=most,
            max_time=None if self.time_left is None else max(self.time_left(), 0.001),
            giveup=lambda error: _certificate_fault(error) is not None,
            jitter=backoff.full_jitter,
            factor=self.retry_wait,
            max_value=POLICY.max_retry_wait,
            logger=None,
            on_backoff=on_backoff,
        )
        try:
            return tries(call)()
        except RETRIED as error:
            raise _failure(error, what, tried) from None
        except (_TooLargeError, OSError) as error:
            raise _rejection(error, what) from None

    def open_stream(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """Begin a download from an address that is a permission of its own; once.

        The caller closes it, reads the body as it comes, and follows redirects.

        Raises:
            TransientError: there is no answer below 500.
            RejectedError: it cannot be sent.
        """
        what = f"the download from {urlsplit(url).netloc}"
        try:
            response = self.session().get(
                url,
                headers=dict(headers),
                stream=True,
                timeout=self.timeout,
                allow_redirects=False,
            )
        except RETRIED as error:
            raise _failure(error, what, 1) from None
        except OSError as error:
            raise _rejection(error, what) from None
        if response.status_code in _OUT_OF_ORDER:
            response.close()
            msg = f"{what} failed: HTTP {response.status_code}"
            raise TransientError(msg, status=response.status_code)
        return response


def _failure(error: Exception, what: str, tried: int) -> CallError:
    """Return why there is no answer, without an address or a header in it."""
    if fault := _certificate_fault(error):
        return RejectedError(f"{what} is not made: {fault}")
    status = error.response.status if isinstance(error, _ServerError) else None
    times = f" {tried} times, last" if tried > 1 else ""
    failed = TransientError(f"{what} failed{times}: {_cause(error)}", status=status)
    failed.may_be_done = status is None and not _is_unsent(error)
    return failed


def _is_unsent(error: Exception) -> bool:
    """Whether there was no connection that a request could have gone out on."""
    return isinstance(error, requests.exceptions.ConnectTimeout) or any(
        isinstance(inner, urllib3.exceptions.NewConnectionError)
        for inner in _causes(error)
    )


def _rejection(error: Exception, what: str) -> RejectedError:
    """Return why a request is not to be tried again."""
    if isinstance(error, _TooLargeError):
        return RejectedError(
            f"{what} is answered with more than {MAX_ANSWER_BYTES // 1024**2} MiB: "
            "no answer of Amazon's is that large. Is the address right?"
        )
    if isinstance(error, requests.RequestException):
        # its own text may hold an address or a header
        kind = type(error).__name__
        return RejectedError(f"{what} cannot be sent ({kind}): is it an address?")
    return RejectedError(f"{what} cannot be sent: {_CA_FILE}")


def _read(raw: requests.Response, seconds: float) -> bytes:
    """Read a whole answer, within a size and a time.

    Raises:
        _TooLargeError: it is larger, inflated.
        requests.RequestException: it is broken or too slow.
    """
    blocks: Iterator[bytes] = _blocks(raw, seconds)
    encoding = (raw.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding in {"gzip", "x-gzip", "deflate"}:
        blocks = inflated(blocks, GZIP_OR_ZLIB)
    elif encoding != "identity":
        raise requests.exceptions.ContentDecodingError
    body = bytearray()
    try:
        for block in blocks:
            body += block
            if len(body) > MAX_ANSWER_BYTES:
                raise _TooLargeError
    except DamagedError:
        raise requests.exceptions.ContentDecodingError from None
    return bytes(body)


def _blocks(raw: requests.Response, seconds: float) -> Iterator[bytes]:
    """Yield what has come, as it comes."""
    if raw.raw is None:  # an adapter in this process that has it whole
        yield raw.content
        return
    end = time.monotonic() + seconds
    # not read(): that one waits until a whole block is there
    while block := raw.raw.read1(_BLOCK_BYTES, decode_content=False):
        yield block
        if time.monotonic() > end:
            raise requests.ReadTimeout


def _certificate_fault(error: BaseException) -> str | None:
    """Say what is wrong with a certificate, if that is why a call failed."""
    for inner in _causes(error):
        if isinstance(inner, ssl.SSLCertVerificationError):
            return (
                f"the certificate of the server is not valid ({inner.verify_message}). "
                "Check the address, the clock of this machine, and the CA "
                "certificates of a proxy (REQUESTS_CA_BUNDLE)"
            )
        if isinstance(inner, ssl.SSLError) and inner.reason in _NO_CERTIFICATES:
            return _CA_FILE
    return None


def _causes(error: object) -> Iterator[BaseException]:
    """Yield an exception and what it wraps: requests wraps urllib3 wraps the reason."""
    for _ in range(5):
        if not isinstance(error, BaseException):
            return
        yield error
        inner = [getattr(error, "reason", None), *error.args, error.__cause__]
        error = next((i for i in inner if isinstance(i, BaseException)), None)


def _without_query(url: str) -> str:
    """Return the address without its query: it may hold a signature."""
    return url.partition("?")[0]


def _cause(error: object) -> str:
    """Name an exception without its text where that may hold an address."""
    if isinstance(error, _ServerError):
        return str(error)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return "no answer in time"
    *_, last = _causes(error)
    return f"connection lost ({type(last).__name__})"
