"""The known defects of unified reporting, each of them planted."""

from __future__ import annotations

from collections import Counter

import pytest

from amazon_emulator import Emulator
from amazon_emulator.http import ResetError
from support.ads.emulation import CANADA, SELLER, report_body
from support.ads.unified import (
    COMMON,
    HERON,
    UnifiedCaller,
    errors_of,
    only,
    unified_body,
)
from support.core.emulation import NOON

CREATE, RETRIEVE = "create_unified_report", "retrieve_unified_report"
CLICKS = (*COMMON, "metric.clicks")


def test_a_country_is_silently_empty(ads: UnifiedCaller) -> None:
    body = unified_body(CLICKS, file_format="GZIP_JSON")
    whole = ads.unified_rows(body)
    ads.fault("empty_country", CREATE, country="CA")
    rest = ads.unified_rows(body)
    assert rest == [row for row in whole if row["campaign.country"] != "CA"]
    assert ads.unified_rows(unified_body(CLICKS, countries=["CA"])) == []
    v3 = ads.rows(report_body(columns=("date", "campaignId", "clicks")), CANADA)
    assert sum(row["clicks"] for row in v3) > 0


def test_rows_come_twice(ads: UnifiedCaller) -> None:
    whole = ads.unified_rows(unified_body(CLICKS, file_format="GZIP_JSON"))
    ads.fault("duplicate_rows", CREATE, every=3, times=1)
    doubled = ads.unified_rows(unified_body(CLICKS, file_format="GZIP_JSON"))
    extra = Counter(map(str, doubled)) - Counter(map(str, whole))
    assert extra == Counter(map(str, whole[::3]))


def test_rows_come_in_two_halves_of_one_key(ads: UnifiedCaller) -> None:
    fields = (*CLICKS, "budgetCurrency.value", "metric.totalCost")
    whole = ads.unified_rows(unified_body(fields))
    ads.fault("duplicate_rows", CREATE, every=1, split=True)
    halves = ads.unified_rows(unified_body(fields))
    assert len(halves) == 2 * len(whole)
    for metric in ("metric.clicks", "metric.totalCost"):
        found: Counter[str] = Counter()
        for row in halves:
            found[row["date.value"] + row["campaign.id"]] += row[metric]
        for row in whole:
            total = found[row["date.value"] + row["campaign.id"]]
            assert total == pytest.approx(row[metric])


def test_a_field_changes_its_meaning(ads: UnifiedCaller) -> None:
    fields = (*COMMON, "adGroup.id", "matchedTarget.value", "metric.clicks")
    body = unified_body(fields, product="SPONSORED_DISPLAY")
    before = {row["matchedTarget.value"] for row in ads.unified_rows(body)}
    ads.fault("changed_meaning", CREATE)
    after = {row["matchedTarget.value"] for row in ads.unified_rows(body)}
    assert before.isdisjoint(after)
    ads.emulation.state.faults.clear()
    ads.fault(
        *("changed_meaning", CREATE),
        field="metric.clicks",
        becomes="metric.impressions",
    )
    seen = (*CLICKS, "metric.impressions")
    for row in ads.unified_rows(unified_body(seen)):
        assert row["metric.clicks"] == row["metric.impressions"]


def test_complete_without_an_address(ads: UnifiedCaller) -> None:
    report_id = ads.report_id(unified_body(CLICKS))
    ads.fault("no_url", RETRIEVE, times=1)
    shown = only(ads.look(report_id))
    assert shown["status"] == "COMPLETED"
    assert "completedReportParts" not in shown
    assert len(only(ads.look(report_id))["completedReportParts"]) == 2


@pytest.mark.parametrize("operation", [CREATE, RETRIEVE])
@pytest.mark.parametrize("listed", [False, True])
def test_a_part_is_missing(ads: UnifiedCaller, operation: str, *, listed: bool) -> None:
    ads.fault("missing_part", operation, number=0, listed=listed)
    parts = only(ads.look(ads.report_id(unified_body(CLICKS))))["completedReportParts"]
    found = [ads.download(part["url"]).status_code for part in parts]
    assert found == ([404, 200] if listed else [200])


def test_an_address_expires(ads: UnifiedCaller) -> None:
    report_id = ads.report_id(unified_body(CLICKS))
    (part, _) = only(ads.look(report_id))["completedReportParts"]
    ads.advance(3601)
    assert ads.download(part["url"]).status_code == 403
    ads.sign_in()
    (fresh, _) = only(ads.look(report_id))["completedReportParts"]
    ads.fault("expired", "download_unified_report", times=1)
    answers = [ads.download(fresh["url"]).status_code for _ in range(2)]
    assert answers == [403, 200]


def test_a_create_is_made_though_its_answer_is_lost(ads: UnifiedCaller) -> None:
    ads.fault("lost_answer", CREATE, times=1)
    with pytest.raises(ResetError):
        ads.ask(unified_body(CLICKS))
    ads.fault("throttle", CREATE, accepted=True, times=1)
    assert ads.ask(unified_body(CLICKS)).status_code == 429
    made = ads.emulation.unified.as_json()["unified_creates"]
    assert isinstance(made, list)
    assert len(made) == 2


def test_a_field_that_one_account_may_not_use(ads: UnifiedCaller) -> None:
    names = ["metric.clicks"]
    ads.fault("refuse_columns", CREATE, account=SELLER, columns=names)
    refused = ads.ask(unified_body(CLICKS))
    assert errors_of(refused) == ["400005: field metric.clicks is unknown"]
    others = unified_body(CLICKS, accounts=[ads.account_of("3300400500600703")])
    assert only(ads.ask(others))


def test_rules_match_by_ad_product_and_days(ads: UnifiedCaller) -> None:
    for more in ({"report_type_id": "SPONSORED_BRANDS"}, {"covers": "2026-11-05"}):
        ads.fault("failed", CREATE, **more)
    right = ads.report_id(unified_body(CLICKS))
    wrong = ads.report_id(unified_body(CLICKS, product="SPONSORED_BRANDS"))
    late = ads.report_id(unified_body(CLICKS, end="2026-11-06"))
    statuses = [only(ads.look(x))["status"] for x in (right, wrong, late)]
    assert statuses == ["COMPLETED", "FAILED", "FAILED"]


# --- over HTTP ----------------------------------------------------------------


def test_the_client_tells_what_was_asked_and_what_the_rows_are() -> None:
    with Emulator(now=NOON, frozen=True) as emulator:
        ads = UnifiedCaller.of(emulator.emulation)
        body = unified_body(CLICKS)
        rows = ads.unified_rows(body)
        ads.ask(unified_body(("metric.nothing",)))
        found = emulator.client.statistics()
        (create,) = found.unified_creates
        expected = emulator.client.expected_unified_rows(create.report_id)
        emulator.client.reset()
        assert emulator.client.statistics().unified_creates == []

    assert (create.looks, create.downloads, create.parts) == (1, 2, 2)
    assert create.accounts == [HERON]
    assert create.body == body
    assert [refused.status for refused in found.unified_refused] == [207]
    assert found.count(CREATE) == 2
    assert sorted(map(str, expected)) == sorted(map(str, rows))
