"""HTTP towards Amazon: time-outs always set, retries where they can help.

`Transport` sends and retries what may go through later: 5xx, lost connections,
time-outs. It knows no credentials, and hands back every answer below 500.
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING

import backoff
import msgspec
import requests

from singer_amazon.errors import RejectedError, TransientError
from singer_amazon.retry_policy import POLICY

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_MAX_MESSAGE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: a status below 500, headers and the whole body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

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
        for key in ("detail", "details", "message", "error_description"):
            text = body.get(key)
            if isinstance(text, str) and text:
                return text[:_MAX_MESSAGE_LENGTH]
        if text := " ".join(_error_messages(body.get("errors"))):
            return text[:_MAX_MESSAGE_LENGTH]
        text = re.sub(r"<[^>]*>", " ", self.body[:4096].decode("utf-8", "replace"))
        return " ".join(text.split())[:_MAX_MESSAGE_LENGTH] or _phrase(self.status)

    def retry_after(self, now: datetime) -> float | None:
        """Return the seconds Amazon asks us to wait, if it says so; a day at most."""
        value = (self.headers.get("Retry-After") or "").strip()
        seconds = _seconds(value, now)
        if seconds is None or math.isnan(seconds):
            return None
        return min(max(seconds, 0.0), POLICY.max_retry_after)


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
)


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
        self._retry_wait = retry_wait
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
    ) -> Response:
        """Send a request and return the answer, whatever its 2xx to 4xx status.

        Raises:
            TransientError: nothing but 5xx, time-outs or lost connections in
                `max_attempts` tries.
            RejectedError: it cannot even be sent.
        """

        def once() -> Response:
            raw = self.session().request(
                method,
                url,
                headers=dict(headers or {}),
                params=dict(params or {}),
                data=data,
                timeout=self.timeout,
                # a redirect would carry our headers to another host
                allow_redirects=False,
            )
            response = Response(raw.status_code, raw.headers, raw.content)
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise _ServerError(response)
            return response

        return self.retrying(once, f"{method} {_without_query(url)}")

    def retrying(self, call: Callable[[], Response], what: str) -> Response:
        """Run a call again, with growing jittered waits, while it fails passingly.

        Raises:
            TransientError: the tries are used up.
            RejectedError: it cannot even be sent.
        """
        tries = backoff.on_exception(
            backoff.expo,
            RETRIED,
            max_tries=self.max_attempts,
            jitter=backoff.full_jitter,
            factor=self._retry_wait,
            max_value=POLICY.max_retry_wait,
            logger=None,
            on_backoff=lambda details: logger.info(
                "%s: try %s of %s failed, again in %.1f s (%s)",
                what,
                details["tries"],
                self.max_attempts,
                details.get("wait", 0.0),
                _cause(details.get("exception")),
            ),
        )
        try:
            return tries(call)()
        except RETRIED as error:
            status = error.response.status if isinstance(error, _ServerError) else None
            msg = f"{what} failed {self.max_attempts} times, last: {_cause(error)}"
            raise TransientError(msg, status=status) from None
        except requests.RequestException as error:
            # its own text may hold an address or a header
            msg = f"{what} cannot be sent ({type(error).__name__}): is it an address?"
            raise RejectedError(msg) from None


def _without_query(url: str) -> str:
    """Return the address without its query: it may hold a signature."""
    return url.partition("?")[0]


def _cause(error: object) -> str:
    """Name an exception without its text where that may hold an address."""
    if isinstance(error, _ServerError):
        return str(error)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    for _ in range(3):  # requests wraps urllib3 wraps the reason
        inner = [getattr(error, "reason", None), *getattr(error, "args", ())]
        reason = next((i for i in inner if isinstance(i, Exception)), None)
        error = reason or error
    return f"connection lost ({type(error).__name__})"
