"""The counters of a dataset, which lag behind what was sent.

Pure: what was sent and how often was asked go in, the sums come out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from amazon_emulator.data_manager.contract import METRICS


@dataclass(frozen=True, slots=True)
class Counts:
    """Members sent: removals and rejected ones count, too."""

    uploaded: int = 0
    invalid: int = 0
    consented: int = 0
    """Of the valid ones: those that may be matched, and all of them are."""

    @property
    def accepted(self) -> int:
        """Members that were not rejected; all have an identity."""
        return self.uploaded - self.invalid

    @property
    def match_percentage(self) -> float:
        """The share of those with an identity that were matched."""
        if not self.accepted:
            return 0.0
        return round(100 * self.consented / self.accepted, 2)

    def plus(self, other: Counts) -> Counts:
        """Return the sums."""
        return Counts(
            self.uploaded + other.uploaded,
            self.invalid + other.invalid,
            self.consented + other.consented,
        )

    def by_name(self) -> dict[str, float]:
        """Return the numbers by the names of the aggregates."""
        numbers = (self.uploaded, self.accepted, self.consented, self.consented)
        return dict(zip(METRICS, map(float, numbers), strict=True))


@dataclass(slots=True)
class _Late:
    hour: datetime
    counts: Counts
    looks: int = 0


@dataclass(slots=True)
class LaggingCounts:
    """Counts by the hour of their upload; the newest are not shown at once."""

    _late: list[_Late] = field(default_factory=list)
    _hours: dict[datetime, Counts] = field(default_factory=lambda: defaultdict(Counts))

    def add(self, now: datetime, counts: Counts) -> None:
        """Count an upload."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        self._late.append(_Late(hour, counts))

    def look(self, lag: int) -> dict[datetime, Counts]:
        """Return the counts by hour; an upload appears after `lag` looks without it."""
        due = [late for late in self._late if late.looks >= lag]
        self._late = [late for late in self._late if late.looks < lag]
        for late in due:
            self._hours[late.hour] = self._hours[late.hour].plus(late.counts)
        for late in self._late:
            late.looks += 1
        return dict(self._hours)


def summed(hours: dict[datetime, Counts]) -> Counts:
    """Return the sums of all hours."""
    whole = Counts()
    for counts in hours.values():
        whole = whole.plus(counts)
    return whole
