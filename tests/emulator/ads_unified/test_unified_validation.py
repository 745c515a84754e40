"""What unified reporting refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from support.ads.emulation import ADVERTISERS, SELLER
from support.ads.unified import (
    COMMON,
    HERON,
    UnifiedCaller,
    equals,
    errors_of,
    only,
    unified_body,
)

CLICKS = (*COMMON, "metric.clicks")


def needs(field: str, others: str) -> str:
    words = "cannot be used without also including fields"
    return f"400006: field {field} {words}: {others}"


def clashes(field: str, others: str) -> str:
    return f"400004: field {field} cannot be used along with fields: {others}"


SHARE, RATE = "metric.topOfSearchImpressionShare", "metric.purchaseRate"
NO_SEGMENTS = clashes(RATE, "audienceSegmentTargetingStatus.value")


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        (
            ("date.value", "campaign.name", "metric.clicks"),
            [needs("campaign.name", "campaign.id")],
        ),
        (
            ("date.value", "metric.totalCost"),
            [needs("metric.totalCost", "budgetCurrency.value")],
        ),
        (
            (*COMMON, "adGroup.id", SHARE),
            [needs(SHARE, "advertiserAccount.id"), clashes(SHARE, "adGroup.id")],
        ),
        (
            (*COMMON, "convertedProduct.id", "metric.clicks"),
            [
                needs("convertedProduct.id", "convertedProductMarketplace.value"),
                clashes("metric.clicks", "convertedProduct.id"),
            ],
        ),
        (
            ("date.value", "audienceSegmentTargetingStatus.value", "ad.id", RATE),
            [clashes("audienceSegmentTargetingStatus.value", "ad.id"), NO_SEGMENTS],
        ),
        (
            (*CLICKS, "target.id", "profile.id"),
            [
                "400013: field target.id has an invalid format",
                "400005: field profile.id is unknown",
            ],
        ),
    ],
)
def test_fields_that_do_not_go_together(
    ads: UnifiedCaller, fields: tuple[str, ...], messages: list[str]
) -> None:
    assert errors_of(ads.ask(unified_body(fields))) == messages


@pytest.mark.parametrize(
    ("field", "start", "end", "is_taken"),
    [
        ("date.value", "2024-11-20", "2025-03-19", True),
        ("date.value", "2024-11-19", "2024-11-20", False),
        ("date.value", "2026-07-01", "2026-10-28", True),
        ("date.value", "2026-07-01", "2026-10-29", False),
        ("hour.value", "2026-11-07", "2026-11-20", True),
        ("hour.value", "2026-11-06", "2026-11-07", False),
        ("dateRange.value", "2021-01-01", "2026-11-20", True),
        ("month.value", "2024-01-01", "2026-11-20", False),
        ("date.value", "2026-11-20", "2026-11-22", False),
        ("date.value", "2026-11-02", "2026-11-01", False),
    ],
)
def test_how_far_back_and_how_long(
    ads: UnifiedCaller, field: str, start: str, end: str, *, is_taken: bool
) -> None:
    ads.emulation.state.change({"rows_per_day": 1})
    body = unified_body((field, "metric.clicks"), start=start, end=end)
    content = ads.ask(body).get_json()
    assert bool(content["success"]) is is_taken
    assert (content["error"] is None) is is_taken


@pytest.mark.parametrize("name", ["profile.id", "marketplace.id", "campaign.countries"])
def test_filters_of_unknown_fields(ads: UnifiedCaller, name: str) -> None:
    body = unified_body(CLICKS)
    body["reports"][0]["query"]["filter"] = equals(name, "1")
    assert errors_of(ads.ask(body)) == [f"400005: field {name} is unknown"]


def wrong_bodies() -> dict[str, Any]:
    """Return bodies that break the shape of the file, by what is wrong."""
    right, two = unified_body(CLICKS), equals("adProduct.value", "A", "B")
    report = right["reports"][0]
    two["on"]["comparisonOperator"] = "EQUALS"
    query = {"fields": list(CLICKS), "filter": two}
    accounts = [{"advertiserAccountId": HERON}] * 6
    return {
        "two reports": right | {"reports": [report, report]},
        "no account": right | {"accessRequestedAccounts": []},
        "six accounts": right | {"accessRequestedAccounts": accounts},
        "format": right | {"reports": [report | {"format": "JSON"}]},
        "period": right | {"reports": [report | {"periods": []}]},
        "operator": right | {"reports": [report | {"query": query}]},
        "report type": right | {"reports": [report | {"reportTypeId": "spCampaigns"}]},
        "not JSON": None,
    }


@pytest.mark.parametrize("wrong", wrong_bodies())
def test_bodies_of_another_shape(ads: UnifiedCaller, wrong: str) -> None:
    answer = ads.ask(wrong_bodies()[wrong])
    assert answer.status_code == 400
    assert answer.get_json()["message"].startswith("400000: ")
    assert answer.get_json()["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("ids", [[], ["a", "b"], [1], None])
def test_exactly_one_id_is_retrieved(ads: UnifiedCaller, ids: object) -> None:
    for call in ("retrieve", "delete"):
        answer = ads.post(f"{call}/reports", {"reportIds": ids})
        assert answer.status_code == 400
        assert answer.get_json()["message"].startswith("400000: reportIds")


@pytest.mark.parametrize("account", [SELLER, ADVERTISERS[0], "ENTITY91QQ2QQ3QQ4Q"])
def test_other_ids_are_no_accounts(ads: UnifiedCaller, account: str) -> None:
    answer = ads.ask(unified_body(CLICKS, accounts=[HERON, account]))
    assert errors_of(answer) == ["400000: Multi-account authorization failed"]


def test_a_refusal_may_be_a_400(ads: UnifiedCaller) -> None:
    ads.emulation.state.change({"unified_refusals": "bad_request"})
    answer = ads.ask(unified_body((*CLICKS, "metric.nothing")))
    assert answer.status_code == 400
    text = "400005: field metric.nothing is unknown"
    assert answer.get_json() == {"code": "BAD_REQUEST", "message": text}


def test_creates_are_limited(ads: UnifiedCaller) -> None:
    ads.emulation.state.change({"unified_concurrent": 2, "ready_after_seconds": 600})
    answers = [ads.ask(unified_body(CLICKS)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [207, 207, 429]
    assert "Retry-After" not in answers[2].headers
    ads.advance(600)
    ads.emulation.state.change(
        {"unified_spacing_seconds": 60, "unified_retry_after_seconds": 45}
    )
    assert ads.ask(unified_body(CLICKS)).status_code == 207
    ads.advance(59)
    refused = ads.ask(unified_body(CLICKS))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "45")
    ads.advance(1)
    assert ads.ask(unified_body(CLICKS)).status_code == 207
    found = ads.emulation.unified.as_json()
    assert isinstance(found["unified_refused"], list)
    assert [entry["status"] for entry in found["unified_refused"]] == [429, 429]


def test_asking_again_gives_another_report(ads: UnifiedCaller) -> None:
    body = unified_body(CLICKS)
    assert ads.report_id(body) != ads.report_id(body)


def test_calls_name_the_client_as_this_api_does(ads: UnifiedCaller) -> None:
    headers = ads.headers()
    for path in ("create/reports", "retrieve/reports", "query/advertiserAccounts"):
        answer = ads.api.post(f"/adsApi/v1/{path}", headers=headers, json={})
        assert answer.status_code == 400
        assert "Amazon-Ads-ClientId" in answer.get_json()["message"]


def test_a_deleted_report_is_gone(ads: UnifiedCaller) -> None:
    report_id = ads.report_id(unified_body(CLICKS))
    assert only(ads.post("delete/reports", {"reportIds": [report_id]}))
    assert errors_of(ads.look(report_id)) == ["400000: report not found"]


def test_accounts_come_in_pages_and_some_are_empty(ads: UnifiedCaller) -> None:
    every = ads.list_accounts()
    ads.emulation.state.change({"entities_per_page": 1, "unified_empty_pages": True})
    found: list[dict[str, Any]] = []
    sizes: list[int] = []
    body: dict[str, str] = {}
    while True:
        page = ads.post("query/advertiserAccounts", body).get_json()
        found += page["advertiserAccounts"]
        sizes.append(len(page["advertiserAccounts"]))
        if "nextToken" not in page:
            break
        body = {"nextToken": page["nextToken"]}
    assert found == every
    assert sizes == [1, 0, 1]


def test_a_global_account_is_listed_by_every_host_it_has_a_market_of() -> None:
    for region in ("NA", "EU"):
        ads = UnifiedCaller(region=region)
        ads.sign_in()
        accounts = {x["advertiserAccountId"]: x for x in ads.list_accounts()}
        countries = [x["countryCode"] for x in accounts[HERON]["alternateIds"]]
        assert countries == ["US", "US", "CA", "CA", "GB", "GB"]
