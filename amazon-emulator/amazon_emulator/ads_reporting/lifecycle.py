"""How far a report is: PENDING, PROCESSING, COMPLETED, FAILED, or a word of a rule.

Pure: a report, an instant and the rules that govern it go in, the status comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.ads_reporting.documents import Document
    from amazon_emulator.ads_reporting.judge import ReportRequest
    from amazon_emulator.ads_reporting.rows import RowPlan
    from amazon_emulator.faults import Rule

LIVE = ("PENDING", "PROCESSING")
FATES = (
    "failed",
    "status_word",
    "no_url",
    "never_ready",
    "empty",
    "document",
)
"""Rule actions that, applied to a create, stay with the report for its whole life."""


@dataclass(slots=True)
class Report:
    """One report of one account."""

    report_id: str
    account: tuple[str, str]
    request: ReportRequest
    body: Mapping[str, object]
    created_at: datetime
    ready_after_seconds: float
    ready_after_looks: float
    plan: RowPlan
    document: Document
    fates: Sequence[Rule] = ()
    looks: int = 0
    downloads: int = 0
    is_deleted: bool = False
    is_asked: bool = True
    """False for a report that a fault rule made up."""
    updated_at: datetime | None = None
    last_status: str = "PENDING"

    def fate(self, action: str) -> Rule | None:
        """Return the rule with this action that this report was created under."""
        return next((rule for rule in self.fates if rule.action == action), None)

    def make_document(self) -> None:
        """Begin to write the document this report will be downloaded from."""
        fate = self.fate("document") or self.fate("empty")
        self.document.start(self.plan, self.request.file_format, fate)


def status_of(report: Report, now: datetime, rules: Sequence[Rule] = ()) -> str:
    """Return the status word; rules of this very look come before the report's own."""
    for rule in (*rules, *report.fates):
        if rule.action == "never_ready":
            return rule.text("status")
    progress = _progress(report, now)
    if progress < 1:
        return LIVE[progress >= 0.5]  # noqa: PLR2004 - half way
    for rule in (*rules, *report.fates):
        if rule.action == "failed":
            return "FAILED"
        if rule.action == "status_word":
            return rule.text("word")
    return "COMPLETED" if report.document.is_built else LIVE[1]


def _progress(report: Report, now: datetime) -> float:
    """Return how much of the wait is over; 1 and more is ready."""
    parts = [1.0]
    if report.ready_after_seconds > 0:
        elapsed = (now - report.created_at).total_seconds()
        parts.append(elapsed / report.ready_after_seconds)
    if report.ready_after_looks > 0:
        parts.append(report.looks / (report.ready_after_looks + 1))
    return min(parts)
