"""Refusals and rows of reporting v3 as users met them."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from amazon_emulator.ads_reporting.contract import report_types
from support.ads.emulation import CANADA, SELLER, AdsCaller, report_body

TOO_OLD = (
    "startDate (2026-08-17) must be equal to or after report type data retention "
    "start date (2026-08-18)"
)
WORDS = ["", "N/A", "--", "NaN", "12.5%"]
PAGES = "kindleEditionNormalizedPages"
KINDLE = [
    f"{PAGES}{kind}{ending}"
    for kind in ("Read", "Royalties")
    for ending in ("", "FromClicks", "FromViews")
]


def refusal(ads: AdsCaller, body: object, account: str = SELLER) -> str:
    response = ads.create(body, account)
    assert response.status_code == 400, response.text
    detail: str = response.get_json()["detail"]
    return detail


def test_retention_in_the_words_of_today(ads: AdsCaller) -> None:
    old = report_body(start="2026-08-17", end="2026-08-31")

    assert refusal(ads, old) == TOO_OLD
    ads.emulation.state.change({"retention_wording": "old"})
    assert "Report date is too far in the past" in refusal(ads, old)


def test_retention_by_type_and_account(ads: AdsCaller) -> None:
    rule = {"report_type_id": "spCampaigns", "account": SELLER}
    ads.fault("retention", "create", **rule, days=30, wording="new")
    ads.fault("throttle", "create", skip=1, times=1)
    body = report_body(start="2026-10-21", end="2026-10-23")

    assert refusal(ads, body).endswith("start date (2026-10-22)")
    assert ads.create(body, CANADA).status_code == 429
    assert ads.create(body, CANADA).status_code == 200


@pytest.mark.parametrize(
    ("wording", "words"),
    [
        ("unknown_type", "reportTypeId is unknown"),
        ("kdp", "KDP authors do not have access"),
        ("vendor", "not available to Vendors"),
        ("marketplace", "not supported for report API in marketplace"),
        ("ad_product", "adProduct is not supported for this report type"),
        ("Nothing for you.", "Nothing for you."),
    ],
)
def test_not_offered_in_several_wordings(
    ads: AdsCaller, wording: str, words: str
) -> None:
    ads.fault("not_offered", account=SELLER, wording=wording)

    assert words in refusal(ads, report_body())
    assert ads.create(report_body(), CANADA).status_code == 200


def test_words_in_number_columns(ads: AdsCaller) -> None:
    columns = ["date", "campaignId", "campaignName", "clicks", "cost", "impressions"]
    ads.fault("odd_rows", placeholders=WORDS, every=2, half_emoji=True)
    rows = ads.rows(report_body(columns=columns, end="2026-11-20"))
    cells = Counter(row[name] for row in rows for name in columns[3:])

    assert all(cells[word] > 0 for word in WORDS)
    halves = [row for row in rows if "\ud83d" in row["campaignName"]]
    assert len(halves) == len(rows) / 2
    assert all(isinstance(row["campaignId"], int) for row in rows)


def test_a_key_comes_again_after_many_rows(ads: AdsCaller) -> None:
    ads.emulation.state.change({"rows_per_day": 6000})
    ads.fault("odd_rows", repeat_after=11_000)
    rows = ads.rows(report_body())
    keys = Counter((row["date"], row["campaignId"]) for row in rows)

    assert len(rows) == 12_001
    assert [count for count in keys.values() if count > 1] == [2]
    assert rows[11_000] == rows[0]


def test_campaigns_of_one_name(ads: AdsCaller) -> None:
    ads.fault("odd_rows", twins=True, every=1)
    columns = ["date", "campaignName", "campaignStatus", "grossClickThroughs"]
    rows = ads.rows(report_body("spGrossAndInvalids", columns=columns))
    pairs = {(row["date"], row["campaignName"]) for row in rows}
    states = {row["campaignStatus"] for row in rows}

    assert len(rows) == 2 * len(pairs) == 20
    assert states == {"ENABLED", "ARCHIVED"}


@pytest.mark.parametrize(
    ("report_type", "ad_product", "columns"),
    [
        ("sdCampaigns", "SPONSORED_DISPLAY", KINDLE),
        ("sdTargeting", "SPONSORED_DISPLAY", KINDLE),
        ("sbCampaigns", "SPONSORED_BRANDS", ["brandStorePageView"]),
    ],
)
def test_columns_of_the_newest_pages_are_refused_by_some_accounts(
    ads: AdsCaller, report_type: str, ad_product: str, columns: list[str]
) -> None:
    group_by = [next(iter(report_types()[report_type].groupings))]
    dates = {"ad_product": ad_product}
    body = report_body(report_type, group_by, ["date", *columns], **dates)
    ads.fault("refuse_columns", account=CANADA, columns=columns)

    assert ads.create(body).status_code == 200, ads.create(body).text
    text = refusal(ads, body, CANADA)
    assert all(name in text.split("Allowed values")[0] for name in columns)
    assert columns[0] not in text.split("Allowed values")[1]


def test_expected_rows_are_those_of_the_document(ads: AdsCaller) -> None:
    ads.fault("odd_rows", twins=True, placeholders=WORDS)
    report_id = ads.create(report_body()).get_json()["reportId"]
    shown = ads.api.get(f"/_emulator/reports/{report_id}/rows").text

    assert json.loads(shown) == ads.rows(report_body())
