"""What ends a query FATAL although its text keeps to the schema. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.data_kiosk.datasets.estimates import (
    MAX_DAYS,
    reason_against,
)

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.data_kiosk.query_text import QueryText

MAX_ASINS = 30
_VENDOR_VIEWS = ("sourcingView", "manufacturingView")
_STOCK = "productAvailability"


def fatal_reason(query: QueryText, today: date) -> str | None:
    """Return why a query fails while it is carried out; None: it does not."""
    first, last = query.days
    if first > last:
        return "startDate must not be after endDate"
    if query.root in MAX_DAYS:
        return reason_against(query.root, query.arguments, today)
    if query.root == "salesAndTrafficTrends":
        return _trends(query)
    return _stock_reason(query) if query.root in _VENDOR_VIEWS else None


def error_entries(query: QueryText, reason: str) -> Sequence[object]:
    """Return the content of the error document."""
    where = f"/{query.domain}/{query.root}"
    return [
        {
            "message": f"Exception while fetching data ({where}) : {reason}",
            "extensions": {"classification": "DataFetchingException"},
        }
    ]


def _stock_reason(query: QueryText) -> str | None:
    first, last = query.days
    is_one = query.arguments["aggregateBy"] != "DAY" or first == last
    if is_one or not any(f".{_STOCK}." in path for path in query.paths()):
        return None
    return "the same start and end date must be requested for daily inventory metrics"


def _trends(query: QueryText) -> str | None:
    if query.arguments["asinAggregation"] != "CHILD":
        return "asinAggregation supports CHILD only"
    for products in query.arguments["filters"]:
        if len(products["asins"]) > MAX_ASINS:
            return f"a filter may hold at most {MAX_ASINS} ASINs"
    return None
