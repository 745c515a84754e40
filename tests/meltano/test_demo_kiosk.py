"""The demo's own comparison of queries and transactions finds what is wrong."""

from __future__ import annotations

import copy
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, cast

import pytest

from amazon_emulator.client import KioskQueryView
from amazon_emulator.demo.kiosk.comparison import (
    ECONOMICS,
    SOURCING,
    TRANSACTIONS,
    check_kiosk,
    sums,
)
from amazon_emulator.demo.verification import Outcome

BEGAN = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
DATES = {"startDate": "2026-11-15", "endDate": "2026-11-15"}
QUERIES = [
    cast("KioskQueryView", SimpleNamespace(query_id=i, account="a", root=root))
    for i, root in (("1", "economics"), ("2", "sourcingView"))
]


def posted(name: str, status: str, amount: float, *, releases: bool = False) -> Any:
    names = [{"relatedIdentifierName": "DEFERRED_TRANSACTION_ID"}] if releases else []
    return {
        "transactionId": name,
        "transactionStatus": status,
        "postedDate": "2026-11-15T10:00:00Z",
        "relatedIdentifiers": names,
        "totalAmount": {"currencyAmount": amount, "currencyCode": "USD"},
    }


MONEY = [
    posted("1", "DEFERRED_RELEASED", 80),
    posted("2", "Released", 80, releases=True),
    posted("3", "RELEASED", 20),
]


class Sent:
    """What was sent."""

    def kiosk_lines(self, account: str, query_id: str) -> list[dict[str, Any]]:
        del account
        if query_id == "1":
            return [{**DATES, "marketplaceId": "US", "msku": "x", "ads": None}]
        group = {"groupByKey": {"asin": "B0"}, "metrics": {"costs": {"units": 3}}}
        return [{**DATES, "marketplaceId": "US", "metrics": [group]}]

    def sp_transactions(self, *span: object) -> list[dict[str, Any]]:
        del span
        return MONEY


def bucket() -> dict[str, list[dict[str, Any]]]:
    added = {"account_name": "a", "marketplace_id": "US", "_sdc_extracted_at": "now"}
    return {
        ECONOMICS: [{**DATES, **added, "msku": "x"}],
        SOURCING: [{**DATES, **added, "asin": "B0", "costs": {"units": 3.0}}],
        TRANSACTIONS: copy.deepcopy(MONEY),
    }


def checked(found: dict[str, list[dict[str, Any]]]) -> Outcome:
    return check_kiosk(QUERIES, Sent(), found, "2026-11-11", BEGAN)


def test_what_was_sent_has_no_difference() -> None:
    outcome = checked(bucket())
    assert outcome.differences == []
    assert [(line.sent, line.found) for line in outcome.lines] == [(1, 1)] * 2 + [
        (3, 3)
    ]


@pytest.mark.parametrize(
    ("stream", "change", "words"),
    [
        (ECONOMICS, {"msku": "y"}, "1 rows are never sent"),
        (SOURCING, {"costs": {"units": 4}}, "1 rows are not in the bucket"),
        (TRANSACTIONS, {"transactionStatus": "DEFERRED"}, "1 DEFERRED 80.00 USD"),
    ],
)
def test_another_value_is_named(
    stream: str, change: dict[str, Any], words: str
) -> None:
    found = bucket()
    found[stream][0].update(change)
    assert any(words in sentence for sentence in checked(found).differences)


def test_a_sale_kept_back_counts_once_in_each_sum() -> None:
    assert sums(MONEY) == {"sold": 100.0, "free": 100.0}
    assert sums(MONEY[2:]) == {"sold": 20.0, "free": 20.0}
