"""What became of a run, and what comes next; pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

RESULTS = ("complete", "waiting", "partly", "failed")
"""From best to worst, as the taps' summaries name them."""
MAX_FAILURES = 50
"""Sentences kept: an outcome passes through Airflow's database."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one or several runs of the commands came to.

    Attributes:
        result: `complete`, `waiting`, `partly` or `failed`.
        rows: Rows delivered.
        runs: How often the commands ran.
        idle_runs: Those of them that had nothing to deliver and nothing to ask, because
            all reports were still being made.
        seconds: How long the commands ran in all: a worker slot was taken.
        idle_seconds: How long those runs took that found nothing ready.
        next_look_at: When to look again, as ISO text; None when nothing waits.
        unasked: Reports that the last run which asks had no time to ask for.
        failures: What was refused or failed, as sentences.
    """

    result: str = "complete"
    rows: int = 0
    runs: int = 0
    idle_runs: int = 0
    seconds: float = 0.0
    idle_seconds: float = 0.0
    next_look_at: str | None = None
    unasked: int = 0
    failures: tuple[str, ...] = ()

    @classmethod
    def of(cls, summary: Mapping[str, Any], seconds: float, *, asks: bool) -> Outcome:
        """Read the summary of one run of a tap."""
        rows = int(summary.get("rows", 0))
        reports = summary.get("reports") or {}
        worked = rows or reports.get("delivered") or reports.get("requested")
        is_idle = not worked and bool(reports.get("waiting"))
        return cls(
            result=str(summary["result"]),
            rows=rows,
            runs=1,
            idle_runs=int(is_idle),
            seconds=round(seconds, 2),
            idle_seconds=round(seconds, 2) if is_idle else 0.0,
            next_look_at=summary.get("next_look_at"),
            unasked=_unasked(reports) if asks else 0,
            failures=tuple(summary.get("failures") or ())[:MAX_FAILURES],
        )

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Outcome:
        """Read what `as_json` has made."""
        return cls(**{**found, "failures": tuple(found["failures"])})

    def as_json(self) -> dict[str, Any]:
        """Return it in types that pass through Airflow's database."""
        return {**asdict(self), "failures": list(self.failures)}

    @property
    def is_waiting(self) -> bool:
        """Whether reports are still being made at Amazon."""
        is_told = self.next_look_at is not None or self.result == "waiting"
        return is_told or self.unasked > 0

    def then(self, later: Outcome) -> Outcome:
        """Return this outcome and that of the next run of the same shard as one.

        A shard that waited is complete once the rest has come; what failed stays so.
        """
        kept = self.result if self.result in RESULTS[2:] else RESULTS[0]
        found = self._with(later, worst([kept, later.result]), later.next_look_at)
        return replace(found, unasked=later.unasked)

    def beside(self, other: Outcome) -> Outcome:
        """Return this outcome and that of another shard as one."""
        looks = [t for t in (self.next_look_at, other.next_look_at) if t is not None]
        return self._with(
            other, worst([self.result, other.result]), min(looks, default=None)
        )

    def _with(self, other: Outcome, result: str, next_look_at: str | None) -> Outcome:
        failures = tuple(dict.fromkeys((*self.failures, *other.failures)))
        return Outcome(
            result=result,
            rows=self.rows + other.rows,
            runs=self.runs + other.runs,
            idle_runs=self.idle_runs + other.idle_runs,
            seconds=round(self.seconds + other.seconds, 2),
            idle_seconds=round(self.idle_seconds + other.idle_seconds, 2),
            next_look_at=next_look_at,
            unasked=self.unasked + other.unasked,
            failures=failures[:MAX_FAILURES],
        )


def _unasked(reports: Mapping[str, int]) -> int:
    """Return how many reports wait that Amazon does not know of."""
    known = reports.get("requested", 0) + reports.get("adopted", 0)
    return max(0, reports.get("waiting", 0) - known)


def worst(results: Iterable[str]) -> str:
    """Return the worst of several results."""
    return max(results, key=RESULTS.index)


def next_look(
    outcome: Outcome, now: datetime, deadline: datetime, shortest: timedelta
) -> datetime | None:
    """Return when to look again; None when nothing waits or the time is up.

    A last look is taken at the deadline itself.
    """
    if not outcome.is_waiting or now >= deadline:
        return None
    soonest = now + shortest
    said = outcome.next_look_at
    due = datetime.fromisoformat(said.replace("Z", "+00:00")) if said else soonest
    return min(max(due, soonest), deadline)


def gathered(outcomes: Iterable[Outcome], shards: int) -> Outcome:
    """Return what all shards came to; those without an outcome have failed."""
    found = list(outcomes)
    total = Outcome()
    for outcome in found:
        total = total.beside(outcome)
    if (missing := shards - len(found)) <= 0:
        return total
    sentence = (
        f"{missing} of {shards} shards failed: the logs of their tasks say why. Their "
        "states are as they were, the next run takes them up"
    )
    return total.beside(Outcome(result="failed", failures=(sentence,)))
