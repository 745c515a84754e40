"""Waiting out a 429, where nothing can go on without the call."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from singer_amazon.clock import Clock
from singer_amazon.http.transport import Response


def wait_out_throttling(
    call: Callable[[], Response],
    clock: Clock,
    *,
    first_wait: float,
    max_wait: float,
    max_attempts: int | None = None,
    give_up_at: datetime | None = None,
) -> Response:
    """Make a call until it is not throttled; return the last 429 where patience ends.

    The waits double from `first_wait` to `max_wait`. What Amazon asks for goes before
    them: whole where `give_up_at` bounds the waiting, else up to `max_wait`.
    """
    wait = first_wait
    for number in itertools.count(1):
        response = call()
        if response.status != HTTPStatus.TOO_MANY_REQUESTS or number == max_attempts:
            break
        now = clock.now()
        hint = response.retry_after(now)
        seconds = wait if hint is None else hint
        if give_up_at is None:
            seconds = min(seconds, max_wait)
        elif now + timedelta(seconds=seconds) > give_up_at:
            break
        clock.sleep(seconds)
        wait = min(wait * 2, max_wait)
    return response
