"""One create of each account and report type goes ahead of the others.

Where Amazon does not offer the type to the account, no second question is asked.
"""

from __future__ import annotations

from singer_amazon.reports.lifecycle import State
from singer_amazon.reports.report import Report

_Type = tuple[str, str]
"""Account and report type."""


class FirstOfType:
    """Who goes ahead, and who waits for the answer; `is_on`: whether anybody does."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on
        self._known: set[_Type] = set()
        """Types of which a create has been answered or is made."""
        self._held: dict[_Type, list[Report]] = {}

    def holds(self, report: Report) -> bool:
        """Whether a new report waits; if not, it may be asked for."""
        if not self._is_on:
            return False
        kind = _type_of(report)
        if kind not in self._known:
            self._known.add(kind)
            self._held[kind] = []
            return False
        held = self._held.get(kind)
        if held is not None:
            held.append(report)
        return held is not None

    def release(self, report: Report) -> list[Report]:
        """Take in an answer; return those that may be asked for now, too."""
        kind = _type_of(report)
        self._known.add(kind)
        held = self._held.pop(kind, [])
        return [other for other in held if other.state is State.PLANNED]


def _type_of(report: Report) -> _Type:
    return (report.request.account, report.request.report_type)
