"""The control calls about selling partners, and what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amazon_emulator.client.control_client import ControlClient
from amazon_emulator.clock import format_instant, parse_instant


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
    """As of the last poll."""
    looks: int
    document_calls: int
    """How often its document's URL was requested."""
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


class SellingPartnerCalls(ControlClient):
    """Sets and asks the Selling Partner part of one emulator."""

    def sp_accounts(self) -> list[dict[str, Any]]:
        """Return all selling partners."""
        found: list[dict[str, Any]] = self._call("GET", "/sp/accounts")
        return found

    def set_sp_accounts(self, accounts: Sequence[Mapping[str, object]]) -> None:
        """Take other selling partners."""
        body = {"accounts": [dict(account) for account in accounts]}
        self._call("PUT", "/sp/accounts", body)

    def add_sp_account(self, name: str, **fields: object) -> None:
        """Add or replace a selling partner; all has a default."""
        self._call("POST", "/sp/accounts", {"name": name, **fields})

    def remove_sp_account(self, name: str) -> None:
        """Take a selling partner away."""
        self._call("DELETE", f"/sp/accounts/{name}")

    def sp_rows(self, account: str, report_id: str) -> dict[str, list[dict[str, Any]]]:
        """Return section -> rows of a report (`rows` where there are no sections)."""
        return self._object("GET", f"/sp/accounts/{account}/reports/{report_id}/rows")

    def sp_row_counts(self, account: str, report_id: str) -> dict[str, int]:
        """Return section -> number of rows of a report's document."""
        path = f"/sp/accounts/{account}/reports/{report_id}/row-counts"
        return self._object("GET", path)

    def add_sp_path(self, path: str, **fields: object) -> dict[str, Any]:
        """Describe a listing of our own below `/unlisted/`; all has a default."""
        return self._object("POST", "/sp/paths", {"path": path, **fields})

    def sp_orders(self, account: str) -> list[dict[str, Any]]:
        """Return the orders of the last year as they are now, oldest first."""
        found: list[dict[str, Any]] = self._call(
            "GET", f"/sp/accounts/{account}/orders"
        )
        return found

    def add_sp_order(
        self,
        account: str,
        created_at: datetime,
        updated_at: datetime | None = None,
        **fields: object,
    ) -> dict[str, Any]:
        """Put in an order (`marketplace_id`, `status`, `items`) that never changes.

        With `visible_at` (an ISO 8601 text) it appears only then.
        """
        body = {
            "created_at": format_instant(created_at),
            "updated_at": format_instant(updated_at or created_at),
            **fields,
        }
        return self._object("POST", f"/sp/accounts/{account}/orders", body)

    def sp_transactions(
        self,
        account: str,
        posted_after: datetime | None = None,
        posted_before: datetime | None = None,
    ) -> list[dict[str, Any]]:
        """Return the transactions posted in a half-open span, as they stand now."""
        span = {"posted_after": posted_after, "posted_before": posted_before}
        body = {k: format_instant(v) for k, v in span.items() if v is not None}
        path = f"/sp/accounts/{account}/transactions"
        found: list[dict[str, Any]] = self._call("POST", path, body)
        return found
