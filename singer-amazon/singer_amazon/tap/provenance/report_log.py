"""The stream `report_log`: one row per report of a run and what became of it."""

from __future__ import annotations

from typing import Any

import msgspec
from singer_sdk import Tap

from singer_amazon.report_log.entry import LoggedReport
from singer_amazon.tap.provenance.log_stream import LogStream

NAME = "report_log"
KEY = ("run_id", "stream", "account", "part", "window_start", "window_end")
MAX_KEPT = 1000
"""Rows kept at most until the second is over."""


def _text(description: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "description": description}


def _key(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _time(description: str) -> dict[str, Any]:
    return {**_text(description), "format": "date-time"}


def _count(description: str) -> dict[str, Any]:
    return {"type": ["integer", "null"], "description": description}


def _texts(description: str) -> dict[str, Any]:
    items = {"type": "string"}
    return {"type": ["array", "null"], "items": items, "description": description}


COLUMNS: dict[str, dict[str, Any]] = {
    "run_id": _key("Stands for the run, the same in all its rows"),
    "stream": _key("The stream the report was asked for"),
    "account": _key(
        "The account's key: an Amazon Ads profile id (or a linked advertiser's id), or "
        "the name of a Selling Partner account"
    ),
    "part": _key(
        "What tells several reports of one stream, account and window apart: "
        "marketplace and options, a listed report's id, DSP advertisers; mostly empty"
    ),
    "window_start": _key("First day (or hour) asked for"),
    "window_end": _key("Last day (or hour) asked for, included"),
    "account_name": _text("The account as people know it"),
    "marketplace_id": _text("Selling Partner: the marketplace, or several with commas"),
    "advertiser_ids": _texts("DSP: the advertisers the report covers"),
    "currency_code": _text("The account's currency, where it has one"),
    "time_zone": _text("The time zone whose days the window counts in"),
    "report_type": _text("Amazon's name of the report type"),
    "columns": _texts("The columns asked for; none where Amazon gives no choice"),
    "refused_columns": _texts("Columns that Amazon refuses this account: null in rows"),
    "report_id": _text("Amazon's id of the report; null where none was accepted"),
    "adopted": {
        "type": ["boolean", "null"],
        "description": "Whether an earlier run, or somebody else, had asked for it",
    },
    "planned_at": _time("When the run decided to ask for it"),
    "requested_at": _time("When Amazon accepted it"),
    "ready_at": _time("When the run saw that Amazon had finished it"),
    "fetched_at": _time("When its document was downloaded"),
    "delivered_at": _time("When its last row was written"),
    "calls": _count("Calls to Amazon about it in this run"),
    "throttled": _count("Those of them that Amazon put off (HTTP 429)"),
    "attempts": _count("How often Amazon accepted it, an earlier run counted once"),
    "rows": _count("Rows written"),
    "bytes": _count("Size of its document as downloaded, compressed"),
    "repeated_keys": _count("Rows that repeat a key of the same document"),
    "outcome": _text(
        "delivered; empty: Amazon has no rows; waiting: the next run goes on with it; "
        "refused; gap: it failed and is tried again; closed_gap: given up for good"
    ),
    "reason": _text("Why, in Amazon's words, where it was not delivered"),
}


class ReportLogStream(LogStream):
    """Keeps rows for a second at most, then writes them between two messages."""

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap, NAME, COLUMNS, KEY)
        self._kept: list[LoggedReport] = []

    def hear(self, entry: LoggedReport) -> None:
        """Keep an entry until it can be written."""
        self._kept.append(entry)

    @property
    def kept(self) -> int:
        """How many entries are not written yet."""
        return len(self._kept)

    def flush(self) -> None:
        """Write what is kept."""
        entries, self._kept = self._kept, []
        self.write_rows(map(_row, entries))


def _row(entry: LoggedReport) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(entry)
    return found
