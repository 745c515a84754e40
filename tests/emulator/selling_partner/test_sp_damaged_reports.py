"""Reports as users met them: refused in one place, cancelled, damaged files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from support.sp.emulation import GERMANY, NOON, US, SpCaller, brand_body, report_body

BRITAIN, FRANCE = "A1F83G8C2ARO7P", "A13V1IB3VIYZZH"
LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
LEDGER = "GET_LEDGER_SUMMARY_VIEW_DATA"
RESTOCK = "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT"
STOCK = "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA"
XML_ORDERS = "GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"


def lines(sp: SpCaller, body: dict[str, Any], account: str = "acme-us") -> list[str]:
    text: str = sp.fetch(body, account).data.decode("utf-8", errors="replace")
    return text.removesuffix("\r\n").split("\r\n")


def test_no_right_in_one_marketplace_until_it_is_mended(sp: SpCaller) -> None:
    british, german = (
        report_body(marketplace_id=marketplace) for marketplace in (BRITAIN, GERMANY)
    )
    sp.fault("fatal", "create_report", account=BRITAIN, details="No right here.")
    dead = sp.created(british, "alba-eu")

    assert sp.ending(british, "alba-eu") == ("FATAL", "No right here.")
    assert sp.ending(german, "alba-eu") == ("DONE", None)
    sp.emulation.state.faults.clear()
    assert sp.ending(british, "alba-eu") == ("DONE", None)
    assert sp.poll(dead, "alba-eu")["processingStatus"] == "FATAL"


def test_stock_asked_for_too_often_is_cancelled(sp: SpCaller) -> None:
    body = report_body(STOCK, {}, None, None)

    def endings(count: int) -> list[str]:
        return [sp.ending(body, "acme-us")[0] for _ in range(count)]

    assert endings(2) == ["DONE", "DONE"]
    sp.advance(1800)
    sp.emulation.state.change({"sp_cooldown": True})
    assert endings(2) == ["DONE", "CANCELLED"]
    sp.advance(1800)
    sp.sign_in("acme-us")
    assert endings(1) == ["DONE"]


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("WEEK", "2026-11-02", "2026-11-08"),
        ("WEEK", "2026-11-01", "2026-11-06"),
        ("MONTH", "2026-10-01", "2026-10-30"),
        ("QUARTER", "2026-05-01", "2026-07-31"),
    ],
)
def test_search_query_performance_takes_whole_periods_only(
    sp: SpCaller, period: str, start: str, end: str
) -> None:
    options = {"reportPeriod": period, "asin": "B000000001"}
    body = brand_body("SEARCH_QUERY_PERFORMANCE", start, end) | {
        "reportOptions": options
    }
    status, details = sp.ending(body, "acme-us")

    assert status == "FATAL"
    assert f"reportPeriod={period}" in str(details)


@pytest.mark.parametrize(
    ("marketplace", "column"), [(GERMANY, "Händler-SKU"), (FRANCE, "sku-vendeur")]
)
def test_headers_are_in_the_language_of_the_marketplace(
    sp: SpCaller, marketplace: str, column: str
) -> None:
    local = report_body(LISTINGS, {}, None, None, marketplace)
    english = local | {"reportOptions": {"preferredReportDocumentLocale": "en_US"}}
    header = sp.fetch(local, "nordwind-eu").data.decode("cp1252").split("\r\n")[0]

    assert column in header.split("\t")
    assert "seller-sku" not in header
    assert "seller-sku" in lines(sp, english, "nordwind-eu")[0]


def test_restock_is_quoted_for_some_sellers(sp: SpCaller) -> None:
    body = report_body(RESTOCK, {}, None, None)
    german = body | {"marketplaceIds": [GERMANY]}

    assert lines(sp, body)[0].startswith("Country\tProduct Name")
    assert lines(sp, german, "nordwind-eu")[0].startswith('"Country"\t"Product Name"')


@pytest.mark.parametrize(
    ("quoting", "cell"),
    [("all", ' ""quoted"" 19"""\t'), ("unescaped", ' "quoted" 19""\t')],
)
def test_quoted_values_that_end_in_an_inch_sign(
    sp: SpCaller, quoting: str, cell: str
) -> None:
    sp.fault("flat_file", "create_report", quoting=quoting)

    assert sum(cell in line for line in lines(sp, report_body(LEDGER, {}))) == 6


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("Cp1252", "utf-8"), ("Cp1252", "utf-8-sig"), ("x-own-1", "cp1252")],
)
def test_bytes_may_differ_from_the_declared_charset(
    sp: SpCaller, charset: str, encoding: str
) -> None:
    sp.fault("flat_file", "create_report", charset=charset, encoding=encoding)
    body = report_body(LISTINGS, {}, None, None, GERMANY)
    response = sp.fetch(body, "nordwind-eu")

    assert response.headers["Content-Type"].endswith(f"charset={charset}")
    assert response.data.startswith(b"\xef\xbb\xbf") is (encoding == "utf-8-sig")
    assert response.data.decode(encoding).startswith("Artikelbezeichnung\t")


def test_rows_that_do_not_fit_the_header(sp: SpCaller) -> None:
    body = report_body(LISTINGS, {}, None, None)
    sound = lines(sp, body)
    sp.fault("flat_file", "create_report", break_every=2, break_text="\n", times=1)
    broken = lines(sp, body)
    rule = {"extra_cell_every": 3, "missing_cell_every": 4}
    sp.fault("flat_file", "create_report", times=1, break_every=2, **rule)
    cells = [line.count("\t") + 1 for line in lines(sp, body)[1:]]
    sp.fault("flat_file", "create_report", rename={"seller-sku": "SKU"}, drop=["price"])
    header = lines(sp, body)[0]

    assert [line.replace("\n", "") for line in broken] == sound
    assert sum("\n" in line for line in broken) == 3
    assert cells == [29, 30, 30, 29, 29, 31]
    assert "\tSKU\tquantity" in header


def test_orders_in_xml_with_one_line_then_two(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_orders_per_day": 0})
    partner = sp.emulation.selling.accounts.partner("acme-us")
    assert partner is not None
    for items in (1, 2):
        at = NOON - timedelta(hours=3 - items)
        sp.emulation.selling.orders.add(partner, US, at, at, items=items)
    body = report_body(XML_ORDERS, {}, "2026-11-20", "2026-11-20T11:50:00Z")
    root = ET.fromstring(sp.fetch(body, "acme-us").text)  # noqa: S314 - our own

    found = [len(order.findall("OrderItem")) for order in root.iter("Order")]
    assert found == [1, 2]
