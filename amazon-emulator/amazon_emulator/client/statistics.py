"""What the emulator has been asked so far, read from its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from amazon_emulator.client.data_kiosk import KioskQueryView
from amazon_emulator.client.selling_partner import SpRefusal, SpReportView
from amazon_emulator.clock import parse_instant


@dataclass(frozen=True, slots=True)
class Create:
    """One report that was accepted, and what happened to it."""

    report_id: str
    header: str
    account: str
    body: Mapping[str, Any]
    created_at: datetime
    ready_after_seconds: float
    status: str
    looks: int
    downloads: int
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class ExportView:
    """One export of entities that was accepted, and what happened to it."""

    report_id: str
    account: str
    entity: str
    body: Mapping[str, Any]
    created_at: datetime
    ready_after_seconds: float
    status: str
    looks: int
    downloads: int


@dataclass(frozen=True, slots=True)
class UnifiedCreate:
    """One report of Ads API v1 that was accepted, and what happened to it."""

    report_id: str
    accounts: Sequence[str]
    body: Mapping[str, Any]
    created_at: datetime
    ready_after_seconds: float
    status: str
    looks: int
    downloads: int
    """Of all its parts."""
    parts: int
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class RefusedCreate:
    """One create that was turned down, and with which answer."""

    account: str | None
    body: Any
    status: int
    answer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the emulator has been asked so far."""

    calls: Mapping[str, Mapping[int | str, int]]
    """Operation -> HTTP status (or `reset`) -> number of calls."""
    peak: Mapping[str, int]
    """Operation (`*` for all) -> most calls under way at once."""
    creates: Sequence[Create] = field(default_factory=list)
    refused: Sequence[RefusedCreate] = field(default_factory=list)
    faults: Sequence[Mapping[str, Any]] = field(default_factory=list)
    records: Mapping[str, Any] = field(default_factory=dict)
    """Audience records: received, added, renewed, removed, without_effect, invalid."""
    audience_refusals: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """Audience calls that were turned down; no body is in them."""
    alarms: Sequence[str] = field(default_factory=list)
    """What no client may ever do; empty after a good run."""
    sp_reports: Sequence[SpReportView] = field(default_factory=list)
    """Selling Partner reports that were asked for, oldest first."""
    sp_refusals: Sequence[SpRefusal] = field(default_factory=list)
    """Selling Partner calls that were turned down, but not by fault rules."""
    sp_queries: Sequence[KioskQueryView] = field(default_factory=list)
    """Data Kiosk queries, oldest first."""
    exports: Sequence[ExportView] = field(default_factory=list)
    """Exports of entities that were accepted, oldest first."""
    unified_creates: Sequence[UnifiedCreate] = field(default_factory=list)
    """Reports of Ads API v1 that were accepted, oldest first."""
    unified_refused: Sequence[RefusedCreate] = field(default_factory=list)
    adm_records: Mapping[str, Any] = field(default_factory=dict)
    """Members sent to datasets: as `records`, and `ignored` removals."""
    adm_uploads: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """Accepted uploads of members: dataset_id, bytes, received, invalid, ignored."""
    adm_refusals: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """Calls of Ads Data Manager that were turned down; no body is in them."""

    def count(self, operation: str, status: int | str | None = None) -> int:
        """Return how often an operation was called (with this answer)."""
        calls = self.calls.get(operation, {})
        return sum(calls.values()) if status is None else calls.get(status, 0)

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> Statistics:
        """Read the JSON of `GET /_emulator/statistics`."""
        calls = {
            operation: {_status(name): count for name, count in statuses.items()}
            for operation, statuses in found["calls"].items()
        }
        return cls(
            calls,
            found["peak"],
            [_create(entry) for entry in found["creates"]],
            [_refused(entry) for entry in found["refused"]],
            found["faults"],
            found["records"],
            found["audience_refusals"],
            found["alarms"] + found["adm_alarms"] + found["sp_alarms"],
            [SpReportView.parse(entry) for entry in found["sp_reports"]],
            [SpRefusal.parse(entry) for entry in found["sp_refusals"]],
            [KioskQueryView.parse(entry) for entry in found["sp_queries"]],
            [_export(entry) for entry in found["exports"]],
            [_unified(entry) for entry in found["unified_creates"]],
            [_refused(entry) for entry in found["unified_refused"]],
            found["adm_records"],
            found["adm_uploads"],
            found["adm_refusals"],
        )


def _status(name: str) -> int | str:
    return int(name) if name.isdigit() else name


def _create(entry: dict[str, Any]) -> Create:
    return Create(**entry | {"created_at": parse_instant(entry["created_at"])})


def _export(entry: dict[str, Any]) -> ExportView:
    return ExportView(**entry | {"created_at": parse_instant(entry["created_at"])})


def _unified(entry: dict[str, Any]) -> UnifiedCreate:
    return UnifiedCreate(**entry | {"created_at": parse_instant(entry["created_at"])})


def _refused(entry: dict[str, Any]) -> RefusedCreate:
    return RefusedCreate(**entry | {"at": parse_instant(entry["at"])})
