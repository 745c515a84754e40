"""The part of the demo about selling partners: a seller and a vendor, one run.

Reports are compared value by value with what the emulator sent, orders by their ids
and items; so is the file that one report is saved as.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from amazon_emulator.client import SpReportView
from amazon_emulator.demo.verification import Line, Outcome, Row

SELLER, VENDOR = "acme-us", "vega-us"
DAYS_BACK = 9
_SETTLING = timedelta(minutes=3)
_ZONE = ZoneInfo("America/Los_Angeles")  # of both accounts' marketplace
_LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
_OPEN_LISTINGS = "GET_FLAT_FILE_OPEN_LISTINGS_DATA"

# Stream -> report type and the array of its document.
REPORT_STREAMS: Mapping[str, tuple[str, str]] = {
    "vendor_sales_aggregate": ("GET_VENDOR_SALES_REPORT", "salesAggregate"),
    "vendor_sales_by_asin": ("GET_VENDOR_SALES_REPORT", "salesByAsin"),
    "vendor_real_time_sales": ("GET_VENDOR_REAL_TIME_SALES_REPORT", "reportData"),
    "vendor_forecasting": ("GET_VENDOR_FORECASTING_REPORT", "forecastByAsin"),
    "brand_analytics_search_terms": (
        "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT",
        "dataByDepartmentAndSearchTerm",
    ),
    "sales_and_traffic_by_date": (
        "GET_SALES_AND_TRAFFIC_REPORT",
        "salesAndTrafficByDate",
    ),
    "sales_and_traffic_by_asin": (
        "GET_SALES_AND_TRAFFIC_REPORT",
        "salesAndTrafficByAsin",
    ),
    "own_listings": (_LISTINGS, "rows"),
}
LISTS = ("orders", "order_items", "own_orders_with_items")
FILE = "own_listings_file"
STREAMS = (*REPORT_STREAMS, *LISTS, FILE)
_ADDED = {
    *("account_name", "marketplace_id", "report_period", "distributor_view"),
    *("selling_program", "date_granularity", "asin_granularity", "currency_code"),
    *("window_start", "window_end", "_sdc_extracted_at"),
}
"""Columns that tap and target add to Amazon's own."""


class RowSource(Protocol):
    """Who knows what was sent: an EmulatorClient."""

    def sp_rows(self, account: str, report_id: str) -> dict[str, list[dict[str, Any]]]:
        """Return section -> rows of a report."""

    def sp_orders(self, account: str) -> list[dict[str, Any]]:
        """Return all orders of an account."""


def first_day(now: datetime) -> str:
    """Return the first day read: exactly one week has ended and is published since."""
    return (now.astimezone(_ZONE).date() - timedelta(days=DAYS_BACK)).isoformat()


def custom_settings(files: Path) -> dict[str, object]:
    """Return what a user describes in the config, without code."""
    items = {
        "new_field_name": "items",
        "path": "/orders/v0/orders/{orderId}/orderItems",
        "path_variable_name": "orderId",
        "results_key": "OrderItems",
    }
    return {
        "reports": [
            {
                "name": "own_listings",
                "report_spec": {"reportType": _LISTINGS},
                "key": ["seller-sku"],
            },
            {
                "name": FILE,
                "report_spec": {"reportType": _OPEN_LISTINGS},
                "output_file": str(files / "{name}-{account}.txt"),
            },
        ],
        "endpoints": [
            {
                "name": "own_orders_with_items",
                "path": "/orders/v0/orders",
                "results_key": "Orders",
                "updated_at_param": "LastUpdatedAfter",
                "record_config": {
                    "id_field": "AmazonOrderId",
                    "last_modified_field": "LastUpdateDate",
                },
                "extend_resources": [items],
            }
        ],
    }


def check_selling(
    reports: Sequence[SpReportView],
    source: RowSource,
    found: Mapping[str, Sequence[Row]],
    since: str,
    began: datetime,
) -> Outcome:
    """Compare what was sent with the rows that came into the bucket.

    Orders that changed after the run `began`, or so shortly before that Amazon does
    not search for them yet, may be there or not.
    """
    sections = _sections(reports, source)
    lines: list[Line] = []
    differences = [f"{s} was not asked for." for s in sorted(set(found) - {*STREAMS})]
    counted: set[str] = set()
    for stream, (report_type, section) in REPORT_STREAMS.items():
        sent = sections[report_type, section]
        own = found.get(stream, ())
        asked = sum(report.report_type == report_type for report in reports)
        shared = report_type in counted
        counted.add(report_type)
        lines.append(Line(stream, None if shared else asked, len(sent), len(own)))
        differences += _compare(stream, sent, own)
    orders = _orders(source, since)
    fresh = {_id(order) for order in orders if _changed(order) > began - _SETTLING}
    for stream, expected in _lists([o for o in orders if _id(o) not in fresh]).items():
        own = [row for row in found.get(stream, ()) if _id(row) not in fresh]
        lines.append(Line(stream, None, len(expected), len(own)))
        differences += compare_texts(stream, expected, _ids(stream, own))
    file, complaints = _file(found.get(FILE, ()), len(sections[_OPEN_LISTINGS, "rows"]))
    lines.append(Line(FILE, 1, 1, len(found.get(FILE, ()))))
    return Outcome(lines, [*differences, *complaints], file)


def _sections(
    reports: Iterable[SpReportView], source: RowSource
) -> dict[tuple[str, str], list[Row]]:
    rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for report in reports:
        document = source.sp_rows(report.account, report.report_id)
        for section, some in document.items():
            rows[report.report_type, section] += some
    return rows


def _plain(row: Row) -> str:
    """Return Amazon's own values of a row as comparable text, nulls left out."""
    return json.dumps(_bare(row), sort_keys=True, ensure_ascii=False)


def _bare(value: object, *, is_row: bool = True) -> object:
    if isinstance(value, Mapping):
        return {
            name: _bare(part, is_row=False)
            for name, part in value.items()
            if part is not None and not (is_row and name in _ADDED)
        }
    if isinstance(value, list):
        return [_bare(part, is_row=False) for part in value]
    return value


def _compare(stream: str, sent: Sequence[Row], found: Sequence[Row]) -> Iterator[str]:
    yield from compare_texts(stream, map(_plain, sent), map(_plain, found))


def compare_texts(stream: str, sent: Iterable[str], found: Iterable[str]) -> list[str]:
    """Return a sentence for rows that are missing, and for those never sent."""
    expected, present = Counter(sent), Counter(found)
    missing, extra = expected - present, present - expected
    return [
        f"{stream}: {rows.total()} rows are {label}, for example {min(rows)[:300]}"
        for rows, label in ((missing, "not in the bucket"), (extra, "never sent"))
        if rows
    ]


def _orders(source: RowSource, since: str) -> list[Row]:
    start = datetime.fromisoformat(since).replace(tzinfo=_ZONE)
    return [
        order
        for order in source.sp_orders(SELLER)
        if order["marketplace_id"] == "ATVPDKIKX0DER" and _changed(order) >= start
    ]


def _changed(order: Row) -> datetime:
    return datetime.fromisoformat(str(order["updated_at"]).replace("Z", "+00:00"))


def _id(row: Row) -> str:
    names = ("order_id", "orderId", "AmazonOrderId")
    return next(str(row[name]) for name in names if name in row)


def _lists(orders: Sequence[Row]) -> dict[str, list[str]]:
    """Return what must come of the orders, as ids."""
    return {
        "orders": [_id(order) for order in orders],
        "order_items": [_id(order) for order in orders for _ in order["items"]],
        "own_orders_with_items": [_with_items(order) for order in orders],
    }


def _ids(stream: str, rows: Iterable[Row]) -> list[str]:
    shown = _with_items if stream == "own_orders_with_items" else _id
    return [shown(row) for row in rows]


def _with_items(row: Row) -> str:
    return f"{_id(row)}: {len(row['items'])} items"


def _file(rows: Sequence[Row], listings: int) -> tuple[Row, list[str]]:
    """Check the saved file: a header and as many lines as the report has rows."""
    if len(rows) != 1:
        return {}, [f"{FILE}: {len(rows)} rows tell of a file instead of one."]
    file = Path(rows[0]["file"])
    if not file.is_file():
        return {}, [f"{FILE}: there is no file {file}."]
    lines = len(file.read_bytes().splitlines())
    if lines != 1 + listings or file.stat().st_size != rows[0]["bytes"]:
        return rows[0], [f"{FILE}: {file} has {lines} lines, not one and {listings}."]
    return rows[0], []
