"""Every column says what it means, in the catalog too."""

from __future__ import annotations

import re

import msgspec
import pytest

from support.ads.runs import QuickTap
from tap_amazon_ads.catalogue import load_catalogue
from tap_amazon_ads.catalogue.descriptions import _words, describe

NAMES = sorted(load_catalogue().columns)
UNKNOWN = {"mobileAppFirstStartAverage", "mobileAppFirstStartSum"}
SENTENCE = re.compile(r"[A-Z0-9][^.]*\.")
EXPECTED = {
    "sales14d": "Sales, within 14 days.",
    "purchases1d": "Purchases, within 1 day.",
    "unitsSoldClicks7d": "Units sold, attributed to clicks on the ads within 7 days.",
    "purchasesSameSku30d": "Purchases for the advertised SKU itself, within 30 days.",
    "newToBrandDetailPageViewsClicks": (
        "Detail page views among customers new to the brand, attributed to clicks on "
        "the ads."
    ),
    "detailPageViewViews": (
        "Detail page views, attributed to views of the ads without a click."
    ),
    "totalNewToBrandROAS": (
        "Sales divided by cost, for the promoted products and others of the brand "
        "among customers new to the brand."
    ),
    "eCPAddToCart": "Cost divided by additions to the cart.",
    "checkoutValueSum": (
        "Total value of checkouts (conversion event of the advertiser)."
    ),
    "kindleEditionNormalizedPagesRead14d": "Kindle pages read (KENP), within 14 days.",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_name_is_read_by_its_parts(name: str) -> None:
    assert describe(name) == EXPECTED[name]


def test_almost_every_column_has_a_meaning_in_one_sentence() -> None:
    said = {name: describe(name, "spX") for name in NAMES}
    assert {n for n, text in said.items() if "no description" in text} == UNKNOWN
    for name, text in said.items():
        assert name in UNKNOWN or SENTENCE.fullmatch(text), (name, text)


def test_columns_of_different_names_do_not_mean_the_same_unnoticed() -> None:
    """A window, an attribution or a kind of customer is never lost on the way."""
    for name in NAMES:
        if (days := re.search(r"(\d+)d$", name)) is not None:
            assert f"{days[1]} day" in describe(name), name
        if "newToBrand" in name and name not in UNKNOWN:
            assert "new to the brand" in describe(name), name
        if name.endswith("BrandHalo"):
            assert "of the" in describe(name), name


def test_a_column_that_nobody_knows_says_where_it_comes_from() -> None:
    text = "Amazon column xyzRate of report type spX; no description of it is known."
    assert describe("xyzRate", "spX") == text


def test_no_word_of_the_vocabulary_is_for_nothing() -> None:
    assert set(_words().columns) <= set(NAMES)
    words = msgspec.to_builtins(_words())
    assert all(text == text.strip() and text for text in words["measures"].values())


def test_the_catalog_carries_them() -> None:
    secrets = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
    streams = QuickTap(config=secrets).catalog_dict["streams"]
    assert len(streams) > len(load_catalogue().report_types)
    for entry in streams:
        for name, column in entry["schema"]["properties"].items():
            assert column.get("description"), (entry["stream"], name)
