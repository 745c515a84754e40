from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from werkzeug.test import TestResponse

from support.ads.emulation import (
    ACCOUNT,
    ADVERTISERS,
    AGENCY,
    ATTRIBUTION,
    LINKED,
    SCOPE,
    SELLER,
    AdsCaller,
    dsp_body,
    report_body,
)
from support.core.cases import rows


def changed(body: dict[str, Any], **parts: object) -> dict[str, Any]:
    copy = deepcopy(body)
    for path, value in parts.items():
        target, name = copy, path
        if path not in ("startDate", "endDate", "name", "configuration", "extra"):
            target = copy["configuration"]
        if value is None:
            del target[name]
        else:
            target[name] = value
    return copy


def detail(ads: AdsCaller, body: object, account: str | dict[str, str] = SELLER) -> str:
    response = ads.create(body, account)
    assert response.status_code == 400, response.get_json()
    assert response.get_json()["code"] == "400"
    return str(response.get_json()["detail"])


MISSING = "Required fields are invalid or missing:"


@pytest.mark.parametrize(("parts", "text"), rows(__file__, "wrong_reports"))
def test_first_thing_wrong_is_named(
    ads: AdsCaller, parts: dict[str, Any], text: str
) -> None:
    assert detail(ads, changed(report_body(), **parts)).startswith(text)


def test_columns_are_refused_with_the_list_of_allowed_ones(ads: AdsCaller) -> None:
    body = report_body(columns=("date", "campaignId", "adGroupId", "foo"))

    text = detail(ads, body)

    start = "configuration columns includes invalid values: (adGroupId, foo). "
    assert text.startswith(f"{start}Allowed values: (date, impressions, ")
    assert text.endswith(")")
    assert "campaignId" in text


def test_date_is_refused_in_a_summary(ads: AdsCaller) -> None:
    body = report_body(columns=["date"], timeUnit="SUMMARY")

    assert "invalid values: (date)" in detail(ads, body)


def test_columns_of_the_dictionary_alone_are_taken(ads: AdsCaller) -> None:
    body = report_body(
        "sbCampaigns",
        columns=("date", "campaignId", "brandStorePageView"),
        ad_product="SPONSORED_BRANDS",
    )
    assert ads.create(body).status_code == 200


def test_ad_groups_alone_do_not_know_their_campaign(ads: AdsCaller) -> None:
    columns = ("date", "adGroupId", "campaignId")

    alone = detail(ads, report_body(group_by=["adGroup"], columns=columns))
    both = ads.create(report_body(group_by=["campaign", "adGroup"], columns=columns))

    assert "invalid values: (campaignId)" in alone
    assert both.status_code == 200


def test_filter_does_not_go_with_two_groupings(ads: AdsCaller) -> None:
    filters = [{"field": "campaignStatus", "values": ["ENABLED"]}]
    body = report_body(group_by=["campaign", "adGroup"], filters=filters)

    assert "which are invalid for groupBys: campaign, adGroup" in detail(ads, body)
    one = report_body(filters=[{"field": "adStatus", "values": ["ENABLED"]}])
    assert detail(ads, one).endswith(
        "for groupBys: campaign. Allowed filters for groupBy campaign: (campaignStatus)"
    )


def test_oldest_day_is_today_less_retention_plus_one(ads: AdsCaller) -> None:
    day = {"end": "2026-09-01"}

    assert ads.create(report_body(start="2026-08-18", **day)).status_code == 200
    text = detail(ads, report_body(start="2026-08-17", **day))

    assert "must be equal to or after report type data retention start date" in text


def test_days_are_those_of_the_accounts_zone(ads: AdsCaller) -> None:
    ads.advance(-8 * 3600)  # 04:00 UTC: still the 19th in Los Angeles

    text = detail(ads, report_body(start="2026-11-20", end="2026-11-20"))

    assert "must not be in the future" in text
    assert ads.create(report_body(end="2026-11-19")).status_code == 200


def test_content_type_is_the_documented_one_or_plain_json(ads: AdsCaller) -> None:
    body = report_body()

    assert ads.create(body, content_type="text/plain").status_code == 415
    plain = ads.create(body, content_type="application/json; charset=utf-8")
    assert plain.status_code == 200


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_body_must_be_an_object(ads: AdsCaller, body: object) -> None:
    assert detail(ads, body) == "Request body must be a JSON object"


@pytest.mark.parametrize(
    ("body", "account", "text"),
    [
        (report_body(), AGENCY, "Invalid Advertiser or Marketplace ID."),
        (report_body(), ATTRIBUTION, "Invalid Advertiser or Marketplace ID."),
        (dsp_body(), SELLER, "Invalid Advertiser or Marketplace ID."),
        (dsp_body(["1"]), AGENCY, "Invalid Advertiser or Marketplace ID."),
        (dsp_body([str(n) for n in range(101)]), AGENCY, "takes 1 to 100 values"),
        (dsp_body(filters=None), AGENCY, "configuration filters advertiserId"),
        (dsp_body(ADVERTISERS[:1]), {ACCOUNT: LINKED}, "must be the one of Amazon-Ads"),
        (dsp_body([LINKED]), {ACCOUNT: LINKED, SCOPE: AGENCY}, "Only one of"),
    ],
)
def test_account_and_product_must_fit(
    ads: AdsCaller, body: object, account: str | dict[str, str], text: str
) -> None:
    assert text in detail(ads, body, account)


@pytest.mark.parametrize(
    ("account", "text"),
    [
        ("1", "Not authorized to access scope"),
        ("x", "No matching advertiser found for scope"),
        ({}, "Scope header is missing"),
        ({ACCOUNT: "1"}, "Not authorized to access scope"),
    ],
)
def test_unknown_account_is_401(
    ads: AdsCaller, account: str | dict[str, str], text: str
) -> None:
    response = ads.create(report_body(), account)

    assert response.status_code == 401
    assert response.get_json() == {"code": "401", "detail": text}


def test_inventory_needs_supply_source_or_site(ads: AdsCaller) -> None:
    def asked(group_by: list[str]) -> TestResponse:
        body = dsp_body(reportTypeId="dspInventory", groupBy=group_by)
        body["configuration"]["columns"] = ["date", "advertiserId", "impressions"]
        return ads.create(body, AGENCY)

    bare = asked(["campaign"])
    assert bare.status_code == 400
    assert "supplySource or site is required" in bare.get_json()["detail"]
    assert asked(["supplySource", "campaign"]).status_code == 200
    assert asked(["supplySource", "placementSize"]).status_code == 400
    assert asked(["site", "placementSize"]).status_code == 200


def test_summary_of_dsp_takes_interval_columns(ads: AdsCaller) -> None:
    body = dsp_body(timeUnit="SUMMARY")
    body["configuration"]["columns"] = ["intervalStart", "intervalEnd", "orderId"]

    row = ads.rows(body, AGENCY)[0]

    assert (row["intervalStart"], row["intervalEnd"]) == ("2026-11-01", "2026-11-02")
