"""Texts that Data Kiosk refuses, and what it says."""

from __future__ import annotations

import pytest

from support.sp.kiosk import (
    SALES_AND_TRAFFIC,
    KioskCaller,
    by_asin,
    by_date,
    kiosk_query,
    trends,
)

WHEN = 'startDate:"2026-11-01" endDate:"2026-11-02"'
US_ONLY = 'marketplaceIds:["ATVPDKIKX0DER"]'
ROOT = f"salesAndTrafficByDate({WHEN} aggregateBy:DAY {US_ONLY})"


def text(inner: str) -> str:
    return f"query{{{SALES_AND_TRAFFIC}{{{inner}}}}}"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("query{", "Syntax Error"),
        ("query{orders{id}}", "Query did not have a versioned domain field"),
        ("query{__schema{types{name}}}", "did not have a versioned domain field"),
        ("{analytics_x_2020_01_01{a{b}}}", "'analytics_x_2020_01_01' is not supported"),
        (text(f"{ROOT}{{startDate}} {ROOT}{{endDate}}"), "multiple query fields"),
        (text(f"{ROOT}{{__typename}}"), "Introspection is not supported."),
        (text(f"{ROOT}{{day:startDate}}"), "Aliases"),
        (text(f"{ROOT}{{...on OfPeriod{{startDate}}}}"), "Fragments"),
        (text(f"{ROOT}{{startDate @skip(if:true)}}"), "Directives"),
        (
            f"query($d:Date){{{SALES_AND_TRAFFIC}{{{ROOT}{{startDate}}}}}}",
            "without variables",
        ),
        (f"{by_date()} {by_date()}", "one operation"),
        (text(f"{ROOT}{{startDate nonsense}}"), "FieldUndefined"),
        (
            text(f"{ROOT[:-1]} x:1){{startDate}}"),
            "Unknown field argument x",
        ),
        (
            text(f"salesAndTrafficByDate({WHEN} {US_ONLY}){{startDate}}"),
            "Missing required fields '[aggregateBy]'",
        ),
        (
            trends(["B0"]).replace('asins:["B0"]', ""),
            "Missing required fields '[asins]'",
        ),
        (by_date(start="2026-02-30"), "YYYY-MM-DD"),
        (by_date().replace('"2026-11-01"', "20261101"), "YYYY-MM-DD"),
        (by_date(period="YEAR"), "YEAR"),
        (text(f"{ROOT}{{sales}}"), "subfields"),
        (by_date(marketplace="ANOWHERE"), "Invalid Marketplace id."),
    ],
)
def test_refused_with_400(kiosk: KioskCaller, query: str, said: str) -> None:
    assert said in kiosk.refused(query)


def test_eight_thousand_characters_after_white_space_is_gone(
    kiosk: KioskCaller,
) -> None:
    asins = [f"B0{n:08d}" for n in range(30)]
    filters = f'{{marketplaceId:"ATVPDKIKX0DER" asins:{asins}}}'.replace("'", '"')

    def query(count: int) -> str:
        many = ",\n      ".join([filters] * count)
        arguments = f"{WHEN} asinAggregation:CHILD dateAggregation:DAY filters:[{many}]"
        return kiosk_query("salesAndTrafficTrends", arguments, "childAsin")

    assert len(query(18)) > 8000
    assert kiosk.create_query(query(17)).status_code == 202
    assert "8000 characters" in kiosk.refused(query(19))


def test_who_may_ask(kiosk: KioskCaller) -> None:
    assert "denied" in kiosk.refused(by_asin(), 403, "vega-us")
    assert "denied" in kiosk.refused(by_asin(), 403, "plain-us")
    other = by_asin(marketplaces=("A1PA6795UKMFR9",))
    assert "denied" in kiosk.refused(other, 403)


def test_refused_fields_are_named(kiosk: KioskCaller) -> None:
    fields = ["sales.unitsOrderedB2B", "traffic"]
    kiosk.fault("denied_fields", operation="create_query", fields=fields)
    selected = "sales{unitsOrdered unitsOrderedB2B} traffic{sessions}"
    where = f"{SALES_AND_TRAFFIC}.salesAndTrafficByAsin"
    assert kiosk.refused(by_asin(selected), 403) == (
        "Unauthorized to access requested fields. Unauthorized to access: "
        f"[{where}.sales.unitsOrderedB2B, {where}.traffic]"
    )
    assert kiosk.create_query(by_asin("sales{unitsOrdered}")).status_code == 202


def test_a_body_that_is_none(kiosk: KioskCaller) -> None:
    headers = kiosk.headers("acme-us")
    path = "/dataKiosk/2023-11-15/queries"
    for body in ({}, {"query": 1}, {"query": by_asin(), "variables": {}}):
        assert kiosk.api.post(path, json=body, headers=headers).status_code == 400
    assert kiosk.api.post(path, data=by_asin(), headers=headers).status_code == 415


def test_rules_match_by_root_and_days(kiosk: KioskCaller) -> None:
    kiosk.fault(
        "status",
        operation="create_query",
        report_type_id="salesAndTrafficByAsin",
        covers="2026-11-10",
        code=500,
    )
    assert kiosk.create_query(by_asin()).status_code == 500
    assert kiosk.create_query(by_date()).status_code == 202
    earlier = by_asin(start="2026-11-09", end="2026-11-09")
    assert kiosk.create_query(earlier).status_code == 202
