from __future__ import annotations

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from support.sp.emulation import (
    GERMANY,
    JAPAN,
    US,
    SpCaller,
    brand_body,
    report_body,
    unpacked,
)

LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
XML_ORDERS = "GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
LEDGER = "GET_LEDGER_SUMMARY_VIEW_DATA"
B2B = "GET_B2B_PRODUCT_OPPORTUNITIES_RECOMMENDED_FOR_YOU"
REAL_TIME = "GET_VENDOR_REAL_TIME_SALES_REPORT"
TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"


def of_day(rows: list[dict[str, Any]], day: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["startDate"] == day]


def vendor_inventory(period: str, start: str, end: str) -> dict[str, Any]:
    options = {"distributorView": "SOURCING", "sellingProgram": "RETAIL"}
    every = {"reportPeriod": period, **options}
    return report_body("GET_VENDOR_INVENTORY_REPORT", every, start, end)


def test_same_day_gives_the_same_rows_in_every_window(sp: SpCaller) -> None:
    wide = sp.document(report_body(start="2026-11-01", end="2026-11-03"))
    narrow = sp.document(report_body(start="2026-11-02", end="2026-11-02"))
    for section in ("salesAggregate", "salesByAsin"):
        assert of_day(wide[section], "2026-11-02") == narrow[section]
    assert len(wide["salesAggregate"]) == 3
    assert len(wide["salesByAsin"]) == 15


def test_rows_differ_by_account_option_and_restatement(sp: SpCaller) -> None:
    plain = sp.document(report_body())
    german = sp.document(report_body(marketplace_id=GERMANY), "alba-eu")
    sourcing = {
        "reportPeriod": "DAY",
        "distributorView": "SOURCING",
        "sellingProgram": "RETAIL",
    }
    other = sp.document(report_body(options=sourcing))
    sp.emulation.state.change({"restate": 1})
    restated = sp.document(report_body())

    def units(document: dict[str, Any]) -> list[int]:
        return [row["shippedUnits"] for row in document["salesByAsin"]]

    def asins(document: dict[str, Any]) -> list[str]:
        return [row["asin"] for row in document["salesByAsin"]]

    assert len({tuple(units(d)) for d in (plain, german, other, restated)}) == 4
    assert asins(plain) == asins(restated)
    assert set(asins(plain)).isdisjoint(asins(german))
    assert german["salesByAsin"][0]["shippedCogs"]["currencyCode"] == "EUR"
    assert "orderedRevenue" not in other["salesByAsin"][0]


def test_inventory_by_day_has_nulls_that_no_schema_names(sp: SpCaller) -> None:
    by_day = sp.document(vendor_inventory("DAY", "2026-11-10", "2026-11-10"))
    by_week = sp.document(vendor_inventory("WEEK", "2026-11-01", "2026-11-07"))
    found = [
        row.get("unhealthyInventoryUnits", "none") for row in by_day["inventoryByAsin"]
    ]

    assert found == ["none", None, "none", None, "none"]
    assert all("unhealthyInventoryUnits" in row for row in by_week["inventoryByAsin"])


def test_real_time_covers_full_hours_only(sp: SpCaller) -> None:
    body = report_body(REAL_TIME, {}, "2026-11-19T00:30:00Z", "2026-11-19T03:59:00Z")
    document = sp.document(body)
    hours = sorted({row["startTime"] for row in document["reportData"]})

    assert hours == ["2026-11-19T01:00:00Z", "2026-11-19T02:00:00Z"]
    assert document["reportSpecification"]["reportOptions"] == {"currencyCode": "USD"}


def test_search_terms_have_three_products_each(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_search_term_rows": 300})
    rows = sp.document(brand_body("SEARCH_TERMS", "2026-11-01", "2026-11-07"))
    rows = rows["dataByDepartmentAndSearchTerm"]
    keys = {
        (row["departmentName"], row["searchTerm"], row["clickedAsin"]) for row in rows
    }

    assert len(rows) == len(keys) == 300
    assert [row["clickShareRank"] for row in rows[:4]] == [1, 2, 3, 1]
    assert [row["searchFrequencyRank"] for row in rows[:4]] == [1, 1, 1, 2]
    assert any('"' in row["searchTerm"] for row in rows)


def test_offers_are_found_by_their_start_and_grow(sp: SpCaller) -> None:
    def coupons() -> dict[str, Any]:
        options = {
            "couponStartDateFrom": "2026-10-01T00:00:00Z",
            "couponStartDateTo": "2026-12-31T00:00:00Z",
        }
        body = report_body("GET_COUPON_PERFORMANCE_REPORT", options, None, None)
        rows = sp.document(body, "acme-us")["coupons"]
        return {row["couponId"]: row for row in rows}

    before = coupons()
    sp.advance(40 * 86400)
    sp.sign_in("acme-us")
    after = coupons()

    assert set(before) == set(after)
    assert len(before) == 4
    grown = [after[key]["clips"] > row["clips"] for key, row in before.items()]
    assert grown == [False, False, True, False]


def test_asins_of_sales_and_traffic_have_no_dates(sp: SpCaller) -> None:
    def document(granularity: str) -> Any:
        options = {"dateGranularity": "WEEK", "asinGranularity": granularity}
        return sp.document(
            report_body(TRAFFIC, options, "2026-11-10", "2026-11-16"), "acme-us"
        )

    by_sku, by_parent = document("SKU"), document("PARENT")

    assert [row["date"] for row in by_sku["salesAndTrafficByDate"]] == [
        "2026-11-08",
        "2026-11-15",
    ]
    assert len({row["sku"] for row in by_sku["salesAndTrafficByAsin"]}) == 5
    assert len(by_parent["salesAndTrafficByAsin"]) == 3
    assert not {"date", "childAsin"} & set(by_parent["salesAndTrafficByAsin"][0])


@pytest.mark.parametrize(
    ("account", "marketplace_id", "charset", "codec", "header", "title"),
    [
        ("acme-us", US, "UTF-8", "utf-8", "seller-sku", "Kopfhörer „Süd“ 50 €"),
        ("nordwind-eu", GERMANY, "Cp1252", "cp1252", "Händler-SKU", "Kopfhörer „Süd“"),
        ("sakura-jp", JAPAN, "windows-31j", "cp932", "出品者SKU", "髙音質 ①"),
    ],
)
def test_flat_files_are_in_the_charset_of_the_marketplace(
    sp: SpCaller,
    account: str,
    marketplace_id: str,
    charset: str,
    codec: str,
    header: str,
    title: str,
) -> None:
    body = report_body(LISTINGS, {}, None, None, marketplace_id)
    response = sp.fetch(body, account)
    english = body | {"reportOptions": {"preferredReportDocumentLocale": "en_US"}}
    lines = response.data.decode(codec).split("\r\n")

    assert response.content_type == f"text/plain;charset={charset}"
    assert header in lines[0].split("\t")
    assert title in lines[1]
    assert {len(line.split("\t")) for line in lines[:-1]} == {29}
    assert len(lines) == 6 + 2
    assert "seller-sku" in sp.fetch(english, account).data.decode(codec)


def test_characters_outside_the_charset_are_question_marks(sp: SpCaller) -> None:
    body = report_body("GET_XML_BROWSE_TREE_DATA", {}, None, None, JAPAN)
    flat = report_body(B2B, {}, None, None, JAPAN)

    assert "Bücher" in sp.fetch(body, "sakura-jp").text
    assert "S?d & S?hne" in sp.fetch(flat, "sakura-jp").data.decode("cp932")


def test_only_the_ledger_is_quoted(sp: SpCaller) -> None:
    ledger = sp.fetch(report_body(LEDGER, {}), "acme-us").text
    listings = sp.fetch(report_body(LISTINGS, {}), "acme-us").text
    rows = list(csv.DictReader(io.StringIO(ledger), delimiter="\t"))

    assert ledger.startswith('"Date"\t"FNSKU"')
    assert len(rows) == 2 * 6
    assert any('"quoted"' in row["Title"] for row in rows)
    notes = [line.split("\t")[11] for line in listings.splitlines()]
    assert notes.count('"') == 1


def test_csv_and_xml_documents(sp: SpCaller) -> None:
    response = sp.fetch(report_body(B2B, {}, None, None), "acme-us")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    xml = sp.fetch(report_body(XML_ORDERS, {}), "acme-us")
    orders = ET.fromstring(xml.data)  # noqa: S314 - our own document

    assert response.mimetype == "text/csv"
    assert rows[0]["Product Name"].endswith(', "original"')
    assert xml.mimetype == "text/xml"
    assert [node.tag for node in orders] == ["Message"] * len(orders)
    assert orders.findall("./Message/Order/OrderItem/ASIN") or len(orders) > 2


def test_all_orders_of_more_than_a_month_are_none(sp: SpCaller) -> None:
    month = report_body(ORDERS, {}, "2026-10-20", "2026-11-19")
    more = report_body(ORDERS, {}, "2026-10-19", "2026-11-19")

    assert len(sp.fetch(month, "acme-us").text.splitlines()) > 100
    assert len(sp.fetch(more, "acme-us").text.splitlines()) == 1


@pytest.mark.parametrize(
    ("body", "account"),
    [
        (report_body(), "vega-us"),
        (brand_body("SEARCH_TERMS", "2026-11-01", "2026-11-07"), "acme-us"),
        (report_body(LEDGER, {}), "acme-us"),
        (report_body(XML_ORDERS, {}), "acme-us"),
        (report_body(TRAFFIC, {}), "acme-us"),
    ],
)
def test_expected_rows_and_counts_are_those_of_the_document(
    sp: SpCaller, body: dict[str, Any], account: str
) -> None:
    report_id = sp.created(body, account)
    path = f"/_emulator/sp/accounts/{account}/reports/{report_id}"
    rows = sp.api.get(f"{path}/rows").get_json()
    counts = sp.api.get(f"{path}/row-counts").get_json()
    document_id = sp.poll(report_id, account)["reportDocumentId"]
    response = sp.download(sp.document_info(document_id, account)["url"])
    content = unpacked(response.data)

    assert counts == {name: len(found) for name, found in rows.items()}
    assert all(counts.values())
    if content[:1] == b"{":
        document = json.loads(content)
        assert rows == {k: v for k, v in document.items() if k != "reportSpecification"}
    elif response.mimetype == "text/plain":
        table = csv.DictReader(io.StringIO(content.decode()), delimiter="\t")
        assert rows["rows"] == list(table)
    else:
        assert content.count(b"<Message>") == counts["rows"]


def test_specification_may_stand_last(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_specification_last": True})

    assert list(sp.document(report_body())) == [
        "salesAggregate",
        "salesByAsin",
        "reportSpecification",
    ]


def test_unknown_fields_and_columns(sp: SpCaller) -> None:
    sp.emulation.state.change({"sp_unknown_fields": True})
    row = sp.document(report_body())["salesByAsin"][0]
    flat = sp.fetch(report_body(LISTINGS, {}), "acme-us").text.splitlines()
    shown = sp.poll(sp.created(report_body()))

    assert row["newMetric2027"]["amount"] == 1.5
    assert flat[0].endswith("\tnew-column-2027")
    assert flat[1].endswith("\tnew")
    assert "newField2027" in shown
