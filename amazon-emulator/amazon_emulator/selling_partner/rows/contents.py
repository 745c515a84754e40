"""Finds what the document of a report type holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from amazon_emulator.clock import format_seconds
from amazon_emulator.selling_partner.rows import (
    brand,
    flat,
    offers,
    sales_traffic,
    vendor,
)
from amazon_emulator.selling_partner.rows.plan import (
    Content,
    FlatContent,
    JsonContent,
    Row,
    Section,
    SpRowPlan,
    XmlContent,
)

_BRAND = "GET_BRAND_ANALYTICS_{}_REPORT"
_VENDOR = "GET_VENDOR_{}_REPORT"
_MAKERS: Mapping[str, Callable[[SpRowPlan], list[Section]]] = {
    _BRAND.format("MARKET_BASKET"): brand.market_basket,
    _BRAND.format("SEARCH_TERMS"): brand.search_terms,
    _BRAND.format("REPEAT_PURCHASE"): brand.repeat_purchase,
    _BRAND.format("SEARCH_CATALOG_PERFORMANCE"): brand.search_catalog,
    _BRAND.format("SEARCH_QUERY_PERFORMANCE"): brand.search_query,
    _VENDOR.format("REAL_TIME_INVENTORY"): vendor.real_time_inventory,
    _VENDOR.format("REAL_TIME_SALES"): vendor.real_time_sales,
    _VENDOR.format("REAL_TIME_TRAFFIC"): vendor.real_time_traffic,
    _VENDOR.format("SALES"): vendor.sales,
    _VENDOR.format("NET_PURE_PRODUCT_MARGIN"): vendor.margin,
    _VENDOR.format("TRAFFIC"): vendor.traffic,
    _VENDOR.format("INVENTORY"): vendor.inventory,
    _VENDOR.format("FORECASTING"): vendor.forecasting,
    "GET_COUPON_PERFORMANCE_REPORT": offers.coupons,
    "GET_PROMOTION_PERFORMANCE_REPORT": offers.promotions,
    "GET_SALES_AND_TRAFFIC_REPORT": sales_traffic.sales_and_traffic,
}
_UNKNOWN = {"newMetric2027": {"amount": 1.5, "note": "not in any schema"}}


def content_of(plan: SpRowPlan) -> Content:
    """Return what the document of a report holds."""
    make = _MAKERS.get(plan.report_type.name)
    if make is None:
        content = flat.flat_content(plan)
        return _with_new_column(content) if plan.settings.sp_unknown_fields else content
    sections: Sequence[Section] = make(plan)
    if plan.settings.sp_unknown_fields:
        sections = [_with_new_field(section) for section in sections]
    return JsonContent(_specification(plan), sections)


def _specification(plan: SpRowPlan) -> Row:
    """Return what the document says was asked for."""
    name, shape = plan.report_type.name, plan.report_type.shape
    found: Row = {"reportType": name}
    options = dict(plan.options)
    if name == _VENDOR.format("REAL_TIME_SALES"):
        # The schema wants a currency here; a request may come without one.
        options = {"currencyCode": plan.marketplace.currency, **options}
    if options or shape in ("days", "starts"):
        found["reportOptions"] = options
    if name.startswith("GET_VENDOR") and shape != "hours":
        found["lastUpdatedDate"] = plan.today.isoformat()
    if shape in ("periods", "days"):
        found["dataStartTime"] = plan.start.date().isoformat()
        found["dataEndTime"] = plan.end.date().isoformat()
    if shape == "hours":
        for key, instant in (("dataStartTime", plan.start), ("dataEndTime", plan.end)):
            found[key] = format_seconds(instant)
    found["marketplaceIds"] = [each.marketplace_id for each in plan.marketplaces]
    return found


def _with_new_field(section: Section) -> Section:
    addition = f", {json.dumps(_UNKNOWN)[1:]}"

    def texts() -> Iterator[str]:
        return (f"{text[:-1]}{addition}" for text in section.texts())

    return Section(section.name, texts)


def _with_new_column(content: FlatContent | XmlContent) -> FlatContent | XmlContent:
    if isinstance(content, XmlContent):
        elements = content.rows
        new = {"new-element-2027": "new"}
        return replace(content, rows=lambda: ({**row, **new} for row in elements()))
    lines = content.rows
    return replace(
        content,
        columns=[*content.columns, "new-column-2027"],
        rows=lambda: ([*line, "new"] for line in lines()),
    )
