"""The control calls about Data Kiosk, and what they return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amazon_emulator.client.control_client import ControlClient
from amazon_emulator.clock import parse_instant


@dataclass(frozen=True, slots=True)
class KioskQueryView:
    """One query that was created, and what happened to it."""

    query_id: str
    """Unique within its account only."""
    account: str
    root: str
    """`salesAndTrafficByAsin` and the like."""
    body: Mapping[str, Any]
    """The createQuery as it came."""
    created_at: datetime
    ready_after_seconds: float
    status: str
    """As of the last poll."""
    looks: int
    document_id: str
    document_calls: int
    """How often its document's URL was requested."""
    downloads: int
    lines: int
    """Lines (or elements) on its page."""

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> KioskQueryView:
        """Read one entry of the statistics."""
        return cls(**entry | {"created_at": parse_instant(entry["created_at"])})


class DataKioskCalls(ControlClient):
    """Asks the Data Kiosk part of one emulator."""

    def kiosk_lines(self, account: str, query_id: str) -> list[dict[str, Any]]:
        """Return the lines of a query as asked for, those of all its pages."""
        path = f"/sp/accounts/{account}/data-kiosk/queries/{query_id}/lines"
        lines: list[dict[str, Any]] = self._call("GET", path)
        return lines

    def kiosk_truth(
        self,
        account: str,
        query: str | None = None,
        *,
        root: str | None = None,
        arguments: Mapping[str, object] | None = None,
    ) -> list[dict[str, Any]]:
        """Return what a query text yields, without creating it.

        With `root` (such as `salesAndTrafficByDate`) and `arguments` instead, all
        fields of the dataset are there.
        """
        body = {"root": root, "arguments": dict(arguments or {})}
        path = f"/sp/accounts/{account}/data-kiosk/lines"
        lines: list[dict[str, Any]] = self._call(
            "POST", path, body if query is None else {"query": query}
        )
        return lines
