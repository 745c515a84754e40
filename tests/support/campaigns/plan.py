"""How long a campaign is, and what its chance follows from."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """One campaign as it was asked for on pytest's command line."""

    is_long: bool
    seed: int
    soak_minutes: float

    def choose(self, short: int, long: int) -> int:
        """Return the figure for this length."""
        return long if self.is_long else short

    def chance(self, *names: object) -> random.Random:
        """Return a source of chance of its own for what is named."""
        return random.Random(f"{self.seed} {names}")  # noqa: S311 - keeps no secret
