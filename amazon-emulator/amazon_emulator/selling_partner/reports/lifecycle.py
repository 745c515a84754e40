"""How far a report is: IN_QUEUE, IN_PROGRESS, and the four ways it ends.

Pure: a report, an instant and the rules that govern it go in, the status comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_emulator.faults.rules import first_rule
from amazon_emulator.reports.lifecycle import Report

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.selling_partner.reports.content_validation import FinalStatus
    from amazon_emulator.selling_partner.rows.plan import SpRowPlan

IN_QUEUE, IN_PROGRESS = "IN_QUEUE", "IN_PROGRESS"
DONE, CANCELLED, FATAL = "DONE", "CANCELLED", "FATAL"
STATUSES = (IN_QUEUE, IN_PROGRESS, DONE, CANCELLED, FATAL)
LASTING_ACTIONS = (
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
    "flat_file",
)
"""Rule actions that, applied to a createReport, stay with the report for its life."""


@dataclass(slots=True, kw_only=True)
class SpReport(Report):
    """One report of one selling partner."""

    document_id: str
    plan: SpRowPlan
    final_status: FinalStatus | None = None
    """How it must end; None: it is made."""
    is_listed_only: bool = False
    """Whether Amazon made the report by itself."""
    is_cancelled: bool = False
    document_calls: int = 0
    last_status: str = IN_QUEUE

    @property
    def account(self) -> str:
        """The name of the account the report belongs to."""
        return self.plan.partner.name


def status_of(report: SpReport, now: datetime, rules: Sequence[Rule] = ()) -> str:
    """Return the status word; rules of this very call come before the report's own."""
    every = (*rules, *report.rules)
    stuck = first_rule(every, "stuck")
    if report.is_cancelled:
        return CANCELLED
    if stuck is not None:
        return stuck.text("status")
    waiting = report.waiting_status(now, (IN_QUEUE, IN_PROGRESS))
    return waiting or _end_of(report, every)


def _end_of(report: SpReport, rules: Sequence[Rule]) -> str:
    end = first_rule(rules, "fatal", "cancelled", "status_word")
    if end is not None:
        is_word = end.action == "status_word"
        return end.text("word") if is_word else end.action.upper()
    if not report.document.is_built:
        return IN_PROGRESS
    return DONE if report.final_status is None else report.final_status.status


def has_document(report: SpReport, status: str, rules: Sequence[Rule] = ()) -> bool:
    """Return whether a report shows a document id in this status."""
    every = (*rules, *report.rules)
    if status == FATAL:
        fatal = first_rule(every, "fatal")
        if fatal is not None:
            return bool(fatal.parameters["document"]) and fatal in report.rules
        end = report.final_status
        return end is not None and end.details is not None
    return status == DONE and first_rule(every, "no_document") is None
