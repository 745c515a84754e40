"""How far a report is: PENDING, PROCESSING, COMPLETED, FAILED, or a word of a rule.

Pure: a report, an instant and the rules that govern it go in, the status comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_emulator.faults.actions import PLANTED
from amazon_emulator.faults.rules import first_rule
from amazon_emulator.reports.lifecycle import Report

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.ads_reporting.rows.plan import RowPlan
    from amazon_emulator.ads_reporting.validation import ReportRequest
    from amazon_emulator.faults.rules import Rule

LIVE = ("PENDING", "PROCESSING")
LASTING_ACTIONS = (
    "failed",
    "status_word",
    "no_url",
    "never_ready",
    "empty",
    "document",
    "odd_rows",
    *PLANTED,
)
"""Rule actions that, applied to a create, stay with the report for its whole life."""


@dataclass(slots=True, kw_only=True)
class AdsReport(Report):
    """One report of one advertising account."""

    account: tuple[str, str]
    request: ReportRequest
    plan: RowPlan
    is_deleted: bool = False
    is_asked: bool = True
    """False for a report that a fault rule made up."""
    updated_at: datetime | None = None
    last_status: str = LIVE[0]


def status_of(
    report: Report,
    now: datetime,
    rules: Sequence[Rule] = (),
    *,
    is_built: bool | None = None,
) -> str:
    """Return the status word; rules of this very call come before the report's own.

    `is_built`: whether all is written; None: whether its one document is.
    """
    every = (*rules, *report.rules)
    stuck = first_rule(every, "never_ready")
    if stuck is not None:
        return stuck.text("status")
    waiting = report.waiting_status(now, LIVE)
    if waiting is not None:
        return waiting
    end = first_rule(every, "failed", "status_word")
    if end is not None:
        return "FAILED" if end.action == "failed" else end.text("word")
    has_all = report.document.is_available if is_built is None else is_built
    return "COMPLETED" if has_all else LIVE[1]
