"""Unified reports show the market of reporting v3: the numbers add up to the same."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from amazon_emulator.ads_reporting.contract import report_types
from amazon_emulator.ads_unified.catalogue import known_fields
from support.ads.emulation import (
    ADVERTISERS,
    AGENCY,
    BRAZIL,
    CANADA,
    LINKED,
    SELLER,
    VENDOR,
    report_body,
)
from support.ads.unified import (
    COMMON,
    UnifiedCaller,
    csv_rows,
    equals,
    only,
    unified_body,
)

DSP = "DEMAND_SIDE_PLATFORM"
SPONSORED = {
    "SPONSORED_PRODUCTS": "spCampaigns",
    "SPONSORED_BRANDS": "sbCampaigns",
    "SPONSORED_DISPLAY": "sdCampaigns",
}
COUNTRIES = {SELLER: "US", CANADA: "CA", BRAZIL: "BR", VENDOR: "US"}
WINDOWS = {SELLER: 7, CANADA: 7, BRAZIL: 14, VENDOR: 14}
WINDOW_OF_OTHERS = {7: ("14d", "7d"), 14: ("7d", "14d")}
Row = Mapping[str, Any]


def numbers(row: Row, names: Mapping[str, str]) -> list[Any]:
    """Return the metrics of a row; what did not happen is 0 or null in v3."""
    return [row[name] or 0 for name in names]


def v3_rows(
    ads: UnifiedCaller,
    report_type: str,
    columns: Iterable[str],
    account: str,
    group_by: str = "",
) -> list[dict[str, Any]]:
    found = report_types()[report_type]
    group_by = group_by or next(iter(found.groupings))
    filters: dict[str, Any] = {}
    is_dsp = found.ad_product == DSP
    if is_dsp:
        filters = {"filters": [{"field": "advertiserId", "values": [account]}]}
    body = report_body(
        report_type, [group_by], list(columns), ad_product=found.ad_product, **filters
    )
    if is_dsp and account == LINKED:
        return ads.rows(body, {"Amazon-Ads-AccountId": LINKED})
    return ads.rows(body, AGENCY if is_dsp else account)


def by_key(
    rows: Iterable[Row], key: Sequence[str], names: Mapping[str, str]
) -> dict[tuple[str, ...], list[Any]]:
    return {tuple(str(row[k]) for k in key): numbers(row, names) for row in rows}


@pytest.mark.parametrize("account", [SELLER, CANADA, BRAZIL, VENDOR])
@pytest.mark.parametrize("product", SPONSORED)
def test_campaigns_are_those_of_v3(
    ads: UnifiedCaller, product: str, account: str
) -> None:
    ads.emulation.state.change({"combinations_per_campaign": 3})
    days = WINDOWS[account]
    is_products = product == "SPONSORED_PRODUCTS"
    ends = f"{days}d" if is_products else ""
    names = {
        "metric.impressions": "impressions",
        "metric.clicks": "clicks",
        "metric.totalCost": "cost",
        "metric.purchases": f"purchases{ends}",
        "metric.sales": f"sales{ends}",
    }
    columns = ("date", "campaignId", *names.values())
    old = v3_rows(ads, SPONSORED[product], columns, account)
    body = unified_body(
        (*COMMON, "budgetCurrency.value", *names),
        accounts=[ads.account_of(account)],
        product=product,
        countries=[COUNTRIES[account]],
    )
    new = ads.unified_rows(body)

    known = by_key(old, ("date", "campaignId"), dict.fromkeys(names.values(), ""))
    assert known
    assert by_key(new, ("date.value", "campaign.id"), names) == known
    assert len(new) == len(known)


@pytest.mark.parametrize("account", [ADVERTISERS[1], LINKED])
def test_orders_are_those_of_v3(ads: UnifiedCaller, account: str) -> None:
    names = {
        "metric.impressions": "impressions",
        "metric.totalCost": "totalCost",
        "metric.purchases": "totalPurchases",
        "metric.purchasesPromoted": "purchases",
        "metric.salesPromoted": "sales",
    }
    old = v3_rows(ads, "dspCampaign", ("date", "orderId", *names.values()), account)
    body = unified_body(
        ("date.value", "campaign.id", "budgetCurrency.value", *names),
        accounts=[ads.account_of(account)],
        product="AMAZON_DSP",
    )
    known = by_key(old, ("date", "orderId"), dict.fromkeys(names.values(), ""))
    new = by_key(ads.unified_rows(body), ("date.value", "campaign.id"), names)
    assert new == known


def test_devices_are_those_of_v3(ads: UnifiedCaller) -> None:
    ads.emulation.state.change({"combinations_per_campaign": 3})
    columns = ("date", "operatingSystemName", "impressions")
    old = v3_rows(ads, "dspTech", columns, ADVERTISERS[0], "operatingSystem")
    body = unified_body(
        ("date.value", "operatingSystem.value", "metric.impressions"),
        accounts=[ads.account_of(ADVERTISERS[0])],
        product="AMAZON_DSP",
    )
    names = {"metric.impressions": "impressions"}
    new = by_key(ads.unified_rows(body), ("date.value", "operatingSystem.value"), names)
    assert new == by_key(old, columns[:2], {"impressions": ""})


@pytest.mark.parametrize(
    ("report_type", "account"),
    [
        ("spCampaigns", SELLER),
        ("spCampaigns", BRAZIL),
        ("sbCampaigns", SELLER),
        ("sdCampaigns", SELLER),
        ("dspCampaign", ADVERTISERS[0]),
    ],
)
def test_each_metric_is_the_column_that_amazon_names_for_it(
    ads: UnifiedCaller, report_type: str, account: str
) -> None:
    found = report_types()[report_type]
    is_dsp, is_products = found.ad_product == DSP, report_type == "spCampaigns"
    group_by = next(iter(found.groupings))
    offered = set(found.allowed_columns([group_by], "DAILY"))
    campaign = [known_fields()["campaign.id"]]
    names: dict[str, str] = {}
    for field in known_fields().values():
        if not field.is_metric or field.clashes(campaign) or "Converted" in field.name:
            continue
        for column in [field.dsp] if is_dsp else field.sponsored:
            own = str(column).replace(*WINDOW_OF_OTHERS[WINDOWS.get(account, 14)])
            is_other = is_products and own != column and own in field.sponsored
            if column in offered and not is_other:
                names[field.name] = str(column)
    key = ("date", "orderId" if is_dsp else "campaignId")
    old = v3_rows(ads, report_type, {*key, *names.values()}, account)
    needed = {n for name in names for n in known_fields()[name].needs}
    body = unified_body(
        ("date.value", *{*needed, *COMMON[2:]}, *names),
        accounts=[ads.account_of(account)],
        product="AMAZON_DSP" if is_dsp else found.ad_product,
        countries=[COUNTRIES.get(account, "US")],
    )
    new = ads.unified_rows(body)

    assert len(names) > 8
    known = {tuple(str(row[k]) for k in key): row for row in old}
    for row in new:
        other_row = known[row["date.value"], row["campaign.id"]]
        for name, column in names.items():
            assert (row[name] or 0) == (other_row[column] or 0), (name, column)


def test_search_terms_are_those_of_v3(ads: UnifiedCaller) -> None:
    columns = ("date", "adGroupId", "searchTerm", "keywordType", "targeting", "clicks")
    old = v3_rows(ads, "spSearchTerm", columns, SELLER)
    body = unified_body(
        (
            *(*COMMON, "adGroup.id", "searchTerm.value", "target.value"),
            *("target.matchType", "metric.clicks"),
        ),
        countries=["US"],
    )
    names = ("adGroup.id", "searchTerm.value", "target.matchType", "target.value")
    new = by_key(
        ads.unified_rows(body), ("date.value", *names), {"metric.clicks": "clicks"}
    )
    key = ("date", "adGroupId", "searchTerm", "keywordType", "targeting")
    assert new == by_key(old, key, {"clicks": ""})


@pytest.mark.parametrize(
    "finer",
    [
        ("adGroup.id",),
        ("adGroup.id", "target.value", "target.matchType"),
        ("adGroup.id", "ad.id", "advertisedProduct.id"),
        ("placementClassification.value",),
        ("hour.value",),
    ],
)
def test_parts_of_a_campaign_add_up_to_it(
    ads: UnifiedCaller, finer: Sequence[str]
) -> None:
    ads.emulation.state.change({"combinations_per_campaign": 5})
    days = {"start": "2026-11-10", "end": "2026-11-12"}

    def totals(fields: Sequence[str]) -> tuple[Counter[tuple[str, ...]], int]:
        rows = ads.unified_rows(unified_body((*fields, "metric.impressions"), **days))
        found: Counter[tuple[str, ...]] = Counter()
        for row in rows:
            found[row["date.value"], row["campaign.id"]] += row["metric.impressions"]
        return found, len(rows)

    whole, count = totals(COMMON)
    parts, many = totals((*COMMON, *finer))
    assert parts == whole
    assert many > count


def test_one_report_has_all_countries_and_a_filter_picks_some(
    ads: UnifiedCaller,
) -> None:
    fields = (*COMMON, "budgetCurrency.value", "metric.clicks")
    every = ads.unified_rows(unified_body(fields))
    assert {
        (row["campaign.country"], row["budgetCurrency.value"]) for row in every
    } == {
        *(("US", "USD"), ("CA", "CAD"), ("GB", "GBP")),
    }
    canada = ads.unified_rows(unified_body(fields, countries=["CA"]))
    same = [row for row in every if row["campaign.country"] == "CA"]
    assert sorted(map(str, canada)) == sorted(map(str, same))
    body = unified_body(fields)
    body["reports"][0]["query"]["filter"] = equals(
        "campaign.country", "CA", "GB", is_not=True
    )
    rest = ads.unified_rows(body)
    assert {row["campaign.country"] for row in rest} == {"US"}
    assert {row["adProduct.value"] for row in rest} == set(SPONSORED)


def test_rows_without_a_campaign_add_up_all_of_them(ads: UnifiedCaller) -> None:
    rows = ads.unified_rows(
        unified_body((*COMMON, "metric.clicks", "metric.ctr"), product=None)
    )
    (one, two) = ads.unified_rows(
        unified_body(("date.value", "metric.clicks", "metric.ctr"), product=None)
    )
    for day in (one, two):
        clicks = [
            x["metric.clicks"] for x in rows if x["date.value"] == day["date.value"]
        ]
        assert day["metric.clicks"] == sum(clicks)


@pytest.mark.parametrize("number", [1, 7])
def test_parts_together_are_the_report(ads: UnifiedCaller, number: int) -> None:
    fields = (*COMMON, "metric.clicks")
    whole = ads.unified_rows(unified_body(fields, file_format="GZIP_JSON"))
    ads.emulation.state.change({"unified_parts": number})
    report_id = ads.report_id(unified_body(fields))
    parts = [json.loads(gzip.decompress(part)) for part in ads.parts(report_id)]
    assert len(parts) == number
    rows = [row for part in parts for row in part]
    assert sorted(map(str, rows)) == sorted(map(str, whole))
    ads.emulation.state.change({"unified_json": "lines"})
    (part, *_) = ads.parts(ads.report_id(unified_body(fields)))
    lines = gzip.decompress(part).decode().splitlines()
    assert [json.loads(line) for line in lines] == parts[0]


def test_csv_has_a_header_in_every_part(ads: UnifiedCaller) -> None:
    fields = ("date.value", "campaign.id", "campaign.name", "metric.clicks")
    report_id = ads.report_id(unified_body(fields, file_format="PARTITIONED_CSV"))
    parts = ads.parts(report_id)
    assert all(part.startswith(b"date.value,campaign.id,") for part in parts)
    rows = [row for part in parts for row in csv_rows(part)]
    same = ads.unified_rows(unified_body(fields))
    assert [{k: str(v) for k, v in row.items()} for row in same] == rows


def test_what_amazon_does_not_serve_is_not_served(ads: UnifiedCaller) -> None:
    fields = (*COMMON, "metric.clicks")
    assert ads.unified_rows(unified_body(fields, product="SPONSORED_TELEVISION")) == []
    brands = unified_body(fields, product="SPONSORED_BRANDS", countries=["US"])
    every = {row["campaign.id"] for row in ads.unified_rows(brands)}
    ads.emulation.state.change({"unified_old_campaigns_every": 2})
    assert len({row["campaign.id"] for row in ads.unified_rows(brands)}) == 2
    assert len(every) == 5


def test_numbers_move_as_in_v3_when_days_grow_older(ads: UnifiedCaller) -> None:
    fields = (*COMMON, "budgetCurrency.value", "metric.sales")
    body = unified_body(fields, start="2026-11-18", end="2026-11-18", countries=["US"])
    young = sum(row["metric.sales"] for row in ads.unified_rows(body))
    ads.emulation.state.change({"restate": 20})
    assert sum(row["metric.sales"] for row in ads.unified_rows(body)) > young


def test_a_manager_account_is_all_that_is_linked_to_it(ads: UnifiedCaller) -> None:
    body = unified_body(("date.value", "advertiserAccount.id", "metric.clicks"))
    body["accessRequestedAccounts"] = [{"managerAccountId": "amzn1.ads1.ma1.na7k2"}]
    del body["reports"][0]["query"]["filter"]
    rows = ads.unified_rows(body)
    linked = (SELLER, ADVERTISERS[0], LINKED)
    accounts = {ads.account_of(alternate) for alternate in linked}
    assert {row["advertiserAccount.id"] for row in rows} == accounts
    assert only(ads.ask(body))["status"] == "PENDING"
