"""How far a query is: IN_QUEUE, IN_PROGRESS, and the ways it ends.

Pure: a query, an instant and the rules that govern it go in, the status comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_emulator.faults.rules import first_rule
from amazon_emulator.reports.documents import ROWS
from amazon_emulator.reports.lifecycle import Report
from amazon_emulator.selling_partner.reports.lifecycle import (
    CANCELLED,
    DONE,
    FATAL,
    IN_PROGRESS,
    IN_QUEUE,
)

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.faults.rules import Rule
    from amazon_emulator.selling_partner.data_kiosk.datasets.lines import KioskPlan
    from amazon_emulator.selling_partner.data_kiosk.pages import Page
    from amazon_emulator.selling_partner.data_kiosk.query_text import QueryText

DATA, ERROR = "dataDocumentId", "errorDocumentId"
LASTING_ACTIONS = (
    "fatal",
    "cancelled",
    "no_document",
    "stuck",
    "status_word",
    "empty",
    "document",
    "error_document",
    "cut_line",
    "zero_days",
    "null_days",
)
"""Rule actions that, applied to a createQuery, stay with the query for its life."""


@dataclass(slots=True, kw_only=True)
class KioskQuery(Report):
    """One query of one selling partner."""

    account: str
    query: QueryText
    plan: KioskPlan
    page: Page
    document_id: str
    problem: str | None = None
    """Why it must end FATAL; None: it is carried out."""
    next_token: str | None = None
    is_cancelled: bool = False
    document_calls: int = 0

    @property
    def has_lines(self) -> bool:
        """Whether its page holds any."""
        return bool(self.document.counts.get(ROWS))

    def as_json(self) -> Mapping[str, object]:
        """Return what the statistics say about it."""
        common = self.common_json()
        return {
            "query_id": common.pop("report_id"),
            **common,
            "account": self.account,
            "root": self.query.root,
            "document_id": self.document_id,
            "document_calls": self.document_calls,
            "lines": self.document.counts.get(ROWS, 0),
        }


def status_of(query: KioskQuery, now: datetime, rules: Sequence[Rule] = ()) -> str:
    """Return the status word; rules of this very call come before the query's own."""
    every = (*rules, *query.rules)
    if query.is_cancelled:
        return CANCELLED
    stuck = first_rule(every, "stuck")
    if stuck is not None:
        return stuck.text("status")
    waiting = query.waiting_status(now, (IN_QUEUE, IN_PROGRESS))
    if waiting is not None:
        return waiting
    end = first_rule(every, "fatal", "cancelled", "status_word")
    if end is not None:
        return end.text("word") if end.action == "status_word" else end.action.upper()
    if not query.document.is_built:
        return IN_PROGRESS
    return DONE if query.problem is None else FATAL


def document_of(
    query: KioskQuery, status: str, rules: Sequence[Rule] = ()
) -> str | None:
    """Return under which name a query shows a document in a status; None: it does not.

    `dataDocumentId` or `errorDocumentId`.
    """
    every = (*rules, *query.rules)
    if status == FATAL:
        fatal = first_rule(every, "fatal")
        has_one = fatal is None or (
            fatal in query.rules and fatal.parameters["document"]
        )
        return ERROR if has_one else None
    if status != DONE or first_rule(every, "no_document", "empty") is not None:
        return None
    if first_rule(query.rules, "error_document") is not None:
        return ERROR
    is_given = first_rule(query.rules, "document") is not None
    return DATA if is_given or query.has_lines else None
