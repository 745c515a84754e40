"""Clocks of runs: one shared with an emulator, and one that runs on by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from amazon_emulator.emulation import Emulation
from support.core.emulation import NOON


class _Emulator(Protocol):
    @property
    def emulation(self) -> Emulation: ...


class EmulatorClock:
    """The emulator's clock as the plugin's own: who sleeps moves both."""

    def __init__(self, emulator: _Emulator) -> None:
        self._clock = emulator.emulation.state.clock

    def now(self) -> datetime:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self._clock.advance(seconds)


class RunningClock:
    """Starts at an instant and runs on, `speed` times as fast as real time.

    Once `until` is true it leaps ahead by a day: the time of a run is up then.
    """

    def __init__(
        self,
        start: datetime = NOON,
        speed: float = 1.0,
        until: Callable[[], bool] | None = None,
    ) -> None:
        self._start = start
        self._speed = speed
        self._until = until
        self._began = time.monotonic()

    def now(self) -> datetime:
        if self._until is not None and self._until():
            self._start, self._until = self._start + timedelta(days=1), None
        passed = (time.monotonic() - self._began) * self._speed
        return self._start + timedelta(seconds=passed)

    def sleep(self, seconds: float) -> None:
        """Block for the real time that stands for these seconds."""
        time.sleep(seconds / self._speed)
