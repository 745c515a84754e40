"""`report_log` and `report_days` of tap-amazon-sp, beside the rows they speak of."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.core.runs import Json
from support.sp.runs import (
    BY_ASIN,
    BY_DATE,
    NOON,
    REAL_TIME,
    SALES,
    SALES_BY_ASIN,
    SELLER,
    US,
    VENDOR,
    Run,
    run,
)
from tap_amazon_sp.catalogue import load_reports

LOG, DAYS = "report_log", "report_days"
STREAMS = sorted(load_reports().streams)
OFFERS = {"coupon_performance", "coupon_performance_by_campaign"} | {
    "promotion_performance"
}


@pytest.fixture(scope="module")
def everything() -> Run:
    """Run all streams once, with what is said about them."""
    with Emulator(now=NOON, frozen=True, sp_asins=3) as emulator:
        return run(
            emulator,
            *STREAMS,
            LOG,
            DAYS,
            start_date="2026-09-01",
            max_runtime_seconds=10**7,
            report_options={"sales_and_traffic": {"date_granularity": "MONTH"}},
        )


def days_of(ended: Run, stream: str) -> list[Json]:
    return [row for row in ended.rows(DAYS) if row["stream"] == stream]


@pytest.mark.parametrize("stream", STREAMS)
def test_every_row_is_counted_where_it_is_replaced(
    everything: Run, stream: str
) -> None:
    """What a target that replaces days has to rely on."""
    days = days_of(everything, stream)
    assert sum(row["rows"] for row in days) == len(everything.rows(stream)) > 0
    columns = everything.schema(stream)["schema"].get("x-replace-by")
    if stream in OFFERS:
        assert columns is None
        assert {row["covers"] is None for row in days} == {True}
        return
    counts = Counter(
        tuple(record[name] for name in columns) for record in everything.rows(stream)
    )
    said = {tuple(row["covers"][name] for name in columns): row["rows"] for row in days}
    assert all(set(row["covers"]) == set(columns) for row in days)
    assert len(said) == len(days)
    assert {key: count for key, count in said.items() if count} == dict(counts)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_report_is_logged_for_each_stream_it_is_for(
    everything: Run, stream: str
) -> None:
    rows = [row for row in everything.rows(LOG) if row["stream"] == stream]
    assert {row["outcome"] for row in rows} <= {"delivered", "empty"}
    assert sum(row["rows"] for row in rows) == len(everything.rows(stream))
    assert {row["report_id"] for row in rows} == {
        row["report_id"] for row in days_of(everything, stream)
    }
    names = everything.key_names()[LOG]
    keys = [tuple(row[name] for name in names) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {row["marketplace_id"] for row in rows} == {US}
    assert {row["currency_code"] for row in rows} == {"USD"}


def test_sums_lead_into_objects(everything: Run) -> None:
    for stream, path in (
        (SALES_BY_ASIN, "orderedRevenue.amount"),
        (BY_ASIN, "salesByAsin.orderedProductSales.amount"),
        (BY_DATE, "salesByDate.unitsOrdered"),
        (REAL_TIME, "orderedRevenue"),
    ):
        total = Decimal(0)
        for record in everything.rows(stream):
            value: Any = record
            for part in path.split("."):
                value = (value or {}).get(part)
            total += Decimal(repr(value)) if value is not None else 0
        said = sum(Decimal(row["sums"][path]) for row in days_of(everything, stream))
        assert said == total > 0


def test_aggregate_and_products_of_a_day_have_one_date(everything: Run) -> None:
    def dates(stream: str) -> set[str]:
        return {row["date"] for row in days_of(everything, stream)}

    assert dates(SALES) == dates(SALES_BY_ASIN)
    assert {row["account_name"] for row in days_of(everything, SALES)} == {VENDOR}
    assert {row["account_name"] for row in days_of(everything, BY_DATE)} == {SELLER}


def test_a_report_of_the_users_own_is_counted_by_its_window(
    emulator: Emulator,
) -> None:
    report = {
        "name": "my_orders",
        "report_spec": {"reportType": "GET_LEDGER_DETAIL_VIEW_DATA"},
        "dates": "window",
    }
    ended = run(emulator, "my_orders", LOG, DAYS, reports=[report])
    assert ended.code == 0
    assert sum(row["rows"] for row in ended.rows(DAYS)) == len(ended.rows("my_orders"))
    columns = ended.schema("my_orders")["schema"]["x-replace-by"]
    assert columns == ["account_name", "marketplace_id", "window_start", "window_end"]
    assert {tuple(row["covers"]) for row in ended.rows(DAYS)} == {tuple(columns)}


def test_a_listed_report_is_told_apart_by_its_id(emulator: Emulator) -> None:
    report = {
        "name": "settlements",
        "mode": "existing",
        "report_spec": {"reportType": "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"},
    }
    ended = run(emulator, "settlements", LOG, DAYS, reports=[report])
    assert ended.code == 0
    rows = ended.rows(LOG)
    assert len({row["part"] for row in rows}) == len(rows) > 0
    assert "x-replace-by" not in ended.schema("settlements")["schema"]
    assert sum(r["rows"] for r in ended.rows(DAYS)) == len(ended.rows("settlements"))
