"""Rows of queries and of transactions: what was sent against what is in the bucket.

A query names its fields, so that its rows are compared value by value; a transaction by
its status and its money.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from amazon_emulator.client import KioskQueryView
from amazon_emulator.clock import parse_instant
from amazon_emulator.demo.selling import SELLER, compare_texts
from amazon_emulator.demo.verification import Line, Outcome, Row

ECONOMICS, SOURCING = "data_kiosk_economics", "data_kiosk_vendor_sourcing"
TRANSACTIONS = "transactions"
STREAMS = (ECONOMICS, SOURCING, TRANSACTIONS)
OPTIONS = {SOURCING: {"date_granularity": "WEEK"}}
"""One query for each stream: a week by day, and one whole week."""
_ROOTS = {ECONOMICS: "economics", SOURCING: "sourcingView"}
_RELEASES = "DEFERRED_TRANSACTION_ID"
_SETTLING = timedelta(minutes=5)
_ZONE = ZoneInfo("America/Los_Angeles")
_ADDED = {
    *("account_name", "marketplace_id", "marketplaceId", "currency_code"),
    *("date_granularity", "product_granularity", "group_by"),
    *("window_start", "window_end", "_sdc_extracted_at"),
}
"""Columns that tap and target add; the marketplace stands in one or the other."""


class Source(Protocol):
    """Who knows what was sent: an EmulatorClient."""

    def kiosk_lines(self, account: str, query_id: str) -> list[dict[str, Any]]:
        """Return the lines of a query."""

    def sp_transactions(
        self,
        account: str,
        posted_after: datetime | None = None,
        posted_before: datetime | None = None,
    ) -> list[dict[str, Any]]:
        """Return the transactions of a span."""


def check_kiosk(
    queries: Sequence[KioskQueryView],
    source: Source,
    found: Mapping[str, Sequence[Row]],
    since: str,
    began: datetime,
) -> Outcome:
    """Compare what was sent with the rows that came into the bucket.

    What was posted shortly before the run `began` may be there or not.
    """
    lines, differences = [], []
    for stream, root in _ROOTS.items():
        asked = [query for query in queries if query.root == root]
        sent = [row for query in asked for row in _rows(query, source)]
        rows = found.get(stream, ())
        lines.append(Line(stream, len(asked), len(sent), len(rows)))
        differences += compare_texts(stream, map(_plain, sent), map(_plain, rows))
    start = datetime.fromisoformat(since).replace(tzinfo=_ZONE)
    posted = source.sp_transactions(SELLER, start, began - _SETTLING)
    own = [row for row in found.get(TRANSACTIONS, ()) if _at(row) < began - _SETTLING]
    lines.append(Line(TRANSACTIONS, None, len(posted), len(own)))
    differences += compare_texts(TRANSACTIONS, map(_money, posted), map(_money, own))
    return Outcome(lines, differences)


def sums(rows: Iterable[Row]) -> dict[str, float]:
    """Return the dollars by the two questions: what was sold, what can be paid out.

    Amazon has a deferred sale twice once it is released: one of the two counts.
    """
    every = list(rows)
    sold = [row for row in every if _RELEASES not in json.dumps(_names(row))]
    free = [row for row in every if row["transactionStatus"].upper() == "RELEASED"]
    return {"sold": _total(sold), "free": _total(free)}


def _names(row: Row) -> object:
    return row.get("relatedIdentifiers")


def _total(rows: Iterable[Row]) -> float:
    amounts = [row["totalAmount"] for row in rows]
    dollars = (a["currencyAmount"] for a in amounts if a["currencyCode"] == "USD")
    return round(float(sum(dollars)), 2)


def _rows(query: KioskQueryView, source: Source) -> Iterator[Row]:
    """Yield what becomes of the lines of a query: a vendor's hold many rows."""
    for line in source.kiosk_lines(query.account, query.query_id):
        if "metrics" not in line:
            yield line
        for element in line.get("metrics", ()):
            dates = {name: line[name] for name in ("startDate", "endDate")}
            yield {**dates, **element["groupByKey"], **element["metrics"]}


def _plain(row: Row) -> str:
    """Return a row as comparable text, without what is empty."""
    own = {name: value for name, value in row.items() if name not in _ADDED}
    return json.dumps(_bare(own), sort_keys=True)


def _bare(value: object) -> object:
    if isinstance(value, Mapping):
        bare = {name: _bare(part) for name, part in value.items()}
        return {n: part for n, part in bare.items() if part not in (None, "", {})}
    if isinstance(value, list):
        return [_bare(part) for part in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else value  # type: ignore[arg-type]  # a number


def _at(row: Row) -> datetime:
    return parse_instant(str(row["postedDate"]))


def _money(row: Row) -> str:
    amount = row["totalAmount"]
    status = str(row["transactionStatus"]).upper()
    money = f"{amount['currencyAmount']:.2f} {amount['currencyCode']}"
    return f"{row['transactionId']} {status} {money}"
