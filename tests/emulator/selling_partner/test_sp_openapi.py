"""The Selling Partner part against Amazon's own files, where a copy is at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from support.core.material import SPECS, needs_specs, spec
from support.sp.emulation import (
    DOCUMENTS,
    NOON,
    ORDERS,
    ORDERS_V0,
    PARTICIPATIONS,
    REPORTS,
    RESTRICTED,
    US,
    SpCaller,
    brand_body,
    report_body,
)
from support.sp.model import check, closed, operation, problems

pytestmark = needs_specs
REPORTS_MODEL, V0_MODEL = "reports_2021-06-30.json", "ordersV0.json"
ORDERS_MODEL, TOKENS_MODEL = "orders_2026-01-01.json", "tokens_2021-03-01.json"
SELLERS_MODEL = "sellers.json"
# Required by the schema, but missing in Amazon's own example.
MISSING = "'browserPageViews' is a required property"
# Not in the schema of inventory by ASIN, but in Amazon's own example.
ADDED = "'procurableProductOutOfStockRate', 'receiveFillRate', 'uft' were unexpected"


def test_report_from_create_to_the_document(sp: SpCaller) -> None:
    sp.emulation.state.change({"ready_after_seconds": 60})
    # The model wants date-times; plain dates are taken too, as was seen.
    body = report_body(start="2026-11-10T00:00:00Z", end="2026-11-11T00:00:00Z")
    created = check(REPORTS_MODEL, sp.create(body), 202, body)
    path = f"{REPORTS}/{created['reportId']}"
    seen = []
    for seconds in (0, 31, 30):
        sp.advance(seconds)
        shown = check(REPORTS_MODEL, sp.get(path, "vega-us"), 200)
        seen.append(shown["processingStatus"])
    document = f"{DOCUMENTS}/{shown['reportDocumentId']}"

    check(REPORTS_MODEL, sp.get(document, "vega-us"), 200)
    encoded = {"enableContentEncodingUrlHeader": "true"}
    check(REPORTS_MODEL, sp.get(document, "vega-us", **encoded), 200)
    assert seen == ["IN_QUEUE", "IN_PROGRESS", "DONE"]


def test_cancelled_fatal_and_listed_reports(sp: SpCaller) -> None:
    sp.emulation.state.change({"ready_after_seconds": 60})
    wrong = report_body(options={})
    cancelled, fatal = sp.created(report_body()), sp.created(wrong)
    check(REPORTS_MODEL, sp.cancel(cancelled), 200)
    sp.advance(60)
    check(REPORTS_MODEL, sp.cancel(fatal), 400)
    for report_id in (cancelled, fatal):
        check(REPORTS_MODEL, sp.get(f"{REPORTS}/{report_id}", "vega-us"), 200)
    query = {
        "reportTypes": "GET_VENDOR_SALES_REPORT,GET_VENDOR_TRAFFIC_REPORT",
        "processingStatuses": "CANCELLED,FATAL",
        "marketplaceIds": US,
        "pageSize": "1",
        "createdSince": "2026-11-01T00:00:00Z",
    }
    listed = check(REPORTS_MODEL, sp.get(REPORTS, "vega-us", **query), 200)
    rest = {"nextToken": listed["nextToken"]}
    last = check(REPORTS_MODEL, sp.get(REPORTS, "vega-us", **rest), 200)
    assert [r["reportId"] for r in listed["reports"] + last["reports"]] == [
        fatal,
        cancelled,
    ]
    assert "nextToken" not in last


def test_refusals_have_the_body_of_the_model(sp: SpCaller) -> None:
    check(REPORTS_MODEL, sp.create({}), 400)
    check(REPORTS_MODEL, sp.create(report_body(), "acme-us"), 403)
    check(REPORTS_MODEL, sp.get(f"{REPORTS}/1", "vega-us"), 404)
    check(REPORTS_MODEL, sp.get(f"{DOCUMENTS}/1", "vega-us"), 404)
    check(REPORTS_MODEL, sp.get(REPORTS), 400)
    check(ORDERS_MODEL, sp.get(ORDERS), 400)
    check(ORDERS_MODEL, sp.get(f"{ORDERS}/1"), 404)
    check(V0_MODEL, sp.get(ORDERS_V0), 400)
    check(V0_MODEL, sp.get(f"{ORDERS_V0}/1/orderItems"), 404)
    check(SELLERS_MODEL, sp.get(PARTICIPATIONS, "vega-us"), 403)
    for code in (429, 500, 503):
        sp.emulation.state.faults.clear()
        sp.fault("status", code=code)
        check(REPORTS_MODEL, sp.create(report_body()), code)
        check(V0_MODEL, sp.get(ORDERS_V0), code)
        check(ORDERS_MODEL, sp.get(ORDERS), code)


def test_orders_of_both_versions(sp: SpCaller) -> None:
    since = (NOON - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = {"MarketplaceIds": US, "CreatedAfter": since, "MaxResultsPerPage": "20"}
    first = check(V0_MODEL, sp.get(ORDERS_V0, **query), 200)["payload"]
    query |= {"NextToken": first["NextToken"]}
    second = check(V0_MODEL, sp.get(ORDERS_V0, **query), 200)["payload"]
    for order in first["Orders"] + second["Orders"]:
        path = f"{ORDERS_V0}/{order['AmazonOrderId']}"
        check(V0_MODEL, sp.get(path), 200)
        check(V0_MODEL, sp.get(f"{path}/orderItems"), 200)

    parts = ("BUYER", "RECIPIENT", "PROCEEDS", "CANCELLATION", "FULFILLMENT")
    included = ",".join((*parts, "PACKAGES", "TAX", "PAYMENT"))
    query = {
        "createdAfter": since,
        "maxResultsPerPage": "20",
        "includedData": included,
        "marketplaceIds": US,
    }
    page = check(ORDERS_MODEL, sp.get(ORDERS, **query), 200)
    query |= {"paginationToken": page["pagination"]["nextToken"]}
    rest = check(ORDERS_MODEL, sp.get(ORDERS, **query), 200)
    one = page["orders"][0]["orderId"]
    check(ORDERS_MODEL, sp.get(f"{ORDERS}/{one}", includedData=included), 200)
    assert [order["orderId"] for order in page["orders"] + rest["orders"]] == [
        order["AmazonOrderId"] for order in first["Orders"] + second["Orders"]
    ]


def test_personal_data_with_a_restricted_token(sp: SpCaller) -> None:
    elements = ["buyerInfo", "shippingAddress"]
    resources: list[dict[str, Any]] = [
        {"method": "GET", "path": ORDERS_V0, "dataElements": elements},
        {"method": "GET", "path": f"{ORDERS_V0}/{{orderId}}/address"},
        {"method": "GET", "path": f"{ORDERS_V0}/{{orderId}}/buyerInfo"},
    ]
    response = sp.restricted(resources)
    sent = {"restrictedResources": resources}
    token = check(TOKENS_MODEL, response, 200, sent)["restrictedDataToken"]
    query = {"MarketplaceIds": US, "CreatedAfter": "2026-11-10T00:00:00Z"}
    plain = sp.get(ORDERS_V0, **query).get_json()["payload"]["Orders"][0]
    sp.tokens["acme-us"] = token

    found = check(V0_MODEL, sp.get(ORDERS_V0, **query), 200)["payload"]["Orders"][0]
    path = f"{ORDERS_V0}/{found['AmazonOrderId']}"
    check(V0_MODEL, sp.get(f"{path}/address"), 200)
    check(V0_MODEL, sp.get(f"{path}/buyerInfo"), 200)
    check(V0_MODEL, sp.get(path), 403)
    assert set(found) - set(plain) == {"BuyerInfo", "ShippingAddress"}


def test_participations(sp: SpCaller) -> None:
    for account in ("acme-us", "nordwind-eu", "sakura-jp"):
        check(SELLERS_MODEL, sp.get(PARTICIPATIONS, account), 200)


def test_wrong_request_for_a_restricted_token(sp: SpCaller) -> None:
    check(TOKENS_MODEL, sp.restricted([]), 400)
    assert sp.api.post(RESTRICTED, headers=sp.headers("acme-us")).status_code == 415


VIEWS = [
    {"distributorView": view, "sellingProgram": program}
    for view in ("MANUFACTURING", "SOURCING")
    for program in ("RETAIL", "BUSINESS", "FRESH")
]
SPANS = {
    "DAY": ("2026-11-01", "2026-11-03"),
    "WEEK": ("2026-10-25", "2026-11-07"),
    "MONTH": ("2026-08-01", "2026-10-31"),
    "QUARTER": ("2026-04-01", "2026-09-30"),
    "YEAR": ("2024-01-01", "2025-12-31"),
}
ONE = {**SPANS, "DAY": ("2026-11-01",) * 2, "WEEK": ("2026-11-01", "2026-11-07")}
ONE |= {"MONTH": ("2026-10-01", "2026-10-31"), "QUARTER": ("2026-07-01", "2026-09-30")}
HOURS = ("2026-11-19T03:00:00Z", "2026-11-19T06:00:00Z")
OFFERS = ("2026-06-01T00:00:00Z", "2026-11-20T00:00:00Z")


def vendor(name: str, period: str, **options: str) -> dict[str, Any]:
    every = {"reportPeriod": period, **options}
    return report_body(f"GET_VENDOR_{name}_REPORT", every, *SPANS[period])


def offers(name: str, word: str) -> dict[str, Any]:
    ends = (f"{word}StartDateFrom", f"{word}StartDateTo")
    options = dict(zip(ends, OFFERS, strict=True))
    return report_body(f"GET_{name}_PERFORMANCE_REPORT", options, None, None)


def hours(name: str, **options: str) -> dict[str, Any]:
    return report_body(f"GET_VENDOR_REAL_TIME_{name}_REPORT", options, *HOURS)


def sales_and_traffic(by_date: str, by_asin: str) -> dict[str, Any]:
    options = {"dateGranularity": by_date, "asinGranularity": by_asin}
    return report_body("GET_SALES_AND_TRAFFIC_REPORT", options, *SPANS["DAY"])


FORECAST = "GET_VENDOR_FORECASTING_REPORT"
CASES = [
    *(
        ("vendorSalesReport", "vega-us", vendor("SALES", period, **view))
        for period in SPANS
        for view in VIEWS
    ),
    *(
        ("vendorInventoryReport", "vega-us", vendor("INVENTORY", period, **view))
        for period in SPANS
        for view in VIEWS
        if view["sellingProgram"] != "BUSINESS"
    ),
    *(
        (f"vendor{schema}Report", "vega-us", vendor(name, period))
        for schema, name in (
            ("NetPureProductMargin", "NET_PURE_PRODUCT_MARGIN"),
            ("Traffic", "TRAFFIC"),
        )
        for period in SPANS
    ),
    *(
        (
            "vendorForecastingReport",
            "vega-us",
            report_body(FORECAST, {"sellingProgram": program}, None, None),
        )
        for program in ("RETAIL", "FRESH")
    ),
    ("vendorRealTimeInventoryReport", "vega-us", hours("INVENTORY")),
    ("vendorRealTimeTrafficReport", "vega-us", hours("TRAFFIC")),
    ("vendorRealTimeSalesReport", "vega-us", hours("SALES", currencyCode="USD")),
    ("vendorRealTimeSalesReport", "vega-us", hours("SALES")),
    *(
        (
            f"sellingPartner{schema}Report",
            account,
            brand_body(name, *ONE[period], period),
        )
        for schema, name in (
            ("MarketBasketAnalysis", "MARKET_BASKET"),
            ("SearchTerms", "SEARCH_TERMS"),
            ("RepeatPurchase", "REPEAT_PURCHASE"),
            ("SearchCatalogPerformance", "SEARCH_CATALOG_PERFORMANCE"),
        )
        for period in ("DAY", "WEEK", "MONTH", "QUARTER")
        for account in ("acme-us", "vega-us")
        if not (name == "REPEAT_PURCHASE" and period == "DAY")
        and not (
            name.startswith("SEARCH_C") and (period, account) != ("WEEK", "acme-us")
        )
    ),
    (
        "sellingPartnerSearchQueryPerformanceReport",
        "acme-us",
        brand_body("SEARCH_QUERY_PERFORMANCE", *ONE["WEEK"], asin="B01 B02"),
    ),
    ("sellerCouponReport", "acme-us", offers("COUPON", "coupon")),
    ("vendorCouponReport", "vega-us", offers("COUPON", "campaign")),
    ("promotionReport", "acme-us", offers("PROMOTION", "promotion")),
    ("promotionReport", "vega-us", offers("PROMOTION", "promotion")),
    *(
        ("sellerSalesAndTrafficReport", "acme-us", sales_and_traffic(by_date, by_asin))
        for by_date in ("DAY", "WEEK", "MONTH")
        for by_asin in ("PARENT", "CHILD", "SKU")
    ),
]


def described(case: tuple[str, str, dict[str, Any]]) -> str:
    schema, account, body = case
    return "-".join((schema, account, *body["reportOptions"].values()))


@pytest.mark.parametrize("case", CASES, ids=described)
def test_document_fits_its_schema(
    sp: SpCaller, case: tuple[str, str, dict[str, Any]]
) -> None:
    name, account, body = case
    schema = spec(f"schemas/reports/{name}.json")
    validator = Draft7Validator(closed(schema), format_checker=FormatChecker())
    document = sp.document(body, account)
    without_nulls = json.loads(
        json.dumps(document),
        object_hook=lambda row: {k: v for k, v in row.items() if v is not None},
    )

    found = [
        error.message
        for error in validator.iter_errors(without_nulls)
        if error.message != MISSING and ADDED not in error.message
    ]

    assert found == []
    arrays = [value for value in document.values() if isinstance(value, list)]
    is_fresh = body["reportOptions"].get("sellingProgram") == "FRESH"
    assert arrays
    assert all(bool(rows) != is_fresh for rows in arrays)


def test_every_schema_is_covered() -> None:
    schemas = {path.stem for path in (SPECS / "schemas" / "reports").glob("*.json")}
    assert {name for name, _, _ in CASES} == schemas


POSTED = {"PostedAfter": "2026-11-15T00:00:00Z", "PostedBefore": "2026-11-19T00:00:00Z"}
WEEK = {"createdAfter": "2026-11-14T00:00:00Z", "createdBefore": "2026-11-20T00:00:00Z"}
UPDATED = {
    "MarketplaceId": US,
    "QueryType": "DATE_RANGE",
    "LastUpdatedAfter": "2026-11-01T00:00:00Z",
    "LastUpdatedBefore": "2026-11-20T00:00:00Z",
}
STOCK = {
    "granularityType": "Marketplace",
    "granularityId": US,
    "marketplaceIds": US,
    "details": "true",
}
LISTINGS: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]] = {
    "financesV0.json": [
        ("/finances/v0/financialEventGroups", {}),
        ("/finances/v0/financialEvents", POSTED),
        ("/finances/v0/financialEvents", {**POSTED, "PostedBefore": "2030-01-01"}),
    ],
    "fulfillmentInboundV0.json": [
        ("/fba/inbound/v0/shipments", UPDATED),
        ("/fba/inbound/v0/shipmentItems", UPDATED),
    ],
    "vendorOrders.json": [
        ("/vendor/orders/v1/purchaseOrders", WEEK),
        ("/vendor/orders/v1/purchaseOrdersStatus", WEEK),
        ("/vendor/orders/v1/purchaseOrders", {"createdAfter": "2026-11-01T00:00:00Z"}),
    ],
    "fbaInventory.json": [("/fba/inventory/v1/summaries", STOCK)],
    "listingsItems_2021-08-01.json": [
        ("/listings/2021-08-01/items/AACMEUSSP", {"marketplaceIds": US}),
        ("/listings/2021-08-01/items/AACMEUSSP/SKU-00000", {"marketplaceIds": US}),
    ],
    "catalogItems_2022-04-01.json": [
        ("/catalog/2022-04-01/items", {"marketplaceIds": US, "keywords": "box"}),
    ],
}
"""Model -> calls; a model whose file is not at hand is left out."""
AT_HAND = [
    (model, path, query)
    for model, calls in LISTINGS.items()
    if (SPECS / model).is_file()
    for path, query in calls
]


@pytest.mark.parametrize(("model", "path", "query"), AT_HAND)
def test_listings(
    sp: SpCaller, model: str, path: str, query: Mapping[str, str]
) -> None:
    sp.emulation.state.change({"sp_records_per_page": 2})
    account = "vega-us" if "vendor" in path else "acme-us"
    response = sp.get(path, account, **query)
    if response.status_code != 400:
        assert check(model, response, 200)
        return
    schema = operation(model, "GET", path)["responses"]["400"]["schema"]
    assert problems(model, schema, response.get_json()) == []
