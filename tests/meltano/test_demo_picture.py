"""The page at the end of the demo: what it says of the rows of several runs."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from amazon_emulator.demo.picture.campaigns import beside_numbers, split
from amazon_emulator.demo.picture.figures import AccountDay, Figures, Money, Restatement
from amazon_emulator.demo.picture.page import page_of

PRODUCTS = "sponsored_products_campaign_by_campaign"
DSP = "amazon_dsp_campaign_by_campaign"


def campaign(day: int, sales: float, currency: str = "USD", **more: Any) -> Any:
    return {
        "profile_id": "1",
        "currency_code": currency,
        "date": f"2026-11-0{day}",
        "campaignId": "7",
        "cost": 0.1,
        "sales14d": sales,
        **more,
    }


def figures(*runs: dict[str, Any]) -> Figures:
    found = Figures()
    for rows in runs:
        found.take(rows)
    return found


def test_a_row_that_comes_again_counts_once_and_is_a_restatement() -> None:
    found = figures(
        {PRODUCTS: [campaign(1, 10.2), campaign(2, 3)]}, {PRODUCTS: [campaign(1, 12)]}
    )

    assert found.performance() == {
        "USD": {
            ("2026-11-01", "Sponsored Products"): Money(Decimal("0.1"), Decimal(12)),
            ("2026-11-02", "Sponsored Products"): Money(Decimal("0.1"), Decimal(3)),
        }
    }
    day = AccountDay("Sponsored Products", "1", "USD", "2026-11-01")
    assert found.restatements() == [Restatement(day, Decimal("10.2"), Decimal(12))]


def test_campaigns_stand_by_name_beside_their_newest_day() -> None:
    def entity(number: str, period: str, budget: int) -> Any:
        money = {"amount": budget, "currencyCode": "EUR"}
        caps = {
            "recurrenceTimePeriod": period,
            "budgetValue": {"monetaryBudget": money},
        }
        row = {"profile_id": "1", "campaignId": number, "name": f"No\n{number}"}
        return {**row, "state": "ENABLED", "budgetCaps": caps}

    rows = [campaign(day, 1, campaignId=n) for day in (1, 2) for n in ("7", "8", "9")]
    rows[3]["cost"], rows[4]["cost"] = 15, "0.5"
    reports, snapshot = split(
        {
            PRODUCTS: rows,
            "campaigns": [entity("8", "DAILY", 1), entity("7", "DAILY", 20)],
        }
    )
    assert list(reports) == [PRODUCTS]
    found = beside_numbers(reports, [*snapshot, entity("9", "LIFETIME", 5)])
    assert [(c.name, c.cost, c.used_percent) for c in found] == [
        ("No 7", Decimal(15), 75),
        ("No 8", Decimal("0.5"), 50),
    ]


def test_currencies_are_never_added_up() -> None:
    order = {"advertiserId": "9", "orderId": "5", "totalCost": 4, "totalSales": None}
    rows = [campaign(1, 1), campaign(1, 2, "EUR", campaignId="8")]
    found = figures({PRODUCTS: rows, DSP: [campaign(1, 0, "EUR", **order)]})

    assert list(found.performance()) == ["EUR", "USD"]
    dsp = found.performance()["EUR"]["2026-11-01", "Amazon DSP"]
    assert dsp == Money(Decimal(4), Decimal(0))


def test_an_account_that_is_behind_comes_first() -> None:
    late = campaign(1, 1, profile_id="late")
    fresh = figures({PRODUCTS: [campaign(1, 1), campaign(2, 1), late]}).freshness()

    assert [(f.account, f.late_by_days) for f in fresh] == [("late", 1), ("1", 0)]


def test_the_page_stands_alone_and_shows_no_markup_of_others() -> None:
    found = figures({PRODUCTS: [campaign(1, 10)]}, {PRODUCTS: [campaign(1, 1250.5)]})
    page = page_of(found, {"1": "<b>Me & Co</b>"}, "demo")

    assert "&lt;b&gt;Me &amp; Co&lt;/b&gt;" in page
    assert "Sales: 1,250.50 USD" in page
    assert "+1,240.50" in page
    assert not re.search(r"<(script|link|img)|https?:|url\(", page)
    assert "NaN" not in page_of(Figures(), {}, "nothing came")
