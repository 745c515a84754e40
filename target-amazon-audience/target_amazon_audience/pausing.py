"""Waiting that a signal cuts short."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from target_amazon_audience.ports import StoppedError

if TYPE_CHECKING:
    from singer_amazon.clock import Clock

_STEP_SECONDS = 0.25
SHORTEST_SECONDS = 0.001
"""Less may not move a clock at all."""


class ClockPauser:
    """Lets time pass on a clock, in steps, until told to stop.

    Steps, and no event: a signal handler may not touch a lock that the main thread
    could be holding.
    """

    def __init__(self, clock: Clock, is_stopped: Callable[[], bool]) -> None:
        self._clock = clock
        self._is_stopped = is_stopped

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            StoppedError: a signal arrived.
        """
        left = seconds
        while left > 0:
            if self._is_stopped():
                msg = (
                    "Stopped by a signal while Amazon throttled: what was not "
                    "accepted comes again with the next run"
                )
                raise StoppedError(msg)
            step = max(min(left, _STEP_SECONDS), SHORTEST_SECONDS)
            self._clock.sleep(step)
            left -= step
