"""Who advertises what: one source of ids and names for reports and lists."""

from __future__ import annotations

from collections import Counter
from datetime import date

from amazon_emulator.market_model.accounts import SPONSORED, MarketAccount
from amazon_emulator.market_model.combinations import AD_GROUPS, ADS, TARGETS
from amazon_emulator.market_model.entities import (
    Ad,
    AdGroup,
    Campaign,
    Portfolio,
    Target,
    entities,
)
from amazon_emulator.market_model.facts import facts
from support.ads.reports import rows_of_report

ACCOUNT = MarketAccount(3, "17", campaigns=12, combinations=6)
DAY = date(2026, 10, 4)


def test_every_child_comes_after_its_parent_and_every_id_once() -> None:
    known: dict[str, set[int]] = {"portfolio": set(), "campaign": set(), "group": set()}
    counts: Counter[str] = Counter()
    ids: list[int] = []
    for found in entities(ACCOUNT):
        counts[type(found).__name__] += 1
        match found:
            case Portfolio():
                known["portfolio"].add(found.portfolio_id)
                ids.append(found.portfolio_id)
            case Campaign():
                assert found.portfolio_id in {None, *known["portfolio"]}
                known["campaign"].add(found.campaign_id)
                ids.append(found.campaign_id)
            case AdGroup():
                assert found.campaign_id in known["campaign"]
                known["group"].add(found.ad_group_id)
                ids.append(found.ad_group_id)
            case Ad() | Target():
                assert found.ad_group_id in known["group"]
                ids.append(found.ad_id if isinstance(found, Ad) else found.target_id)

    campaigns = ACCOUNT.campaigns * len(SPONSORED)
    assert len(set(ids)) == len(ids)
    assert counts["Campaign"] == campaigns
    assert counts["AdGroup"] == AD_GROUPS * campaigns
    assert counts["Ad"] == ADS * AD_GROUPS * campaigns
    assert counts["Target"] == TARGETS * AD_GROUPS * campaigns


def test_facts_name_entities_that_exist_and_fit_together() -> None:
    known = set(entities(ACCOUNT))

    found = list(facts(ACCOUNT, DAY))

    assert len(found) == 12 * 6 * len(SPONSORED)
    for fact in found:
        assert {fact.campaign, fact.ad_group, fact.ad, fact.target} <= known
        assert fact.ad.ad_group_id == fact.ad_group.ad_group_id
        assert fact.target.ad_group_id == fact.ad_group.ad_group_id
        assert fact.ad_group.campaign_id == fact.campaign.campaign_id


def test_a_report_shows_the_facts_of_its_day() -> None:
    rows = rows_of_report("spTargeting", ["targeting"], ACCOUNT, DAY)
    expected: Counter[tuple[int, int]] = Counter()
    for fact in facts(ACCOUNT, DAY):
        if fact.campaign.ad_product == SPONSORED[0]:
            key = (fact.campaign.campaign_id, fact.target.target_id)
            expected[key] += fact.outcome.clicks

    shown = {(r["campaignId"], r["keywordId"]): r["clicks"] or 0 for r in rows}
    assert shown == dict(expected)


def test_texts_of_a_report_are_those_of_the_entities() -> None:
    by_id = {e.campaign_id: e for e in entities(ACCOUNT) if isinstance(e, Campaign)}
    targets = {e.target_id: e for e in entities(ACCOUNT) if isinstance(e, Target)}
    ads = {e.ad_id: e for e in entities(ACCOUNT) if isinstance(e, Ad)}

    for row in rows_of_report("spTargeting", ["targeting"], ACCOUNT, DAY):
        campaign, target = by_id[row["campaignId"]], targets[row["keywordId"]]
        assert row["campaignName"] == campaign.name
        assert row["campaignStatus"] == campaign.state
        assert row["campaignBudgetAmount"] == campaign.budget
        assert row["portfolioId"] == campaign.portfolio_id
        assert row["matchType"] == target.match_type
        assert row["targeting"] == target.text
        assert row["keywordBid"] == target.bid / 100
    for row in rows_of_report("spAdvertisedProduct", ["advertiser"], ACCOUNT, DAY):
        ad = ads[row["adId"]]
        assert row["advertisedAsin"] == ad.asin
        assert row["advertisedSku"] in (None, ad.sku)
