"""Calls of an audience API, with what each refusal means and what to do next.

A 429 of a look-up is waited out here, since nothing can go on without it; uploads and
looks at jobs hand it back, because they share one rate limiter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from singer_amazon.errors import CallError, RejectedError, TransientError
from singer_amazon.http.transport import Response
from target_amazon_audience.delivery.models import (
    BadRequestError,
    NotFoundError,
    ThrottledError,
    TooLargeError,
)

if TYPE_CHECKING:
    from singer_amazon.http.client import ApiClient
    from target_amazon_audience.amc.rate_limits import SharedLimiter


@dataclass(frozen=True, slots=True)
class Call:
    """One call: JSON in a media type of Amazon's, both ways."""

    method: str
    path: str
    media: str
    body: object | None = None
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    max_attempts: int | None = None
    """Tries on 5xx and lost connections; None: as many as the settings say."""


@dataclass(frozen=True, slots=True)
class ApiCalls:
    """Makes calls of one API; ``steps`` says what to do about which status."""

    client: ApiClient
    limiter: SharedLimiter
    steps: Mapping[HTTPStatus, str]
    message_of: Callable[[Response], str]
    """Returns Amazon's own explanation in an answer."""

    def patiently(self, call: Call) -> Response:
        """Call, and wait out a 429."""
        while True:
            started = self.limiter.acquire()
            response = self._sent(call)
            if response.status != HTTPStatus.TOO_MANY_REQUESTS:
                self.limiter.succeeded()
                return self._checked(call, response)
            retry_after = response.retry_after(self.client.clock.now())
            self.limiter.refused(started, retry_after)

    def once(self, call: Call) -> Response:
        """Call once; a 429 is an error like any other."""
        return self._checked(call, self._sent(call))

    def _sent(self, call: Call) -> Response:
        try:
            return self.client.call(
                call.method,
                call.path,
                headers={"Accept": call.media, **(call.headers or {})},
                params=call.params,
                json=call.body,
                content_type=call.media,
                max_attempts=call.max_attempts,
            )
        except TransientError as error:
            if error.status != HTTPStatus.NOT_IMPLEMENTED:
                raise
            step = self.steps.get(HTTPStatus.NOT_IMPLEMENTED)
            msg = f"{error}: {step}." if step else str(error)
            raise RejectedError(msg, status=error.status) from None

    def _checked(self, call: Call, response: Response) -> Response:
        """Return a good response; any other is an error."""
        if response.status // 100 == HTTPStatus.OK // 100:
            return response
        raise self._refusal(call, response)

    def _refusal(self, call: Call, response: Response) -> CallError:
        message, status = self.message_of(response), response.status
        said = f"Amazon answers {call.method} {call.path} with HTTP {status}: {message}"
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return ThrottledError(said, response.retry_after(self.client.clock.now()))
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return TooLargeError(said, status=status)
        if status == HTTPStatus.BAD_REQUEST:
            return BadRequestError(said, message, response.json_object())
        step = self.steps.get(HTTPStatus(status)) if status in _CODES else None
        text = f"{said}. What to do: {step}." if step else said
        kind = NotFoundError if status == HTTPStatus.NOT_FOUND else RejectedError
        return kind(text, status=status, request_id=response.request_id)


def pages(ask: Callable[[Mapping[str, str]], Response]) -> Iterator[Response]:
    """Yield the answers of a list, page by page.

    `ask` gets what names the page: nothing for the first one, then `nextToken`. A token
    that comes again ends the list.
    """
    page: dict[str, str] = {}
    seen: set[str] = set()
    while True:
        response = ask(page)
        yield response
        token = str(response.json_object().get("nextToken") or "")
        if not token or token in seen:
            return
        seen.add(token)
        page = {"nextToken": token}


_CODES = {int(status) for status in HTTPStatus}
