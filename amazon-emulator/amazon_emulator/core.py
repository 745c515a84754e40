"""What all rooms of one emulator share: settings, clock, faults, statistics, a lock."""

from __future__ import annotations

import threading

from amazon_emulator.clock import SettableClock
from amazon_emulator.faults import Faults
from amazon_emulator.settings import Settings
from amazon_emulator.statistics import Statistics


class Core:
    """The shared state of one emulator; nothing here is global."""

    def __init__(self, settings: Settings, clock: SettableClock | None = None) -> None:
        self.lock = threading.RLock()
        self.initial = settings
        self.settings = settings
        self.clock = clock or SettableClock()
        self.faults = Faults()
        self.statistics = Statistics()

    def change(self, changes: dict[str, object]) -> Settings:
        """Replace some settings; a wrong one raises SettingsError and changes none."""
        with self.lock:
            self.settings = self.settings.changed(changes)
            return self.settings

    def reset(self) -> None:
        """Return to the first settings and time, no faults and empty counters."""
        with self.lock:
            self.settings = self.initial
            self.clock.reset()
            self.faults.clear()
            self.statistics.clear()
