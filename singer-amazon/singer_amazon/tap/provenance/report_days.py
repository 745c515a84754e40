"""The stream `report_days`: what each document brought, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_sdk import Tap

from singer_amazon.tap.provenance.log_stream import LogStream

NAME = "report_days"
KEY = ("run_id", "stream", "report_id", "advertiser_id", "date")


def _text(description: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "description": description}


def _key(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _texts(description: str) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "additionalProperties": {"type": ["string", "null"]},
        "description": description,
    }


_RUN: Mapping[str, dict[str, Any]] = {
    "run_id": _key("Stands for the run, as in report_log"),
    "stream": _key("The stream of the document's rows"),
    "report_id": _key("Amazon's id of the report"),
    "advertiser_id": _key("DSP: the advertiser; else empty"),
    "date": _key("The day; the first day of a week or month; the hour; the window's"),
}
_FOUND: Mapping[str, dict[str, Any]] = {
    "window_start": _text("First day (or hour) of the report"),
    "window_end": _text("Last day (or hour) of the report, included"),
    "currency_code": _text("The currency of its money, where it is known"),
    "rows": {
        "type": ["integer", "null"],
        "description": "Rows the document brought for this day, 0 included",
    },
    "sums": _texts(
        "Sums of cost, sales, units, orders, impressions and clicks over these rows, "
        "by column, as exact decimals"
    ),
    "fetched_at": {
        **_text("When the document was downloaded"),
        "format": "date-time",
    },
    "covers": _texts(
        "Columns and values of which the document has every row there is; null where "
        "that cannot be said"
    ),
    "is_whole": {
        "type": ["boolean", "null"],
        "description": "False: the document broke off here and is downloaded again",
    },
}


class ReportDaysStream(LogStream):
    """One row per delivered report, account and day."""

    def __init__(self, tap: Tap, account_columns: Mapping[str, str]) -> None:
        account = {name: _text(text) for name, text in account_columns.items()}
        super().__init__(tap, NAME, {**_RUN, **account, **_FOUND}, KEY)
