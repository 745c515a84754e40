"""All reports show one market: where Amazon's totals agree, these do, to the cent."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from amazon_emulator.ads_reporting.contract import report_types
from amazon_emulator.market_model.accounts import MarketAccount
from support.ads.reports import Rows, rows_of_report

Report = tuple[str, tuple[str, ...]]
DAY = date(2026, 10, 4)
WHOLE: dict[str, tuple[Report, ...]] = {
    "seller": (
        ("spCampaigns", ("campaign",)),
        ("spCampaigns", ("campaign", "adGroup")),
        ("spCampaigns", ("campaign", "campaignPlacement")),
        ("spTargeting", ("targeting",)),
        ("spAdvertisedProduct", ("advertiser",)),
        ("sbCampaigns", ("campaign",)),
        ("sbAdGroup", ("adGroup",)),
        ("sbCampaignPlacement", ("campaignPlacement",)),
        ("sbTargeting", ("targeting",)),
        ("sbAds", ("ads",)),
        ("sdCampaigns", ("campaign",)),
        ("sdCampaigns", ("campaign", "matchedTarget")),
        ("sdAdGroup", ("adGroup",)),
        ("sdTargeting", ("targeting",)),
        ("sdAdvertisedProduct", ("advertiser",)),
        ("stCampaigns", ("campaign",)),
        ("stCampaigns", ("campaign", "adGroup")),
        ("stTargeting", ("campaign", "adGroup", "targeting")),
    ),
    "dsp": (
        *(("dspCampaign", (name,)) for name in ("campaign", "ad")),
        *(("dspAudience", (name,)) for name in ("order", "lineItem")),
        *(("dspProduct", (name,)) for name in ("order", "lineItem")),
        *(("dspInventory", (name,)) for name in ("supplySource", "site")),
        *(("dspGeo", (name,)) for name in ("country", "region", "city", "order")),
        *(("dspGeo", (name,)) for name in ("postalCode", "dma", "lineItem")),
        *(("dspTech", (name,)) for name in ("operatingSystem", "browserType")),
        *(("dspTech", (name,)) for name in ("browserVersion", "deviceType")),
        *(("dspTech", (name,)) for name in ("environmentType", "order")),
        ("dspCampaign", ("campaign", "creative")),
        ("dspInventory", ("supplySource", "campaign")),
        ("dspInventory", ("site", "placement")),
        ("dspGeo", ("country", "region")),
    ),
}
"""Reports that show everything an ad product did."""
ADDED = (
    *("impressions", "clicks", "cost", "totalCost", "viewableImpressions"),
    *("purchases7d", "purchases30d", "sales1d", "sales7d", "sales30d"),
    *("attributedSalesSameSku7d", "unitsSoldClicks14d"),
    *("purchases", "purchasesClicks", "sales", "unitsSold", "addToCart"),
    *("detailPageViews", "newToBrandPurchases", "totalSales", "brandSearches"),
)


Totals = dict[tuple[str, str], Decimal]
"""(day, column) -> exact sum."""


def total(rows: Rows, column: str) -> Decimal:
    """Return the exact sum of a column."""
    return sum((Decimal(str(row[column] or 0)) for row in rows), Decimal(0))


def totals(rows: Rows) -> Totals:
    """Return the sums of every day."""
    found: Totals = {}
    for row in rows:
        for column in set(ADDED).intersection(row):
            key = (row["date"], column)
            found[key] = found.get(key, Decimal(0)) + Decimal(str(row[column] or 0))
    return found


def disagreements(
    account: MarketAccount, first: date, last: date, today: date
) -> Iterator[str]:
    """Yield a sentence for every total of an ad product that two reports differ in."""
    expected: dict[tuple[str, str, str], tuple[Report, Decimal]] = {}
    for report in WHOLE["dsp" if account.kind == "dsp" else "seller"]:
        rows = rows_of_report(
            *report, account, first, last, today=today, columns=("date", *ADDED)
        )
        ad_product = report_types()[report[0]].ad_product
        for (day, column), found in totals(rows).items():
            key = (ad_product, day, column)
            other, value = expected.setdefault(key, (report, found))
            if found != value:
                yield f"{key}: {value} in {other}, {found} in {report}"


@st.composite
def accounts(draw: st.DrawFn) -> MarketAccount:
    return MarketAccount(
        draw(st.integers(0, 50)),
        str(draw(st.integers(1, 10**15))),
        draw(st.sampled_from(("seller", "vendor", "dsp"))),
        campaigns=draw(st.integers(1, 7)),
        combinations=draw(st.sampled_from((1, 1, 2, 5, 13, 48))),
        products=draw(st.integers(1, 6)),
    )


DAYS = st.dates(date(2026, 1, 1), date(2027, 1, 1))


@settings(max_examples=12)
@given(accounts(), DAYS, st.integers(0, 40))
def test_totals_agree(account: MarketAccount, day: date, age: int) -> None:
    assert not list(disagreements(account, day, day, day + timedelta(days=age)))


def test_a_clean_market_of_20_accounts_and_60_days_has_no_disagreement() -> None:
    first, last, today = date(2026, 9, 20), date(2026, 11, 18), date(2026, 11, 20)
    kinds = ("seller", "vendor", "seller", "dsp")
    reports, found = 0, list[str]()
    for number in range(20):
        kind = kinds[number % 4]
        size = 1 + (number % 5 == 0)
        account = MarketAccount(1, f"{number}", kind, campaigns=2, combinations=size)
        found += disagreements(account, first, last, today)
        reports += len(WHOLE["dsp" if kind == "dsp" else "seller"])

    sys.stdout.write(
        f"20 accounts, 60 days, {reports} reports: {len(found)} disagreements\n"
    )
    assert not found


@settings(max_examples=15)
@given(accounts().filter(lambda x: x.kind != "dsp"), DAYS)
def test_search_terms_have_all_clicks_and_not_all_impressions(
    account: MarketAccount, day: date
) -> None:
    for product in ("sp", "sb"):
        terms = rows_of_report(f"{product}SearchTerm", ["searchTerm"], account, day)
        targets = rows_of_report(f"{product}Targeting", ["targeting"], account, day)

        assert all(row["clicks"] for row in terms)
        assert total(terms, "clicks") == total(targets, "clicks")
        assert total(terms, "cost") <= total(targets, "cost")
        assert total(terms, "impressions") < total(targets, "impressions")


@settings(max_examples=15)
@given(accounts().filter(lambda x: x.kind != "dsp"), DAYS)
def test_purchased_products_are_the_sales_of_other_products(
    account: MarketAccount, day: date
) -> None:
    bought = rows_of_report("spPurchasedProduct", ["asin"], account, day)
    ads = rows_of_report("spAdvertisedProduct", ["advertiser"], account, day)
    known = {row["advertisedAsin"] for row in ads}

    assert all(row["purchases30d"] for row in bought)
    assert all(row["purchasedAsin"] != row["advertisedAsin"] for row in bought)
    assert total(bought, "sales7d") == total(ads, "salesOtherSku7d")
    assert total(bought, "salesOtherSku7d") == total(bought, "sales7d")
    assert account.products == 1 or len(known) <= account.products


@settings(max_examples=15)
@given(accounts().filter(lambda x: x.kind != "dsp"), DAYS)
def test_purchases_of_brands_by_attribution_add_up(
    account: MarketAccount, day: date
) -> None:
    bought = rows_of_report("sbPurchasedProduct", ["purchasedAsin"], account, day)
    campaigns = rows_of_report("sbCampaigns", ["campaign"], account, day)

    assert total(bought, "sales14d") == total(campaigns, "sales")
    assert total(bought, "orders14d") == total(campaigns, "purchases")
    promoted = [row for row in bought if row["attributionType"] == "Promoted"]
    assert total(promoted, "sales14d") == total(campaigns, "salesPromoted")


@settings(max_examples=15)
@given(accounts().filter(lambda x: x.kind != "dsp"), DAYS, st.integers(0, 40))
def test_gross_traffic_is_valid_and_invalid_traffic(
    account: MarketAccount, day: date, age: int
) -> None:
    today = day + timedelta(days=age)
    for product in ("sp", "sb", "sd"):
        gross = rows_of_report(
            f"{product}GrossAndInvalids", ["campaign"], account, day, today=today
        )
        valid = rows_of_report(
            f"{product}Campaigns", ["campaign"], account, day, today=today
        )

        assert total(gross, "impressions") == total(valid, "impressions")
        assert total(gross, "clicks") == total(valid, "clicks")
        for row in gross:
            whole, invalid = row["grossImpressions"], row["invalidImpressions"] or 0
            assert whole == row["impressions"] + invalid
            assert row["grossClickThroughs"] >= row["clicks"]


@settings(max_examples=15)
@given(accounts().filter(lambda x: x.kind != "dsp"), DAYS)
def test_small_audiences_are_not_shown(account: MarketAccount, day: date) -> None:
    segments = rows_of_report(
        "spAudiences", ["campaign_bid_boost_segment"], account, day
    )
    campaigns = rows_of_report("spCampaigns", ["campaign"], account, day)

    assert all(row["impressions"] >= 40 for row in segments)
    assert total(segments, "clicks") < total(campaigns, "clicks")


@settings(max_examples=15)
@given(accounts().filter(lambda x: x.kind == "dsp"), DAYS)
def test_a_page_has_the_same_total_whoever_advertised_on_it(
    account: MarketAccount, day: date
) -> None:
    def by_source(*group_by: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in rows_of_report("dspInventory", group_by, account, day):
            name = row["supplySource"]
            found[name] = found.get(name, 0) + row["impressions"]
        return found

    assert by_source("supplySource") == by_source("supplySource", "campaign")


@settings(max_examples=25)
@given(
    accounts(),
    DAYS,
    st.integers(2, 6),
    st.sampled_from([(r, k) for k, v in WHOLE.items() for r in v]),
)
def test_a_summary_is_the_sum_of_its_days(
    account: MarketAccount, first: date, length: int, chosen: tuple[Report, str]
) -> None:
    (name, group_by), kind = chosen
    if (account.kind == "dsp") != (kind == "dsp"):
        return
    last = first + timedelta(days=length)
    daily = rows_of_report(name, group_by, account, first, last)
    summary = rows_of_report(name, group_by, account, first, last, time_unit="SUMMARY")
    grain: Sequence[str] = report_types()[name].grain(group_by)
    names = [column for part in grain for column in part.split("|")]

    assert len({tuple(row[n] for n in names) for row in summary}) == len(summary)
    for column in set(ADDED).intersection(daily[0]):
        assert total(daily, column) == total(summary, column)


@settings(max_examples=20)
@given(accounts(), DAYS)
def test_the_same_question_has_the_same_answer(
    account: MarketAccount, day: date
) -> None:
    name, group_by = ("dspCampaign", ["ad"])
    if account.kind != "dsp":
        name, group_by = ("spTargeting", ["targeting"])
    alone = rows_of_report(name, group_by, account, day)
    among = rows_of_report(
        name, group_by, account, day - timedelta(days=1), day + timedelta(days=1)
    )

    found = [row for row in among if row["date"] == day.isoformat()]
    for row in (*alone, *found):
        for times in ("startDate", "endDate", "intervalStart", "intervalEnd"):
            row.pop(times, None)
    assert found == alone


def test_rows_show_one_market_when_it_is_large() -> None:
    small = MarketAccount(1, "9", campaigns=3)
    large = MarketAccount(1, "9", campaigns=5000)
    few = rows_of_report("spCampaigns", ["campaign"], small, DAY)

    assert rows_of_report("spCampaigns", ["campaign"], large, DAY)[:3] == few
