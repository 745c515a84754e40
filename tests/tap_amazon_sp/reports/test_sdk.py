"""The SDK's own tests of a tap, with the emulator as endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from singer_sdk import Stream
from singer_sdk.testing import get_tap_test_class

from amazon_emulator import Emulator
from singer_amazon.tap.stream import ReportStream
from support.core.capture import kept_signals
from support.sp.runs import SALES, SALES_BY_ASIN, SELLER, US, settings
from tap_amazon_sp.tap import TapAmazonSp

pytestmark = [
    pytest.mark.xdist_group("tap-amazon-sp-sdk"),
    # Amazon sends nothing unknown: _extra stays away
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog:UserWarning"),
]

CONFIG: dict[str, Any] = {
    "client_id": "to be set",
    "client_secret": "to be set",
    "refresh_token": "to be set",
}
OFFERS = ("coupon", "promotion")


class WithRows(TapAmazonSp):
    """The report streams, without those of offers: there is none on a day by chance."""

    def discover_streams(self) -> list[Stream]:
        found = super().discover_streams()
        return [
            s
            for s in found
            if isinstance(s, ReportStream) and not s.name.startswith(OFFERS)
        ]


class FewStreams(TapAmazonSp):
    """The tap with two streams: the SDK tests every column by itself."""

    def discover_streams(self) -> list[Stream]:
        few = (SALES, SALES_BY_ASIN)
        return [s for s in super().discover_streams() if s.name in few]


@pytest.fixture(scope="module", autouse=True)
def _amazon() -> Iterator[None]:
    # The SDK wants the settings while tests are collected, before there is a server.
    with Emulator(sp_asins=3) as emulator, kept_signals():
        CONFIG.pop("refresh_token", None)
        found = settings(emulator, poll_interval_seconds=0.05)
        first = emulator.client.now().date().replace(day=1)
        lines = emulator.client.kiosk_truth(
            SELLER,
            root="salesAndTrafficByAsin",
            arguments={
                "startDate": str(first),
                "endDate": str(first),
                "aggregateBy": "CHILD",
                "marketplaceIds": [US],
            },
        )
        asins = sorted({line["childAsin"] for line in lines})
        CONFIG.update(
            found
            | {"start_date": str(first), "data_kiosk_trends_asins": {SELLER: asins}}
        )
        yield


with kept_signals():  # the SDK makes a tap at once

    class TestEveryStream(
        get_tap_test_class(  # type: ignore[misc]  # made at run time
            WithRows, config=CONFIG, include_stream_attribute_tests=False
        )
    ):
        pass

    class TestEveryColumn(get_tap_test_class(FewStreams, config=CONFIG)):  # type: ignore[misc]  # made at run time
        pass
