"""Unified reporting of the emulator, exchange by exchange against Amazon's own file."""

from __future__ import annotations

import pytest

from support.ads.emulation import ADVERTISERS, SELLER
from support.ads.unified import (
    COMMON,
    HERON,
    UnifiedCaller,
    check_unified,
    equals,
    only,
    unified_body,
)
from support.core.material import amazons

SPECS, pytestmark = amazons("amazon-ads")
FIELDS = (*COMMON, "budgetCurrency.value", "metric.clicks", "metric.totalCost")


def test_a_report_from_create_to_delete(ads: UnifiedCaller) -> None:
    ads.emulation.state.change({"ready_after_seconds": 60})
    body = unified_body(FIELDS, countries=["US", "CA"], currencyOfView="USD")
    created = ads.ask(body)
    check_unified(SPECS, created, 207, body)
    one = {"reportIds": [only(created)["reportId"]]}
    for seconds, status in ((0, "PENDING"), (40, "PROCESSING"), (20, "COMPLETED")):
        ads.advance(seconds)
        shown = ads.post("retrieve/reports", one)
        assert only(shown)["status"] == status
        check_unified(SPECS, shown, 207, one)
    check_unified(SPECS, ads.post("delete/reports", one), 207, one)
    gone = ads.post("retrieve/reports", one)
    assert gone.get_json()["error"][0]["errors"][0]["code"] == "NOT_FOUND"
    check_unified(SPECS, gone, 207, one)


@pytest.mark.parametrize("form", ["CSV", "GZIP_JSON", "PARTITIONED_CSV"])
def test_every_format(ads: UnifiedCaller, form: str) -> None:
    body = unified_body(FIELDS, file_format=form)
    created = ads.ask(body)
    check_unified(SPECS, created, 207, body)
    one = {"reportIds": [only(created)["reportId"]]}
    check_unified(SPECS, ads.post("retrieve/reports", one), 207, one)


def test_a_failed_report(ads: UnifiedCaller) -> None:
    ads.fault("failed", "create_unified_report", reason="too large")
    one = {"reportIds": [ads.report_id(unified_body(FIELDS))]}
    failed = ads.post("retrieve/reports", one)
    assert only(failed)["failureReason"] == "too large"
    check_unified(SPECS, failed, 207, one)


def test_refusals(ads: UnifiedCaller) -> None:
    wrong = unified_body(("campaign.name", "metric.nothing"))
    check_unified(SPECS, ads.ask(wrong), 207, wrong)
    foreign = unified_body(FIELDS, accounts=[SELLER])
    check_unified(SPECS, ads.ask(foreign), 207, foreign)
    ads.emulation.state.change({"unified_refusals": "bad_request"})
    check_unified(SPECS, ads.ask(wrong), 400, wrong)
    two = {"reportIds": ["a", "b"]}
    check_unified(SPECS, ads.post("retrieve/reports", two), 400, wrong_request=True)
    ads.fault("throttle", retry_after=5)
    check_unified(SPECS, ads.ask(foreign), 429, foreign)
    ads.emulation.state.faults.clear()
    for code in (403, 413, 500, 502, 503, 504):
        ads.emulation.state.faults.clear()
        ads.fault("status", code=code)
        check_unified(SPECS, ads.ask(foreign), code, foreign)
    ads.emulation.state.faults.clear()
    ads.token = "Atza|old"
    check_unified(SPECS, ads.ask(foreign), 401, foreign)


@pytest.mark.parametrize("region", ["NA", "EU", "FE"])
@pytest.mark.parametrize("is_global", [True, False])
def test_the_listing_of_accounts(region: str, *, is_global: bool) -> None:
    ads = UnifiedCaller(region=region)
    ads.sign_in()
    body = {"isGlobalAccountFilter": {"include": [is_global]}, "maxResults": 50}
    listed = ads.post("query/advertiserAccounts", body)
    check_unified(SPECS, listed, 200, body)
    accounts = listed.get_json()["advertiserAccounts"]
    assert accounts
    assert {account["isGlobalAccount"] for account in accounts} == {is_global}


def test_filters_and_refusals_of_the_listing(ads: UnifiedCaller) -> None:
    body = {"advertiserAccountIdFilter": {"include": [HERON]}}
    listed = ads.post("query/advertiserAccounts", body)
    check_unified(SPECS, listed, 200, body)
    assert len(listed.get_json()["advertiserAccounts"]) == 1
    wrong: list[dict[str, object]]
    wrong = [{"maxResults": 9}, {"isGlobalAccountFilter": {"include": []}}]
    for body_of_it in wrong:
        answer = ads.post("query/advertiserAccounts", body_of_it)
        check_unified(SPECS, answer, 400, wrong_request=True)


def test_nested_filters_and_the_dsp(ads: UnifiedCaller) -> None:
    body = unified_body(
        ("date.value", "campaign.id", "metric.impressions"),
        accounts=[ads.account_of(ADVERTISERS[0])],
        product="AMAZON_DSP",
    )
    inner = {"and": {"filters": [equals("campaign.country", "DE", is_not=True)]}}
    body["reports"][0]["query"]["filter"]["and"]["filters"].append(inner)
    check_unified(SPECS, ads.ask(body), 207, body)
