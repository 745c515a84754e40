"""Metric columns without a pattern: traffic, cost, fees, reach, video and audio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amazon_emulator.ads_reporting.rows import measures as m
from amazon_emulator.ads_reporting.rows.metric_kinds import (
    HUNDREDTHS,
    Metric,
    Quotient,
    Reach,
    Sum,
    Terms,
    parts_of,
)

PER_CENT, PER_THOUSAND = 100.0, 1000.0
MONEY = 1 / HUNDREDTHS
"""Amounts are whole hundredths: a quotient of one with a count needs this factor."""
IMPRESSIONS: Terms = (m.impressions,)
CLICKS: Terms = (m.clicks,)
COST: Terms = (m.cost,)
_VIEWABLE: Terms = (m.viewable,)
_MEASURABLE: Terms = (m.measurable,)
_INVALID: Terms = (m.invalid_impressions,)
_INVALID_CLICKS: Terms = (m.invalid_clicks,)
_GROSS: Terms = (m.impressions, m.invalid_impressions)
_GROSS_CLICKS: Terms = (m.clicks, m.invalid_clicks)
_STARTED: Terms = parts_of(IMPRESSIONS, 95)
_COMPLETED: Terms = parts_of(IMPRESSIONS, 40)
_FIVE_SECONDS: Terms = parts_of(IMPRESSIONS, 85)
_FEES_OF_THIRD_PARTIES = (
    *("3pFeeAutomotive", "3pFeeComScore", "3pFeeCPM1", "3pFeeCPM2", "3pFeeCPM3"),
    *("3pFeeDoubleclickCampaignManager", "3pFeeDoubleVerify"),
    "3pFeeIntegralAdScience",
)
_FEES_BEFORE_BIDS = (
    *("3PPreBidFeeDoubleVerify", "3PPreBidFeeIntegralAdScience"),
    *("3PPreBidFeeOracleDataCloud", "3PPreBidFeePixalate"),
)
_AUDIENCE_FEE, _CONSOLE_FEE = m.part_of(m.cost, 8), m.part_of(m.cost, 5)
_AGENCY_FEE = m.part_of(m.cost, 4)
_SALES = m.conversions("sales", 30)
_LONG_TERM: Terms = (_SALES, m.part_of(_SALES, 40))


def _fee(name: str) -> m.Measure:
    return m.part_of(m.cost, 1 + len(name) % 2)


def _fees(names: Sequence[str]) -> Terms:
    return tuple(map(_fee, names))


_COUNTS: Mapping[str, Terms] = {
    "impressions": IMPRESSIONS,
    "clicks": CLICKS,
    "masterImpressions": IMPRESSIONS,
    "masterClicks": CLICKS,
    "impressionsViews": _VIEWABLE,
    "viewableImpressions": _VIEWABLE,
    "measurableImpressions": _MEASURABLE,
    "grossImpressions": _GROSS,
    "grossClickThroughs": _GROSS_CLICKS,
    "invalidImpressions": _INVALID,
    "invalidClickThroughs": _INVALID_CLICKS,
    "video5SecondViews": _FIVE_SECONDS,
    "videoAdStart": _STARTED,
    "audioAdStart": _STARTED,
    **{
        name: parts_of(IMPRESSIONS, percent)
        for names, percent in (
            (("videoFirstQuartileViews", "videoAdFirstQuartile"), 80),
            (("videoMidpointViews", "videoAdMidpoint"), 65),
            (("videoThirdQuartileViews", "videoAdThirdQuartile"), 50),
            (("videoCompleteViews", "videoAdComplete"), 40),
            (("audioAdFirstQuartile",), 80),
            (("audioAdMidpoint",), 65),
            (("audioAdThirdQuartile",), 50),
            (("audioAdCompletions",), 40),
            (("audioAdViews", "videoAdImpressions", "videoAdCreativeViews"), 100),
            (("interactiveImpressions",), 3),
            (("onTargetImpressions",), 60),
        )
        for name in names
    },
}
_AMOUNTS: Mapping[str, Terms] = {
    **dict.fromkeys(("cost", "spend", "totalCost"), COST),
    "supplyCost": (m.without(m.cost, _AUDIENCE_FEE, _CONSOLE_FEE),),
    "amazonDSPAudienceFee": (_AUDIENCE_FEE,),
    "amazonDSPConsoleFee": (_CONSOLE_FEE,),
    "agencyFee": (_AGENCY_FEE,),
    "3PFees": _fees(_FEES_OF_THIRD_PARTIES),
    "3PPreBidFee": _fees(_FEES_BEFORE_BIDS),
    **{
        name: _fees((name,))
        for name in (
            *_FEES_OF_THIRD_PARTIES,
            *_FEES_BEFORE_BIDS,
            *(f"{name}Absorbed" for name in _FEES_OF_THIRD_PARTIES),
            "omnichannelMetricsFee",
        )
    },
    "totalFee": (
        *(_AUDIENCE_FEE, _CONSOLE_FEE, _AGENCY_FEE),
        *_fees(_FEES_OF_THIRD_PARTIES),
    ),
    "longTermSales": _LONG_TERM,
    "onTargetImpressionCost": parts_of(COST, 60),
}
_QUOTIENTS: Mapping[str, Quotient] = {
    "invalidImpressionRate": Quotient(_INVALID, _GROSS),
    "invalidClickThroughRate": Quotient(_INVALID_CLICKS, _GROSS_CLICKS),
    "clickThroughRate": Quotient(CLICKS, IMPRESSIONS, PER_CENT),
    "viewClickThroughRate": Quotient(CLICKS, _VIEWABLE, PER_CENT),
    "viewabilityRate": Quotient(_VIEWABLE, _MEASURABLE),
    "measurableRate": Quotient(_MEASURABLE, IMPRESSIONS),
    **dict.fromkeys(("costPerClick", "eCPC"), Quotient(COST, CLICKS, MONEY)),
    **dict.fromkeys(
        ("costPerThousandImpressions", "eCPM", "onTargetCPM"),
        Quotient(COST, IMPRESSIONS, PER_THOUSAND * MONEY),
    ),
    "onTargetCostPerImpression": Quotient(COST, IMPRESSIONS, MONEY),
    "topOfSearchImpressionShare": Quotient(_VIEWABLE, _GROSS, 0.5),
    "exclusiveReachRate": Quotient(CLICKS, IMPRESSIONS, 10.0),
    "incrementalReachRate": Quotient(_VIEWABLE, _GROSS, 0.25),
    "lineItemDeliveryRate": Quotient(_VIEWABLE, _GROSS),
    "longTermROAS": Quotient(_LONG_TERM, COST),
    "video5SecondViewRate": Quotient(_FIVE_SECONDS, IMPRESSIONS),
    "videoAdCompletionRate": Quotient(_COMPLETED, _STARTED),
    "audioAdCompletionRate": Quotient(_COMPLETED, _STARTED),
    **dict.fromkeys(
        ("eCPVideoAdCompletion", "eCPAudioAdCompletion"),
        Quotient(COST, _COMPLETED, MONEY),
    ),
}
_REACHES: Mapping[str, Reach] = {
    **dict.fromkeys(("reach", "householdReach", "cumulativeReach"), Reach()),
    **dict.fromkeys(
        (
            *("frequencyAverage", "householdFrequencyAverage"),
            *("impressionFrequencyAverage", "impressionsFrequencyAverage"),
        ),
        Reach(is_frequency=True),
    ),
}
FIXED: Mapping[str, Metric] = {
    **{name: Sum(terms) for name, terms in _COUNTS.items()},
    **{name: Sum(terms, is_amount=True) for name, terms in _AMOUNTS.items()},
    **_QUOTIENTS,
    **_REACHES,
}
"""Column -> what it shows, for any ad product."""
