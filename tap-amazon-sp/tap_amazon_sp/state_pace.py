"""How often a changed state is written: see `singer_amazon.memory` for the rule."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from singer_amazon.clock import Clock
from singer_amazon.memory import STATE_PAUSE, STATE_SHARE


class StatePace:
    """Writes a state that has changed, when it is time for it."""

    def __init__(
        self, clock: Clock, timer: Callable[[], float] = time.thread_time
    ) -> None:
        self._clock = clock
        self._timer = timer
        self._is_changed = False
        self._pause = 0.0
        self._written_at: datetime | None = None

    def changed(self) -> None:
        """Note that there is something to write."""
        self._is_changed = True

    def write(self, write: Callable[[], None], *, at_once: bool = False) -> None:
        """Write if something changed and the last time is long enough ago."""
        if not self._is_changed or not (at_once or self._is_due()):
            return
        began = self._timer()
        write()  # what it raises leaves the change to be written later
        self._is_changed = False
        self._pause = max(STATE_PAUSE, STATE_SHARE * (self._timer() - began))
        self._written_at = self._clock.now()

    def _is_due(self) -> bool:
        if self._written_at is None:
            return True
        return (self._clock.now() - self._written_at).total_seconds() >= self._pause
