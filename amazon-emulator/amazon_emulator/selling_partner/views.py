"""What the control calls answer about reports and refusals, for clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amazon_emulator.clock import parse_instant


@dataclass(frozen=True, slots=True)
class SpReportView:
    """One report that was asked for, and what happened to it."""

    report_id: str
    """Unique within its account only."""
    document_id: str
    account: str
    report_type: str
    marketplace_ids: Sequence[str]
    options: Mapping[str, str]
    body: Mapping[str, Any]
    """The createReport as it came."""
    created_at: datetime
    ready_after_seconds: float
    status: str
    """As of the last look."""
    looks: int
    document_calls: int
    """How often its document's address was asked for."""
    downloads: int

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> SpReportView:
        """Read one entry of the statistics."""
        return cls(**entry | {"created_at": parse_instant(entry["created_at"])})


@dataclass(frozen=True, slots=True)
class SpRefusal:
    """One Selling Partner call that was turned down (not by a fault rule)."""

    operation: str
    account: str | None
    status: int
    message: str
    details: str
    path: str
    query: Mapping[str, str]
    body: str
    at: datetime

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> SpRefusal:
        """Read one entry of the statistics."""
        return cls(**entry | {"at": parse_instant(entry["at"])})
