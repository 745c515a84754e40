"""Waiting out a 429 or an outage, where nothing can go on without the call."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from singer_amazon.clock import Clock
from singer_amazon.errors import TransientError
from singer_amazon.http.transport import Response

logger = logging.getLogger(__name__)


def wait_out_throttling(
    call: Callable[[], Response],
    clock: Clock,
    *,
    first_wait: float,
    max_wait: float,
    max_attempts: int | None = None,
    max_time: float | None = None,
    give_up_at: datetime | None = None,
    is_outage: Callable[[TransientError], bool] = lambda _: False,
) -> Response:
    """Make a call until it is not throttled; return the last 429 where patience ends.

    The waits double from `first_wait` to `max_wait`. What Amazon asks for goes before
    them: whole where `give_up_at` bounds the waiting, else up to `max_wait`, and
    `max_time` seconds in all. A failure that `is_outage` is waited out alike, with a
    warning each time.

    Raises:
        TransientError: it is no outage, or patience ends.
    """
    waiting = _Waiting(clock, first_wait, max_wait, max_attempts)
    waiting.give_up_at, waiting.is_short = give_up_at, give_up_at is None
    if max_time is not None:
        waiting.give_up_at = clock.now() + timedelta(seconds=max_time)
    while True:
        try:
            response = call()
        except TransientError as error:
            if not is_outage(error) or not waiting.go_on(None, str(error)):
                raise
            continue
        if response.status != HTTPStatus.TOO_MANY_REQUESTS:
            return response
        if not waiting.go_on(response.retry_after(clock.now())):
            return response


class _Waiting:
    """How long to wait between the tries, and when to end them."""

    def __init__(
        self, clock: Clock, wait: float, max_wait: float, max_attempts: int | None
    ) -> None:
        self.give_up_at: datetime | None = None
        self.is_short = False
        self._clock = clock
        self._wait = wait
        self._max_wait = max_wait
        self._left = max_attempts

    def go_on(self, hint: float | None, trouble: str = "") -> bool:
        """Wait until the next try; False where there is to be none."""
        self._left = None if self._left is None else self._left - 1
        if self._left == 0:
            return False
        seconds = self._wait if hint is None else hint
        if self.is_short:
            seconds = min(seconds, self._max_wait)
        until = self._clock.now() + timedelta(seconds=seconds)
        if self.give_up_at is not None and until > self.give_up_at:
            return False
        if trouble:
            logger.warning("Waiting for Amazon, again in %.0f s: %s", seconds, trouble)
        self._clock.sleep(seconds)
        self._wait = min(self._wait * 2, self._max_wait)
        return True
