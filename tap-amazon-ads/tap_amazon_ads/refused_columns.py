"""The columns Amazon refuses an account, learnt in this run."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from tap_amazon_ads.report_specs import ReportSpec


@dataclass(slots=True)
class RefusedColumns:
    """By account and report type; workers add to it while streams read."""

    _found: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, account: str, report: ReportSpec, columns: Iterable[str]) -> None:
        """Note columns that a create was refused for."""
        key = (account, report.report_type)
        with self._lock:
            self._found[key] = self._found.get(key, frozenset()) | frozenset(columns)

    def of(self, account: str, report: ReportSpec) -> frozenset[str]:
        """Return the columns this account cannot have."""
        with self._lock:
            return self._found.get((account, report.report_type), frozenset())

    def filled_keys(self, account: str, report: ReportSpec) -> dict[str, str]:
        """Return refused key columns, each with the column standing in for it."""
        fallbacks = report.key_fallbacks
        refused = self.of(account, report)
        return {name: fallbacks[name] for name in refused if name in fallbacks}
