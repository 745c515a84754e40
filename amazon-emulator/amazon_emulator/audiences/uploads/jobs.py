"""One upload of records: how far it is, how it ends, what it reports.

Pure: a job, an instant and the rules that govern it go in, the state comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from amazon_emulator.audiences.contract import MAX_INVALID_RECORDS
from amazon_emulator.audiences.uploads.members import Effect
from amazon_emulator.clock import format_instant

if TYPE_CHECKING:
    from amazon_emulator.audiences.uploads.members import Entry
    from amazon_emulator.faults.rules import Rule

PENDING, SUCCEEDED, FAILED = "PENDING", "SUCCEEDED", "FAILED"
PARTIALLY = "PARTIALLYSUCCEEDED"
LASTING_ACTIONS = (
    "never_ready",
    "job_failed",
    "invalid_record",
    "partially_succeeded",
    "status_word",
)
"""Rule actions that, applied to an upload, stay with its job for its whole life."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What an accepted upload holds."""

    audience_id: int
    connection_id: str | None
    targets: Sequence[str]
    """`AMC`, `DSP` or both."""
    received: int
    entries: list[Entry]
    """Empty once they are applied."""
    invalid: Mapping[str, str]
    """User id -> reason."""
    repeated: int
    """Records of a user that the same upload had named before."""


@dataclass(slots=True)
class Job:
    """One accepted upload, and how far it is."""

    job_id: str
    upload: Upload
    created_at: datetime
    ready_after_seconds: float
    ready_after_looks: int
    is_orphan: bool
    """Its audience was never made by the call that makes audiences."""
    rules: Sequence[Rule] = ()
    looks: int = 0
    state: str = PENDING
    settled_at: datetime | None = None
    effect: Effect = field(default_factory=Effect)

    @property
    def due_at(self) -> datetime:
        """When the time of processing is over."""
        return self.created_at + timedelta(seconds=self.ready_after_seconds)

    def is_ready(self, now: datetime) -> bool:
        """Return whether processing is over; with seconds and polls, both must be."""
        if any(rule.action == "never_ready" for rule in self.rules):
            return False
        return now >= self.due_at and self.looks >= self.ready_after_looks

    def final_state(self) -> str:
        """Return how the job ends once it is ready."""
        return _state_of(self.rules) or self._own_state()

    def shown_state(self, rules: Sequence[Rule]) -> str:
        """Return the state for one poll; its own rules come before the job's."""
        for rule in (*rules, *self.rules):
            if rule.action == "never_ready":
                return rule.text("status")
        if self.state == PENDING:
            return PENDING
        return _state_of(rules) or self.state

    def listed(self) -> list[tuple[str, str]]:
        """Return the invalid records that an answer lists: not more than Amazon's."""
        most = MAX_INVALID_RECORDS
        for rule in self.rules:
            if rule.parameters.get("listed") is not None:
                most = int(rule.number("listed"))
        return list(self.upload.invalid.items())[:most]

    def reasons(self) -> dict[str, int]:
        """Return how many records are invalid, by reason."""
        return dict(Counter(self.upload.invalid.values()))

    def as_json(self) -> dict[str, object]:
        """Return the job as the control calls show it; no record is in it."""
        return {
            "job_id": self.job_id,
            "audience_id": self.upload.audience_id,
            "connection_id": self.upload.connection_id,
            "targets": list(self.upload.targets),
            "state": self.state,
            "looks": self.looks,
            "received": self.upload.received,
            "repeated": self.upload.repeated,
            "invalid": self.reasons(),
            "added": self.effect.added,
            "renewed": self.effect.renewed,
            "removed": self.effect.removed,
            "without_effect": self.effect.without_effect,
            "created_at": format_instant(self.created_at),
            "settled_at": self.settled_at and format_instant(self.settled_at),
        }

    def _own_state(self) -> str:
        is_all_invalid = bool(self.upload.invalid) and not self.upload.entries
        return FAILED if self.is_orphan or is_all_invalid else SUCCEEDED


def _state_of(rules: Sequence[Rule]) -> str | None:
    for rule in rules:
        if rule.action == "job_failed":
            return FAILED
        if rule.action == "partially_succeeded":
            return PARTIALLY
        if rule.action == "status_word":
            return rule.text("word")
    return None
