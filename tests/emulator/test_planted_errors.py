"""Errors in the numbers that somebody should find: planted, and gone with the rule."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from support.ads.emulation import ADVERTISERS, AGENCY, CANADA, AdsCaller
from support.ads.emulation import dsp_body as dsp
from support.ads.emulation import report_body as body

COLUMNS = ("date", "campaignId", "campaignBudgetCurrencyCode", "clicks", "cost")
REPORT = body(columns=COLUMNS)
Rows = list[dict[str, Any]]


@pytest.fixture
def clean(ads: AdsCaller) -> Rows:
    return ads.rows(REPORT)


def test_a_row_of_a_day_is_missing(ads: AdsCaller, clean: Rows) -> None:
    ads.fault("dropped_row", day="2026-11-02", number=3)
    second = [row for row in clean if row["date"] == "2026-11-02"]

    assert ads.rows(REPORT) == [row for row in clean if row != second[3]]


def test_of_many_rows_the_right_one_is_missing(ads: AdsCaller) -> None:
    ads.emulation.state.change({"rows_per_day": 4500})
    whole = ads.rows(REPORT)
    ads.fault("dropped_row", day="2026-11-02", number=4100)

    assert ads.rows(REPORT) == [*whole[:8600], *whole[8601:]]


def test_every_advertiser_of_a_report_lacks_its_row(ads: AdsCaller) -> None:
    ads.fault("dropped_row", number=0)
    rows = ads.rows(dsp(ADVERTISERS), AGENCY)

    assert Counter(row["advertiserId"] for row in rows) == dict.fromkeys(ADVERTISERS, 9)


def test_a_document_holds_everything_twice(ads: AdsCaller, clean: Rows) -> None:
    ads.fault("doubled_document", report_type_id="spCampaigns")

    assert ads.rows(REPORT) == [*clean, *clean]


def test_a_day_is_restated_beyond_the_usual(ads: AdsCaller, clean: Rows) -> None:
    ads.fault("restated_day", covers="2026-11-01", percent=50)
    found = ads.rows(REPORT)

    for before, after in zip(clean, found, strict=True):
        if before["date"] == "2026-11-02":
            assert after == before
        else:
            assert after["clicks"] == round((before["clicks"] or 0) * 1.5)
            assert after["cost"] == pytest.approx(before["cost"] * 1.5, abs=0.01)


def test_one_account_is_late(ads: AdsCaller) -> None:
    recent = body(columns=COLUMNS, start="2026-11-17", end="2026-11-19")
    ads.fault("late_account", account=CANADA, days=2)

    assert {row["date"] for row in ads.rows(recent, CANADA)} == {"2026-11-17"}
    assert len({row["date"] for row in ads.rows(recent)}) == 3


def test_amounts_are_in_another_currency(ads: AdsCaller, clean: Rows) -> None:
    ads.fault("mixed_currency", currency="MXN", rate=20)
    found = ads.rows(REPORT)

    assert {row["campaignBudgetCurrencyCode"] for row in found} == {"MXN"}
    for before, after in zip(clean, found, strict=True):
        assert after["clicks"] == before["clicks"]
        assert after["cost"] == pytest.approx(before["cost"] * 20)


def test_one_report_type_disagrees_with_the_others(ads: AdsCaller) -> None:
    targeting = body("spTargeting", ["targeting"], COLUMNS[:2] + COLUMNS[3:])
    ads.fault("disagreeing_report", report_type_id="spTargeting", percent=100)

    campaigns, targets = ads.rows(REPORT), ads.rows(targeting)

    assert sum(row["clicks"] for row in targets) == 2 * sum(
        row["clicks"] for row in campaigns
    )


def test_errors_add_up_and_go_with_their_rules(ads: AdsCaller, clean: Rows) -> None:
    ads.fault("doubled_document")
    ads.fault("dropped_row", number=1)
    assert len(ads.rows(REPORT)) == 2 * (len(clean) - 1)

    ads.emulation.state.faults.clear()
    assert ads.rows(REPORT) == clean


def test_what_is_expected_is_what_is_there(ads: AdsCaller) -> None:
    ads.fault("dropped_row")
    ads.fault("doubled_document")
    report_id = ads.create(REPORT).get_json()["reportId"]
    count = ads.api.get(f"/_emulator/reports/{report_id}/row-count").get_json()

    assert count == {"rows": 18}
