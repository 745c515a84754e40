"""The emulator against Amazon's own OpenAPI files, where a copy of them is at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from amazon_emulator.ads_accounts.routes import MANAGERS_TYPE
from support.ads.emulation import (
    ACCOUNT,
    ADVERTISERS,
    AGENCY,
    CANADA,
    LINKED,
    REPORT_TYPE,
    SCOPE,
    SELLER,
    AdsCaller,
    dsp_body,
    report_body,
)
from support.core.material import amazons
from support.core.openapi import check_exchange, read_spec

SPECS, pytestmark = amazons("amazon-ads")
REPORTS = "reporting-v3-offline-report.json"
PROFILES = "profiles-v2.yaml"
ADVERTISER_PAGES = "dsp-advertisers-2022.json"
MANAGERS = "manager-accounts-2022.json"
REPORT_ANSWERS = {
    "POST": "application/vnd.createasyncreportresponse.v3+json",
    "GET": "application/vnd.getasyncreportresponse.v3+json",
    "DELETE": "application/vnd.deleteasyncreportresponse.v3+json",
}
FILTERS_OF_SEARCH_TERMS = {"keywordStatus", "query"}

# Samples of the file that the newer guide pages contradict: sample -> what the emulator
# refuses in it. The file calls them samples; the pages and recorded answers weigh more.
STALE_SAMPLES = {
    # A beta type without DAILY; outside the emulator's contract.
    "DSPAudioAndVideoSummaryReport": {"reportTypeId"},
    # Reach belongs to groupBy campaign and ad; the fee is on no page.
    "DSPCampaignSummaryReport": {
        "frequencyAverage",
        "householdFrequencyAverage",
        "householdReach",
        "managedServiceFee",
        "reach",
    },
    "DSPInventorySummaryReport": {"managedServiceFee"},
    "SponsoredBrandsCampaignDailyReport": {"campaignRuleBasedBudgetAmount"},
    "SponsoredBrandsSearchTermDailyReport": FILTERS_OF_SEARCH_TERMS,
    "SponsoredBrandsTargetingExpressionDailyReport": {"keywordStatus"},
    "SponsoredBrandsTargetingKeywordDailyReport": {"keywordStatus"},
    # date is for DAILY only.
    "SponsoredProductsKeywordsSummaryReport": {"date"},
    # Old names, and filters the live API was seen to refuse.
    "SponsoredBrandsPurchasedProductDailyReport": {
        "budgetCurrency",
        "newToBrandOrders14d",
        "newToBrandOrdersPercentage14d",
    },
    "SponsoredProductsAdvertisedProductDailyReport": {"campaignStatus"},
    "SponsoredProductsPurchasedProductDailyReport": {"keywordType"},
}


def check(
    name: str,
    response: TestResponse,
    status: int,
    *,
    sent: object = None,
    wrong_request: bool = False,
) -> None:
    """Validate one exchange; `wrong_request`: only the answer can be right."""
    assert response.status_code == status, response.data
    # The file names a type per operation; recorded answers are plain JSON, and so
    # are the emulator's.
    is_listed = name == REPORTS and status == 200
    answer = REPORT_ANSWERS[response.request.method] if is_listed else None
    check_exchange(
        SPECS / name,
        (REPORT_TYPE, MANAGERS_TYPE, *REPORT_ANSWERS.values()),
        response,
        sent=sent,
        wrong_request=wrong_request,
        answer=answer,
    )


@pytest.fixture
def ads() -> Iterator[AdsCaller]:
    caller = AdsCaller(ready_after_seconds=60)
    caller.sign_in()
    yield caller
    caller.emulation.close()


def test_report_from_create_to_the_end(ads: AdsCaller) -> None:
    body = report_body() | {"name": "x"}
    created = ads.create(body)
    check(REPORTS, created, 200, sent=body)
    report_id = created.get_json()["reportId"]
    check(REPORTS, ads.poll(report_id), 200)
    check(REPORTS, ads.create(body), 425, sent=body)
    ads.advance(60)
    check(REPORTS, ads.poll(report_id), 200)
    deletable = ads.create(report_body(end="2026-11-03")).get_json()["reportId"]
    check(REPORTS, ads.delete(deletable), 200)


def test_dsp_report_under_both_headers(ads: AdsCaller) -> None:
    many, one = dsp_body(ADVERTISERS), dsp_body([LINKED])
    check(REPORTS, ads.create(many, AGENCY), 200, sent=many)
    check(REPORTS, ads.create(one, {ACCOUNT: LINKED}), 200, sent=one)


def test_failed_report(ads: AdsCaller) -> None:
    ads.fault("failed", "create")
    report_id = ads.create(report_body()).get_json()["reportId"]
    ads.advance(60)
    response = ads.poll(report_id)
    assert response.get_json()["status"] == "FAILED"
    check(REPORTS, response, 200)


def test_errors_of_reports(ads: AdsCaller) -> None:
    body = report_body(columns=["nonsense"])
    check(REPORTS, ads.create(body), 400, sent=body)
    check(REPORTS, ads.create({}), 400, wrong_request=True)
    check(REPORTS, ads.create(body, "1"), 401, sent=body)
    report_id = ads.create(report_body()).get_json()["reportId"]
    check(REPORTS, ads.poll(report_id, CANADA), 404)
    check(REPORTS, ads.delete("8adca409-98e1-442c-9e74-28147f9f7bc8"), 404)
    ads.fault("throttle", retry_after=1)
    check(REPORTS, ads.create(body), 429, sent=body)
    check(REPORTS, ads.poll(report_id), 429)
    ads.emulation.state.faults.clear()
    ads.fault("status", code=500)
    check(REPORTS, ads.create(body), 500, sent=body)
    check(REPORTS, ads.poll(report_id), 500)


def test_profiles(ads: AdsCaller) -> None:
    query = "accessLevel=view&apiProgram=report&profileTypeFilter=seller"
    check(PROFILES, ads.get("/v2/profiles"), 200)
    check(PROFILES, ads.get(f"/v2/profiles?{query}"), 200)
    check(PROFILES, ads.get(f"/v2/profiles/{SELLER}"), 200)
    # The file describes no error answer, and one value of the type filter only, while
    # its own text speaks of a list.


@pytest.mark.parametrize("region", ["EU", "FE"])
def test_profiles_of_other_regions(region: str) -> None:
    ads = AdsCaller(region=region)
    ads.sign_in()
    check(PROFILES, ads.get("/v2/profiles?accessLevel=view"), 200)


def test_advertisers(ads: AdsCaller) -> None:
    path = "/dsp/advertisers?startIndex=0&count=100"
    agency = {SCOPE: AGENCY}
    check(ADVERTISER_PAGES, ads.get(path, **agency), 200)
    check(ADVERTISER_PAGES, ads.get(path, **{SCOPE: SELLER}), 403)
    check(ADVERTISER_PAGES, ads.get(path, **{SCOPE: "1"}), 401)
    too_many = ads.get("/dsp/advertisers?count=101", **agency)
    check(ADVERTISER_PAGES, too_many, 422, wrong_request=True)
    for code in (429, 500, 503):
        ads.emulation.state.faults.clear()
        ads.fault("status", code=code)
        check(ADVERTISER_PAGES, ads.get(path, **agency), code)


def test_manager_accounts(ads: AdsCaller) -> None:
    response = ads.get("/managerAccounts")
    # The file says in words that profileId and dspAdvertiserId are null for the other
    # account types, but types them as plain strings: null is taken out beforehand.
    body = response.get_json()
    links = [link for one in body["managerAccounts"] for link in one["linkedAccounts"]]
    assert any(link["profileId"] is None for link in links)
    for link in links:
        for key in [key for key, value in link.items() if value is None]:
            del link[key]
    response.set_data(json.dumps(body))
    check(MANAGERS, response, 200)


def samples() -> dict[str, Any]:
    content = read_spec(SPECS / REPORTS)["paths"]["/reporting/reports"]["post"][
        "requestBody"
    ]
    examples = content["content"][REPORT_TYPE]["examples"]
    return {name: example["value"] for name, example in examples.items()}


def test_amazons_request_samples_are_taken_but_for_stale_ones(ads: AdsCaller) -> None:
    refused = {}
    for name, sample in samples().items():
        body = json.loads(json.dumps(sample))
        body |= {"startDate": "2026-11-01", "endDate": "2026-11-04"}
        configuration, account = body["configuration"], SELLER
        if configuration["adProduct"] == "DEMAND_SIDE_PLATFORM":
            configuration["filters"][0]["values"] = [ADVERTISERS[0]]
            account = AGENCY
        refused.update(problems(ads, name, body, account))

    assert refused == STALE_SAMPLES


def problems(
    ads: AdsCaller, sample: str, body: dict[str, Any], account: str
) -> dict[str, set[str]]:
    """Return everything the emulator refuses in a body, by sample name."""
    found: set[str] = set()
    configuration = body["configuration"]
    while True:
        response = ads.create(body, account)
        if response.status_code in (200, 425):
            return {sample: found} if found else {}
        detail = response.get_json()["detail"]
        if "reportTypeId" in detail:
            return {sample: {"reportTypeId"}}
        named = set(detail.split("(", 1)[1].split(")", 1)[0].split(", "))
        found |= named
        if "columns" in detail:
            kept = [
                column for column in configuration["columns"] if column not in named
            ]
            configuration["columns"] = kept
        else:
            filters = configuration["filters"]
            configuration["filters"] = [f for f in filters if f["field"] not in named]
