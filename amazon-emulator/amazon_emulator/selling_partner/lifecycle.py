"""How far a report is: IN_QUEUE, IN_PROGRESS, and the four ways it ends.

Pure: a report, an instant and the rules that govern it go in, the status comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.faults import Rule
    from amazon_emulator.selling_partner.documents import Document
    from amazon_emulator.selling_partner.rows.plan import RowPlan
    from amazon_emulator.selling_partner.verdict import Verdict

IN_QUEUE, IN_PROGRESS = "IN_QUEUE", "IN_PROGRESS"
DONE, CANCELLED, FATAL = "DONE", "CANCELLED", "FATAL"
STATUSES = (IN_QUEUE, IN_PROGRESS, DONE, CANCELLED, FATAL)
FATES = (
    "fatal",
    "cancelled",
    "no_document",
    "stuck",
    "status_word",
    "empty",
    "document",
    "without_array",
    "error_details",
    "truncated_gzip",
)
"""Rule actions that, applied to a createReport, stay with the report for its life."""
_HALF = 0.5


@dataclass(slots=True)
class SpReport:
    """One report of one selling partner."""

    report_id: str
    document_id: str
    plan: RowPlan
    body: Mapping[str, object]
    created_at: datetime
    ready_after_seconds: float
    ready_after_looks: float
    document: Document
    verdict: Verdict | None = None
    fates: Sequence[Rule] = ()
    is_listed_only: bool = False
    """Whether Amazon made the report by itself."""
    is_cancelled: bool = False
    looks: int = 0
    document_calls: int = 0
    downloads: int = 0
    last_status: str = field(default=IN_QUEUE)

    @property
    def account(self) -> str:
        """The name of the account the report belongs to."""
        return self.plan.partner.name

    @property
    def ready_at(self) -> datetime:
        """When the report is over, if nothing but time counts."""
        return self.created_at + timedelta(seconds=self.ready_after_seconds)

    def fate(self, action: str) -> Rule | None:
        """Return the rule with this action that this report was created under."""
        return next((rule for rule in self.fates if rule.action == action), None)


def status_of(report: SpReport, now: datetime, rules: Sequence[Rule] = ()) -> str:
    """Return the status word; rules of this very look come before the report's own."""
    every = (*rules, *report.fates)
    stuck = next((rule for rule in every if rule.action == "stuck"), None)
    progress = _progress(report, now)
    if report.is_cancelled:
        return CANCELLED
    if stuck is not None:
        return stuck.text("status")
    if progress < 1:
        return IN_QUEUE if progress < _HALF else IN_PROGRESS
    return _end_of(report, every)


def _end_of(report: SpReport, rules: Sequence[Rule]) -> str:
    for rule in rules:
        if rule.action in ("fatal", "cancelled"):
            return rule.action.upper()
        if rule.action == "status_word":
            return rule.text("word")
    if not report.document.is_built:
        return IN_PROGRESS
    return report.verdict.status if report.verdict is not None else DONE


def has_document(report: SpReport, status: str, rules: Sequence[Rule] = ()) -> bool:
    """Tell whether a report shows a document id in this status."""
    every = (*rules, *report.fates)
    if status == FATAL:
        fatal = next((rule for rule in every if rule.action == "fatal"), None)
        if fatal is not None:
            return bool(fatal.parameters["document"]) and fatal in report.fates
        return report.verdict is not None and report.verdict.details is not None
    return status == DONE and all(rule.action != "no_document" for rule in every)


def _progress(report: SpReport, now: datetime) -> float:
    """Return how much of the wait is over; 1 and more is ready."""
    parts = [1.0]
    if report.ready_after_seconds > 0:
        elapsed = (now - report.created_at).total_seconds()
        parts.append(elapsed / report.ready_after_seconds)
    if report.ready_after_looks > 0:
        parts.append(report.looks / (report.ready_after_looks + 1))
    return min(parts)
