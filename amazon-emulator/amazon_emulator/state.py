"""What all services share: settings, clock, fault rules, counters, a lock."""

from __future__ import annotations

import base64
import threading
import uuid
from hashlib import sha256, sha512

from amazon_emulator.clock import SettableClock
from amazon_emulator.counters import Counters
from amazon_emulator.faults.rules import Faults
from amazon_emulator.settings import Settings


class EmulatorState:
    """The shared state of one emulator; nothing here is global."""

    def __init__(self, settings: Settings, clock: SettableClock | None = None) -> None:
        self.lock = threading.RLock()
        self.initial = settings
        self.settings = settings
        self.clock = clock or SettableClock()
        self.faults = Faults()
        self.counters = Counters()

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
            self.counters.clear()


def seeded_token(prefix: str, seed: str) -> str:
    """Return the access token that follows from a seed: `Atza|...`."""
    digest = base64.urlsafe_b64encode(sha512(seed.encode()).digest()).decode()
    return f"{prefix}|{digest.rstrip('=')}"


def seeded_uuid(seed: str) -> uuid.UUID:
    """Return the random-looking id that follows from a word."""
    return uuid.UUID(bytes=sha256(seed.encode()).digest()[:16], version=4)
