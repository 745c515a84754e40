"""Any fields may be asked for together: the catalogue, the mappings, the sums."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amazon_emulator.ads_unified.catalogue import Field, known_fields
from support.ads.emulation import ADVERTISERS
from support.ads.unified import HERON, UnifiedCaller, errors_of, unified_body
from support.core.material import FACTS, needs_facts

NEEDED = re.compile("400006: .* including fields: (?P<names>.*)")
PRODUCTS = {
    "SponsoredProducts": "SPONSORED_PRODUCTS",
    "SponsoredBrands": "SPONSORED_BRANDS",
    "SponsoredDisplay": "SPONSORED_DISPLAY",
    "AmazonDSP": "AMAZON_DSP",
}
ALWAYS = (
    *("date.value", "advertiserAccount.id", "adProduct.value", "budgetCurrency.value"),
)
WITH_CLICKS = [
    field.name
    for field in known_fields().values()
    if not field.is_metric
    and not known_fields()["metric.clicks"].clashes([field])
    and field.dimension not in ("hour", "audienceSegment", "convertedCurrency")
]


def test_the_catalogue_is_whole() -> None:
    fields = known_fields()
    assert sum(field.is_metric for field in fields.values()) == 699
    for field in fields.values():
        assert set(field.needs) <= set(fields), field.name
        assert not (field.never and field.only), field.name
    dimensions = {field.dimension for field in fields.values()}
    for field in fields.values():
        assert field.never | (field.only or set()) <= dimensions, field.name


def mappings() -> dict[str, list[str]]:
    """Return stream -> dimension fields, for all that are served."""
    file = FACTS / "amazon-ads-unified-reporting.md"
    if not file.exists():
        return {}
    text = file.read_text(encoding="utf-8")
    part = text[text.index("### 4.2") : text.index("### 4.4")]
    rows = re.findall(r"^\| `(\w+Report)` \| (.+?) \|", part, re.MULTILINE)
    return {
        name: re.findall(r"`([\w.]+)`", dimensions)
        for name, dimensions in rows
        if not name.startswith("SponsoredTelevision")
    }


@needs_facts
@pytest.mark.parametrize("stream", mappings())
def test_every_mapping_is_served_with_one_row_per_key(
    ads: UnifiedCaller, stream: str
) -> None:
    dimensions = mappings()[stream]
    product = next(v for k, v in PRODUCTS.items() if stream.startswith(k))
    account = ads.account_of(ADVERTISERS[0]) if product == "AMAZON_DSP" else HERON
    # Products that were bought have no impressions.
    sold = any(name.startswith("convertedProduct") for name in dimensions)
    fields = [*ALWAYS, *dimensions, f"metric.{'purchases' if sold else 'impressions'}"]
    body = unified_body(fields, accounts=[account], product=product)
    answer = ads.ask(body)
    if answer.get_json()["error"]:
        # Some need fields beside them that the older page does not name.
        for message in errors_of(answer):
            match = NEEDED.fullmatch(message)
            assert match is not None, message
            fields[-1:-1] = match["names"].split(", ")
        body = unified_body(fields, accounts=[account], product=product)
    rows = ads.unified_rows(body)
    assert rows
    assert len({tuple(str(row[x]) for x in fields[:-1]) for row in rows}) == len(rows)


def with_needs(names: set[str]) -> list[str]:
    """Return fields with all that they need."""
    found = dict.fromkeys(sorted(names))
    for name in list(found):
        found |= dict.fromkeys(with_needs(set(known_fields()[name].needs)))
    return list(found)


@pytest.fixture(scope="module")
def one() -> UnifiedCaller:
    """An emulation for many examples: none of them changes it."""
    ads = UnifiedCaller(combinations_per_campaign=2, rows_per_day=3)
    ads.sign_in()
    return ads


@given(names=st.sets(st.sampled_from(WITH_CLICKS), max_size=6))
@settings(max_examples=40, deadline=None)
def test_whatever_tells_rows_apart_the_clicks_are_the_same(
    one: UnifiedCaller, names: set[str]
) -> None:
    fields = with_needs(names)
    others: list[Field] = [known_fields()[name] for name in fields]
    if any(known_fields()[name].clashes(others) for name in fields):
        return
    # What search terms show is a part of the market.
    if "searchTerm.value" in fields:
        fields.remove("searchTerm.value")
    total = one.unified_rows(unified_body(("dateRange.value", "metric.clicks")))
    rows = one.unified_rows(unified_body((*fields, "metric.clicks")))
    assert sum(row["metric.clicks"] for row in rows) == total[0]["metric.clicks"]
    keys = {tuple(str(row[name]) for name in fields) for row in rows}
    assert len(keys) == len(rows)


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
KEYS = st.sampled_from(
    [
        *("accessRequestedAccounts", "reports", "format", "periods", "query", "and"),
        *("fields", "filter", "filters", "on", "not", "values", "datePeriod", "x"),
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES: list[tuple[str | int, ...]] = [
    (),
    ("reports",),
    ("reports", 0),
    ("accessRequestedAccounts", 0),
    ("reports", 0, "periods", 0),
    ("reports", 0, "query"),
    ("reports", 0, "query", "fields"),
    ("reports", 0, "query", "filter"),
    ("reports", 0, "query", "filter", "and", "filters", 0, "on", "values"),
    ("reports", 0, "currencyOfView"),
]


@given(place=st.sampled_from(PLACES), value=VALUES)
@settings(max_examples=40, deadline=None)
def test_any_body_has_an_answer(
    one: UnifiedCaller, place: tuple[str | int, ...], value: object
) -> None:
    body: Any = {"whole": unified_body(("date.value", "metric.clicks"))}
    inner, last = body, "whole"
    for step in place:
        inner, last = inner[last], step  # type: ignore[assignment] # keys and indexes
    inner[last] = value
    answer = one.ask(body["whole"])
    assert answer.status_code in (207, 400)
    if answer.status_code == 400:
        assert answer.get_json()["message"].startswith("400000: ")
