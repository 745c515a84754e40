from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from amazon_emulator.selling_partner.periods import first_day, last_day, shifted, spans
from support.sp.emulation import CANADA, US, SpCaller, brand_body, report_body

TERMS, BASKET = "SEARCH_TERMS", "MARKET_BASKET"
SALES = "GET_VENDOR_SALES_REPORT"
INVENTORY = "GET_VENDOR_REAL_TIME_INVENTORY_REPORT"
TRAFFIC = "GET_VENDOR_REAL_TIME_TRAFFIC_REPORT"
STOCK = "GET_AFN_INVENTORY_DATA"
VIEW = {"distributorView": "SOURCING", "sellingProgram": "RETAIL"}
GENERIC = "Please check that your parameters"
UNAVAILABLE = "requested data is unavailable"


def sales(period: str, start: str, end: str, **options: str) -> dict[str, Any]:
    return report_body(SALES, {"reportPeriod": period, **VIEW, **options}, start, end)


def hours(report_type: str, start: str, end: str) -> dict[str, Any]:
    return report_body(report_type, {}, f"2026-11-{start}", f"2026-11-{end}")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"reportType": "GET_NOTHING"}, 400),
        ({"reportType": None}, 400),
        ({"marketplaceIds": []}, 400),
        ({"marketplaceIds": US}, 400),
        ({"marketplaceIds": [US] * 26}, 400),
        ({"marketplaceIds": ["A0"]}, 400),
        ({"marketplaceIds": [CANADA]}, 403),
        ({"dataStartTime": "10.11.2026"}, 400),
        ({"reportOptions": {"reportPeriod": True}}, 400),
    ],
)
def test_little_is_refused_at_once(
    sp: SpCaller, change: dict[str, object], status: int
) -> None:
    response = sp.create(report_body() | change)

    assert response.status_code == status
    (refused,) = sp.refusals()
    assert refused["operation"] == "create_report"
    assert refused["status"] == status


def test_body_that_is_no_json_is_refused(sp: SpCaller) -> None:
    headers = sp.headers("vega-us")
    path = "/reports/2021-06-30/reports"
    as_text = sp.api.post(path, data="{}", content_type="text/plain", headers=headers)
    broken = sp.api.post(
        path, data="{", content_type="application/json", headers=headers
    )

    assert (as_text.status_code, broken.status_code) == (415, 400)


def test_settlements_cannot_be_created(sp: SpCaller) -> None:
    body = report_body("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", {})

    assert [sp.create(body, "acme-us").status_code for _ in range(3)] == [429] * 3


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (report_body(options={}), "requires the reportPeriod, distributorView"),
        (report_body() | {"reportOptions": [VIEW]}, "requires the reportPeriod"),
        (report_body() | {"reportOptions": None}, "requires the reportPeriod"),
        (sales("DAILY", "2026-11-10", "2026-11-10"), GENERIC),
        (sales("DAY", "2026-11-10", "2026-11-10", viewBy="ASIN"), GENERIC),
        (sales("DAY", "2026-11-10", "2026-11-09"), GENERIC),
        (sales("DAY", "2026-10-31", "2026-11-15"), GENERIC),
        (sales("WEEK", "2026-11-02", "2026-11-08"), "first and the last day"),
        (sales("MONTH", "2026-10-01", "2026-10-30"), "first and the last day"),
        (sales("WEEK", "2026-09-06", "2026-10-31"), GENERIC),
        (sales("DAY", "2026-11-17", "2026-11-17"), UNAVAILABLE),
        (sales("DAY", "2026-11-27", "2026-11-27"), UNAVAILABLE),
        (sales("DAY", "2022-11-20", "2022-11-20"), UNAVAILABLE),
        (sales("WEEK", "2026-09-13", "2026-09-19"), UNAVAILABLE),
        (report_body() | {"marketplaceIds": [US, US]}, "one marketplace per request"),
        (brand_body(BASKET, "2026-11-01", "2026-11-02", "DAY"), "must be the same day"),
        (brand_body(TERMS, "2026-11-01", "2026-11-14"), GENERIC),
        (brand_body(TERMS, "2026-11-15", "2026-11-21"), GENERIC),
        (brand_body("REPEAT_PURCHASE", "2026-11-01", "2026-11-01", "DAY"), GENERIC),
        (hours(INVENTORY, "18T00:00:00Z", "19T01:00:00Z"), GENERIC),
        (hours(INVENTORY, "13T11:00:00Z", "13T12:00:00Z"), UNAVAILABLE),
        (hours(TRAFFIC, "20T10:00:00Z", "20T11:30:00Z"), UNAVAILABLE),
        (report_body("GET_PROMOTION_PERFORMANCE_REPORT", {}), "promotionStartDateFrom"),
        (report_body("GET_COUPON_PERFORMANCE_REPORT", {}), "campaignStartDateFrom"),
    ],
)
def test_what_does_not_fit_ends_fatal_with_a_document(
    sp: SpCaller, body: dict[str, Any], text: str
) -> None:
    status, details = sp.ending(body)

    assert status == "FATAL"
    assert details is not None
    assert text in details


def test_dates_left_out_are_now_and_fatal(sp: SpCaller) -> None:
    body = report_body(start=None, end=None)
    misplaced = body | {"reportSpecification": {"dataStartTime": "2026-11-10"}}

    assert sp.ending(body)[0] == sp.ending(misplaced)[0] == "FATAL"


@pytest.mark.parametrize(
    "body",
    [
        sales("DAY", "2026-11-01", "2026-11-15"),
        sales("DAY", "2026-11-16", "2026-11-16"),
        sales("DAY", "2022-11-21", "2022-11-21"),
        sales("WEEK", "2026-09-20", "2026-10-31"),
        sales("QUARTER", "2026-01-01", "2026-09-30"),
        sales("YEAR", "2024-01-01", "2025-12-31"),
        report_body(start="2026-11-10T00:00:00Z", end="2026-11-10T23:59:59+00:00"),
        brand_body(TERMS, "2026-11-08", "2026-11-14"),
        hours(INVENTORY, "13T12:00:00Z", "14T12:00:00Z"),
        hours(TRAFFIC, "20T10:00:00Z", "20T11:00:00Z"),
    ],
)
def test_what_fits_is_done(sp: SpCaller, body: dict[str, Any]) -> None:
    assert sp.ending(body) == ("DONE", None)


def test_a_period_is_there_when_its_delay_is_over(sp: SpCaller) -> None:
    """The 17th ends at midnight in Los Angeles: 8:00 UTC of the 18th, plus 72 hours."""
    body = sales("DAY", "2026-11-17", "2026-11-17")
    clock = sp.emulation.state.clock
    ends = []
    for hour in (7, 8):
        clock.set(datetime(2026, 11, 21, hour, 30, tzinfo=timezone.utc), frozen=True)
        sp.sign_in("vega-us")
        ends.append(sp.ending(body)[0])
    sp.emulation.state.change({"sp_extra_delay_hours": 24})

    assert ends == ["FATAL", "DONE"]
    assert sp.ending(body)[0] == "FATAL"


def test_margin_comes_later_than_sales(sp: SpCaller) -> None:
    options = {"reportPeriod": "DAY"}
    name = "GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT"

    late = report_body(name, options, "2026-11-13", "2026-11-13")
    there = report_body(name, options, "2026-11-12", "2026-11-12")

    assert sp.ending(late)[0] == "FATAL"
    assert sp.ending(there)[0] == "DONE"


def test_account_without_data(sp: SpCaller) -> None:
    tr = "GET_SALES_AND_TRAFFIC_REPORT"
    types = [SALES, tr, "GET_MERCHANT_LISTINGS_ALL_DATA"]
    accounts = sp.emulation.selling.accounts
    accounts.add({"name": "empty-v", "account_type": "vendor", "without_data": types})
    accounts.add({"name": "empty-s", "without_data": types})

    status, details = sp.ending(report_body(), "empty-v")
    assert status == "FATAL"
    assert details is not None
    assert GENERIC in details
    for name in types[1:]:
        assert sp.ending(report_body(name, {}), "empty-s") == ("CANCELLED", None)


def test_sales_and_traffic_of_three_years_ago_is_cancelled(sp: SpCaller) -> None:
    name = "GET_SALES_AND_TRAFFIC_REPORT"
    old = report_body(name, {}, "2023-11-01", "2023-11-01")
    ahead = report_body(name, {}, "2026-11-20", "2026-11-21")

    assert sp.ending(old, "acme-us") == ("CANCELLED", None)
    assert sp.ending(ahead, "acme-us")[0] == "FATAL"


def test_stock_asked_for_again_too_soon_is_cancelled_while_rates_are_on(
    sp: SpCaller,
) -> None:
    body = report_body(STOCK, {}, None, None)
    assert {sp.ending(body, "acme-us")[0] for _ in range(2)} == {"DONE"}
    sp.emulation.state.change({"sp_rate_scale": 1})

    assert sp.ending(body, "acme-us")[0] == "CANCELLED"
    sp.advance(1790)
    assert sp.ending(body, "acme-us")[0] == "CANCELLED"
    sp.advance(11)
    assert sp.ending(body, "acme-us")[0] == "DONE"


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        ("WEEK", "2026-11-20", "2026-11-15", "2026-11-21"),
        ("WEEK", "2026-11-15", "2026-11-15", "2026-11-21"),
        ("WEEK", "2027-01-01", "2026-12-27", "2027-01-02"),
        ("MONTH", "2028-02-11", "2028-02-01", "2028-02-29"),
        ("QUARTER", "2026-11-20", "2026-10-01", "2026-12-31"),
        ("YEAR", "2026-11-20", "2026-01-01", "2026-12-31"),
    ],
)
def test_periods(period: str, day: str, first: str, last: str) -> None:
    inside = datetime.fromisoformat(day).date()

    assert first_day(period, inside).isoformat() == first
    assert last_day(period, inside).isoformat() == last
    start = first_day(period, inside)
    assert shifted(period, shifted(period, start, -5), 5) == start
    assert list(spans(period, inside, inside)) == [(start, last_day(period, inside))]
