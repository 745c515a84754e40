"""What a field shows of a market: the same texts and numbers as reporting v3.

A metric is the column of v3 that Amazon names for it, in the window of the ad product:
Sponsored Products 7 days for sellers and 14 for vendors, all others 14 days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from amazon_emulator.ads_reporting.contract import report_types
from amazon_emulator.ads_reporting.rows import cells as c
from amazon_emulator.ads_reporting.rows.dimensions import (
    Dimension,
    dimension,
    json_text,
)
from amazon_emulator.ads_reporting.rows.fixed_metrics import COST, MONEY
from amazon_emulator.ads_reporting.rows.measures import impressions, viewable
from amazon_emulator.ads_reporting.rows.metric_kinds import Metric, Quotient
from amazon_emulator.ads_reporting.rows.metrics import metric_of
from amazon_emulator.ads_unified.catalogue import CONVERTED, METRIC
from amazon_emulator.market_model.accounts import (
    DSP,
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_PRODUCTS,
)

if TYPE_CHECKING:
    from amazon_emulator.ads_unified.catalogue import Field
    from amazon_emulator.market_model.entities import EntityBook

PRODUCTS: Mapping[str, str] = {
    SPONSORED_PRODUCTS: SPONSORED_PRODUCTS,
    SPONSORED_BRANDS: SPONSORED_BRANDS,
    SPONSORED_DISPLAY: SPONSORED_DISPLAY,
    DSP: "AMAZON_DSP",
}
"""Ad product of the market -> its name here; Sponsored TV is not served, as seen."""
_WINDOWS = {"seller": 7, "vendor": 14}
_OF_DSP = frozenset(
    (
        *("siteApp", "supplySource", "placement", "deal", "deviceType", "environment"),
        *("operatingSystem", "browserName", "browserVersion", "flight", "country"),
        *("region", "city", "postalCode", "dma", "audienceSegment"),
        *("audienceSegmentCountry", "audienceSegmentTargetingStatus"),
    )
)
_OF_PRODUCTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_OF_DSP, (DSP,)),
    "target": (SPONSORED_PRODUCTS, SPONSORED_BRANDS, SPONSORED_DISPLAY),
    "placementClassification": (SPONSORED_PRODUCTS, SPONSORED_BRANDS),
    "searchTerm": (SPONSORED_PRODUCTS, SPONSORED_BRANDS),
    "matchedTarget": (SPONSORED_DISPLAY,),
}
"""Dimension -> the ad products that know it; for others it is null."""
_STATUS = {"ENABLED": "DELIVERING", "PAUSED": "INACTIVE", "ARCHIVED": "ENDED"}
_RELEVANCE = ('"PROMOTED"', '"BRAND_HALO"')
_COUNTRY_CODES = ("US", "DE", "JP", "CW", "BR")
_VIEWABLE_ONLY: Mapping[str, Metric] = {
    "vcpm": Quotient(COST, (viewable,), 1000 * MONEY),
    "viewableRate": Quotient((viewable,), (impressions,)),
}
_WINDOW = re.compile(r".*?(?P<days>\d+)d")
_PARTS = re.compile("(?P<base>.+?)(?:From(?P<source>Clicks|Views))?(?P<of>Halo)?")
_SOLD = re.compile("newToBrand.*|purchases?|sales|unitsSold")


def text_source(field: Field, book: EntityBook) -> Dimension:
    """Return where in a cell the number of a field is, and its text there."""
    known = _OF_PRODUCTS.get(field.dimension)
    if known is not None and book.ad_product not in known:
        return c.CAMPAIGN, lambda _: "null"
    if field.name == "productRelevance.value":
        return c.PART, lambda part: _RELEVANCE[min(part, 1)]
    if field.name in ("country.code", "audienceSegmentCountry.code"):
        codes = [json_text(code) for code in _COUNTRY_CODES]
        return c.SITE, lambda site: codes[site % len(codes)]
    sponsored = next(iter(field.sponsored), None)
    column = field.dsp if book.ad_product == DSP else sponsored
    place, text = dimension(column or _own_column(field), book)
    if field.name.endswith("deliveryStatus"):
        return place, lambda number: _delivery(text(number))
    if field.kind == "string":
        return place, lambda number: _quoted(text(number))
    return place, text


def metric_source(field: Field, ad_product: str, kind: str) -> Metric:
    """Return what a metric shows; `kind` of account: `seller`, `vendor`, `dsp`."""
    name = field.name.removeprefix(METRIC).removesuffix(CONVERTED)
    fixed = _VIEWABLE_ONLY.get(name)
    if fixed is not None:
        return fixed
    return metric_of(_column(name, field, ad_product, kind), ad_product)


def _column(name: str, field: Field, ad_product: str, kind: str) -> str:
    """Return the column of reporting v3 that a metric is."""
    if ad_product == DSP:
        return field.dsp or _derived(name, is_dsp=True)
    offered = [x for x in field.sponsored if x in _offered(ad_product)]
    known = offered or field.sponsored
    if ad_product == SPONSORED_PRODUCTS:
        return _with_window(name, known, _WINDOWS.get(kind, 14))
    plain = (column for column in known if not _WINDOW.fullmatch(column))
    longest = (column for column in known if column.endswith("14d"))
    return next(plain, next(longest, _derived(name)))


@cache
def _offered(ad_product: str) -> frozenset[str]:
    """Return all columns that reporting v3 has for an ad product."""
    found = [x for x in report_types().values() if x.ad_product == ad_product]
    groups = [group.columns for x in found for group in x.groupings.values()]
    return frozenset(chain(*(x.columns for x in found), *groups))


def _with_window(name: str, known: Sequence[str], days: int) -> str:
    for column in known:
        window = _WINDOW.fullmatch(column)
        if window is not None and int(window["days"]) == days:
            return column
    plain = [column for column in known if not _WINDOW.fullmatch(column)]
    if known and not plain:
        return known[0]  # there is but this window, whoever asks
    column = plain[0] if plain else _derived(name)
    return f"{column}{days}d" if _SOLD.match(column) and "Rate" not in name else column


def _derived(name: str, *, is_dsp: bool = False) -> str:
    """Return the column that a metric would be, for which Amazon names none."""
    if name.startswith("costPer"):
        return f"eCP{_derived(name.removeprefix('costPer'), is_dsp=is_dsp)}"
    promoted = "Promoted" if name.endswith("Promoted") else ""
    match = _PARTS.fullmatch(name.removesuffix("Promoted"))
    if match is None:
        return name
    is_sold = _SOLD.fullmatch(match["base"]) is not None
    product = (promoted if is_sold else "") or ("BrandHalo" if match["of"] else "")
    column = f"{match['base']}{product}{match['source'] or ''}"
    is_total = is_dsp and is_sold and not product
    return f"total{column[:1].upper()}{column[1:]}" if is_total else column


def _own_column(field: Field) -> str:
    """Return a name for a column that reporting v3 does not have."""
    first, _, last = field.name.partition(".")
    return f"{first}{last[:1].upper()}{last[1:]}"


def _quoted(text: str) -> str:
    return text if text.startswith('"') or text == "null" else f'"{text}"'


def _delivery(text: str) -> str:
    word = text.strip('"')
    return json_text(_STATUS.get(word, word))
