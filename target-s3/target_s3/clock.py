"""The time, with ages that do not jump when the machine's clock is set."""

from __future__ import annotations

import time

from singer_amazon.clock import SystemClock


class SteadyClock(SystemClock):
    """The machine's clock, and a second one for ages."""

    def monotonic(self) -> float:
        """Seconds since some moment, never going backwards."""
        return time.monotonic()
