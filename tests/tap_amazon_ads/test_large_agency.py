"""What thousands of advertisers of one agency cost its documents; counted."""

from __future__ import annotations

from datetime import date

from singer_amazon.reports.model import Window
from singer_amazon.reports.periods import DayGrid
from singer_amazon.reports.windows import DateRange, RequestLimits
from support.ads.runs import AGENCY, ORDERS
from support.core.counted_calls import counted_calls
from tap_amazon_ads.accounts import agency_account, read_advertiser, read_profile
from tap_amazon_ads.streams import AdsReportStream
from tap_amazon_ads.tap import TapAmazonAds

DAY = date(2026, 11, 19)
COUNT = 2000


def test_a_document_costs_no_look_at_all_advertisers() -> None:
    names = ("client_id", "client_secret", "refresh_token")
    tap = TapAmazonAds(config=dict.fromkeys(names, "x"))
    stream = tap.streams[ORDERS]
    assert isinstance(stream, AdsReportStream)
    profile = read_profile({"profileId": AGENCY, "accountInfo": {"type": "agency"}})
    advertisers = [
        read_advertiser({"advertiserId": str(10**9 + n), "country": "DE"})
        for n in range(COUNT)
    ]
    assert profile is not None
    account = agency_account(profile, filter(None, advertisers))
    partition = stream.partition(
        account,
        days=DateRange(DAY, DAY, DAY),
        limits=RequestLimits(DayGrid(31), lookback=0),
    )
    first = stream.added_fields(partition, Window(DAY, DAY))
    assert b'"country_code":"DE"' in first.by_member[str(10**9)]
    with counted_calls() as calls:
        again = stream.added_fields(partition, Window(DAY, DAY))
    assert again.by_member == first.by_member
    assert calls[0] < COUNT / 10
