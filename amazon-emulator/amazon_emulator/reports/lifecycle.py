"""One report, of whichever API: what it waits for, and the rules that govern it.

Pure: a report and an instant go in, the progress comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant
from amazon_emulator.faults.rules import first_rule

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.reports.documents import Document

_HALF = 0.5


@dataclass(slots=True, kw_only=True)
class Report:
    """One report of one account."""

    report_id: str
    body: Mapping[str, object]
    created_at: datetime
    ready_after_seconds: float
    ready_after_looks: int
    document: Document
    shown_id: str = ""
    """The id that answers give, where a rule wants another one."""
    rules: Sequence[Rule] = ()
    """The fault rules it was created under; they stay with it for its whole life."""
    looks: int = 0
    downloads: int = 0
    last_status: str

    @property
    def public_id(self) -> str:
        """The id that answers give."""
        return self.shown_id or self.report_id

    @property
    def ready_at(self) -> datetime:
        """When the report is over, if nothing but time counts."""
        return self.created_at + timedelta(seconds=self.ready_after_seconds)

    def rule(self, *actions: str) -> Rule | None:
        """Return the first rule with one of these actions it was created under."""
        return first_rule(self.rules, *actions)

    def waiting_status(self, now: datetime, statuses: tuple[str, str]) -> str | None:
        """Return the status of the first or second half of the wait; None: over."""
        parts = [1.0]
        if self.ready_after_seconds > 0:
            elapsed = (now - self.created_at).total_seconds()
            parts.append(elapsed / self.ready_after_seconds)
        if self.ready_after_looks > 0:
            parts.append(self.looks / (self.ready_after_looks + 1))
        progress = min(parts)
        return statuses[progress >= _HALF] if progress < 1 else None

    def common_json(self) -> dict[str, object]:
        """Return what the statistics say about the reports of both APIs."""
        return {
            "report_id": self.report_id,
            "body": self.body,
            "created_at": format_instant(self.created_at),
            "ready_after_seconds": self.ready_after_seconds,
            "status": self.last_status,
            "looks": self.looks,
            "downloads": self.downloads,
        }
