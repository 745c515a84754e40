"""When a process is killed: at its nth call, line or STATE, or some time after."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from amazon_emulator.faults.rules import Faults, Rule, Target

PHASES: Mapping[str, tuple[tuple[str, int], ...]] = {
    # phase -> events, each with the highest number of it that is drawn
    "start": (("started", 1),),
    "asking": (
        *(("token", 2), ("profiles", 1), ("create", 6), ("create_report", 6)),
        *(("search_orders", 6), ("records", 12), ("create_audience", 1)),
    ),
    "waiting": (("status", 20), ("get_report", 20), ("job", 12)),
    "document": (
        *(("download", 6), ("download_document", 6), ("rows", 40), ("fed", 200)),
    ),
    "state": (("state sent", 8), ("state echoed", 2)),
    "end": (("input ended", 1), ("last call", 1)),
}
_LATEST_SECONDS = {"start": 1.5, "end": 0.4}
_LATER_SECONDS = 0.05


@dataclass
class Trap:
    """Kills once, a drawn time after the nth event of one kind."""

    phase: str
    event: str
    left: int
    delay: float
    kill: Callable[[], None] = lambda: None
    is_sprung: bool = False

    @classmethod
    def draw(cls, chance: random.Random, phase: str, events: frozenset[str]) -> Trap:
        """Draw a moment of a phase, of those events that such a run has."""
        event, most = chance.choice([e for e in PHASES[phase] if e[0] in events])
        latest = _LATEST_SECONDS.get(phase, _LATER_SECONDS)
        # what a STATE vouches for has to be there at that very moment
        is_at_once = phase == "state" or (
            phase not in _LATEST_SECONDS and chance.random() < 0.5
        )
        delay = 0.0 if is_at_once else chance.uniform(0, latest)
        return cls(phase, event, chance.randint(1, most), delay)

    def hit(self, event: str) -> None:
        """Take note of an event; at the right one kill, now or a little later."""
        if event != self.event or self.is_sprung:
            return
        self.left -= 1
        if self.left > 0:
            return
        self.is_sprung = True
        if self.delay:
            threading.Thread(target=self._later, daemon=True).start()
        else:
            self.kill()

    def _later(self) -> None:
        time.sleep(self.delay)
        self.kill()


NEVER = Trap("never", "never", 1, 0.0)


class WatchedFaults(Faults):
    """The emulator's rules; every call it gets is an event for the trap."""

    def __init__(self) -> None:
        super().__init__()
        self.trap = NEVER

    def take(self, operation: str, target: Target, now: datetime) -> tuple[Rule, ...]:
        """Tell the trap before the call is carried out."""
        self.trap.hit(operation)
        return super().take(operation, target, now)
