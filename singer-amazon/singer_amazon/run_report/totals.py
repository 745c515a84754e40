"""Sums over the reports of a run: of all, and stream by stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median

from singer_amazon.report_log.entry import LoggedReport

DONE = ("delivered", "empty")
LOST = ("refused", "gap", "closed_gap")


@dataclass(slots=True)
class Totals:
    """What some reports add up to."""

    reports: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    bytes: int = 0
    calls: int = 0
    throttled: int = 0
    repeats: int = 0
    """How often a report was asked for again."""
    adopted: int = 0
    seconds_at_amazon: list[float] = field(default_factory=list)

    _seen: set[str] = field(default_factory=set)
    """Ids of reports: several streams may read one document."""

    def add(self, entry: LoggedReport, outcome: str) -> None:
        """Count a report."""
        self.reports += 1
        self.outcomes[outcome] += 1
        self.rows += entry.rows
        if entry.report_id in self._seen:
            return
        if entry.report_id:
            self._seen.add(entry.report_id)
        self.bytes += entry.bytes
        self.calls += entry.calls
        self.throttled += entry.throttled
        self.repeats += max(entry.attempts - 1, 0)
        self.adopted += entry.adopted
        if entry.requested_at and entry.ready_at:
            seconds = (entry.ready_at - entry.requested_at).total_seconds()
            self.seconds_at_amazon.append(max(seconds, 0.0))

    def count(self, outcomes: Iterable[str]) -> int:
        """Return how many reports came out in one of these ways."""
        return sum(self.outcomes[outcome] for outcome in outcomes)

    @property
    def median_at_amazon(self) -> float | None:
        """Seconds that Amazon worked on a report, in the middle."""
        return median(self.seconds_at_amazon) if self.seconds_at_amazon else None

    @property
    def longest_at_amazon(self) -> float | None:
        """The same, the longest."""
        return max(self.seconds_at_amazon, default=None)


def totals(
    entries: Iterable[LoggedReport], outcome_of: Callable[[LoggedReport], str]
) -> tuple[Totals, dict[str, Totals]]:
    """Return the sums of all reports, and of each stream by name."""
    whole, streams = Totals(), dict[str, Totals]()
    for entry in entries:
        outcome = outcome_of(entry)
        whole.add(entry, outcome)
        streams.setdefault(entry.stream, Totals()).add(entry, outcome)
    return whole, dict(sorted(streams.items()))
