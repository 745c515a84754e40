"""The SDK's own tests of a tap, with the emulator as endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from singer_sdk import Stream
from singer_sdk.testing import get_tap_test_class

from amazon_emulator import Emulator
from support.ads.runs import settings_for
from support.core.capture import kept_signals
from tap_amazon_ads.tap import TapAmazonAds

pytestmark = pytest.mark.xdist_group("tap-amazon-ads-sdk")

CONFIG: dict[str, Any] = {
    "client_id": "to be set",
    "client_secret": "to be set",
    "refresh_token": "to be set",
}
FEW = {
    "profiles",
    "advertisers",
    "sponsored_brands_purchased_by_purchased_asin",
    "sponsored_display_gross_and_invalid_by_campaign",
}


class DefaultStreams(TapAmazonAds):
    """The tap without the streams that are not selected unless somebody asks."""

    def discover_streams(self) -> list[Stream]:
        return [s for s in super().discover_streams() if s.selected_by_default]


class FewStreams(TapAmazonAds):
    """The tap with few and narrow streams: the SDK tests every column by itself."""

    def discover_streams(self) -> list[Stream]:
        return [s for s in super().discover_streams() if s.name in FEW]


@pytest.fixture(scope="module", autouse=True)
def _amazon() -> Iterator[None]:
    # The SDK wants the settings while tests are collected, before there is a server.
    with Emulator(rows_per_day=3) as emulator, kept_signals():
        CONFIG.update(settings_for(emulator))
        yield


with kept_signals():  # the SDK makes a tap at once

    class TestEveryStream(
        get_tap_test_class(  # type: ignore[misc]  # made at run time
            DefaultStreams, config=CONFIG, include_stream_attribute_tests=False
        )
    ):
        pass

    class TestEveryColumn(get_tap_test_class(FewStreams, config=CONFIG)):  # type: ignore[misc]  # made at run time
        pass
