"""The STATE that does not pass while too many records of an audience are rejected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_amazon.target.state_tracker import StateTracker


@dataclass(slots=True)
class HeldState:
    """Holds the oldest STATE that rejected records belong to, until it is released."""

    states: StateTracker
    number: int | None = None

    def hold(self) -> None:
        """Hold the STATE that is open now, unless an older one is held."""
        if self.number is None:
            self.number = self.states.opened()

    def hold_of_batch(self, number: int) -> None:
        """Hold the STATE of a batch in the place of completing it.

        Batches come back in any order: of two that are held the older stays.
        """
        if self.number is None:
            self.number = number
            return
        self.number, newer = sorted((self.number, number))
        self.states.complete(newer)

    def release(self) -> None:
        """Let it pass."""
        if self.number is not None:
            self.states.complete(self.number)
            self.number = None
