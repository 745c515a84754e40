"""What a metric column shows, from its name.

The name of a column says what it is: `purchasesSameSku7d`, `eCPAddToCart`,
`newToBrandPurchasesPercentage`, `detailPageViewViews`. A name that fits no rule is an
event that is counted, after clicks and after views.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from amazon_emulator.ads_reporting.rows import measures as m
from amazon_emulator.ads_reporting.rows.fixed_metrics import (
    CLICKS,
    COST,
    FIXED,
    IMPRESSIONS,
    MONEY,
    PER_CENT,
    PER_THOUSAND,
)
from amazon_emulator.ads_reporting.rows.metric_kinds import (
    Metric,
    Quotient,
    Sum,
    Terms,
    parts_of,
)
from amazon_emulator.market_model.accounts import DSP

_AMOUNT = re.compile("Royalties|Sales|royalty")
_CONVERSION = re.compile(
    "(?P<whose>total|combined|offAmazon|attributed)?(?P<new>newToBrand)?"
    "(?P<what>purchases?|orders|conversions|unitsSold|productSales|sales)"
    "(?P<product>SameSku|OtherSku|BrandHalo|Promoted)?"
    "(?P<source>Clicks|Views)?(?:(?P<window>1|7|14|30)d)?"
)
_WHAT = {
    **dict.fromkeys(("purchase", "purchases", "orders", "conversions"), "purchases"),
    "unitsSold": "units",
    **dict.fromkeys(("sales", "productSales"), "sales"),
}
_PROMOTED = {"SameSku": True, "Promoted": True, "OtherSku": False, "BrandHalo": False}
_OFF_AMAZON_PER_CENT = 20
_NEW_TO_BRAND_PER_CENT = 60


@cache
def metric_of(column: str, ad_product: str) -> Metric:
    """Return what a metric column of an ad product shows."""
    fixed = FIXED.get(column)
    if fixed is not None:
        return fixed
    for pattern, quotient in _QUOTIENTS:
        match = pattern.fullmatch(column)
        if match is not None:
            return quotient(match, ad_product)
    return _sum(column, ad_product)


def _sum(column: str, ad_product: str) -> Sum:
    conversion = _conversion(column, ad_product)
    if conversion is not None:
        return conversion
    if column.endswith("ValueSum"):
        return _value(column.removesuffix("ValueSum"))
    return Sum(_event(column), is_amount=bool(_AMOUNT.search(column)))


def _value(event: str) -> Sum:
    return Sum(_event(event), is_amount=True, factor=m.price_of(event))


def _conversion(column: str, ad_product: str) -> Sum | None:
    """Return what a column of purchases, units or sales adds up."""
    match = _CONVERSION.fullmatch(_decapitalized(column))
    if match is None:
        return None
    found = match.groupdict()
    promoted = _PROMOTED.get(found["product"] or "")
    if promoted is None and ad_product == DSP and found["whose"] is None:
        # Without "total", columns of the DSP are about the promoted products.
        promoted = True
    what = _WHAT[found["what"]]
    measure = m.conversions(
        what,
        int(found["window"] or m.STANDARD_WINDOW),
        is_promoted=promoted,
        is_click={"Clicks": True, "Views": False}.get(found["source"] or ""),
        is_new=True if found["new"] else None,
    )
    return Sum(_sold(found["whose"], measure), is_amount=what == "sales")


def _sold(whose: str | None, on_amazon: m.Measure) -> Terms:
    elsewhere = m.part_of(on_amazon, _OFF_AMAZON_PER_CENT)
    if whose == "offAmazon":
        return (elsewhere,)
    return (on_amazon, elsewhere) if whose == "combined" else (on_amazon,)


def _decapitalized(column: str) -> str:
    """Return a name whose later words are as small as where they come first.

    `totalNewToBrandSales` -> `totalnewToBrandsales`, as the pattern has it.
    """
    text = re.sub(
        "^(total|combined|offAmazon|attributed|)(NewToBrand)",
        lambda found: f"{found[1]}newToBrand",
        column,
    )
    return re.sub(
        "^((?:total|combined|offAmazon|attributed)?(?:newToBrand)?)"
        "(Purchase|Order|Conversion|UnitsSold|ProductSales|Sales)",
        lambda found: f"{found[1]}{_small(found[2])}",
        text,
    )


def _small(name: str) -> str:
    return f"{name[:1].lower()}{name[1:]}"


_SOURCE = re.compile("(?P<base>.+?)(?P<source>FromClicks|FromViews|Clicks|Views)")
_PAGE_VIEWS = re.compile(".*[pP]ageViews|(?:video|audio)Ad.*Views")


def _event(column: str) -> Terms:
    """Return how often what a column names happened."""
    if column.startswith("total"):
        base = _event(_small(column[len("total") :]))
        return (*base, *map(m.of_halo, base))
    if "BrandHalo" in column:
        return tuple(map(m.of_halo, _event(column.replace("BrandHalo", ""))))
    base_name, source = column, ""
    match = _SOURCE.fullmatch(column)
    if match is not None and not _PAGE_VIEWS.fullmatch(column):
        base_name, source = match["base"], match["source"]
    name = _singular(base_name)
    if name.startswith("newToBrand"):
        whole = _event(f"{_small(name[len('newToBrand') :])}{source}")
        return parts_of(whole, _NEW_TO_BRAND_PER_CENT)
    if source:
        clicked = "Clicks" in source
        return (m.after_clicks(name) if clicked else m.after_views(name),)
    return (m.after_clicks(name), m.after_views(name))


def _singular(name: str) -> str:
    """Return one name for `detailPageViews` and `detailPageView`."""
    name = re.sub("DPVs?$", "DetailPageView", name)
    name = re.sub("^branded", "brand", name)
    return re.sub("(?<=ch)es$|(?<!s)s$", "", name)


_Match = re.Match[str]
_Make = Callable[[_Match, str], Quotient]


def _joined(match: _Match) -> str:
    """Return the column a quotient is about, from what stands around its word."""
    before, after = match["before"], match["after"]
    if after == "P":
        after = "Purchases"
    return f"{_small(before)}{after}" if before else _small(after)


def _cost_per(match: _Match, ad_product: str) -> Quotient:
    return Quotient(COST, _sum(_joined(match), ad_product).terms, MONEY)


def _per_impression(match: _Match, ad_product: str) -> Quotient:
    return Quotient(_sum(match["base"], ad_product).terms, IMPRESSIONS)


def _cost_per_base(match: _Match, ad_product: str) -> Quotient:
    return Quotient(COST, _sum(match["base"], ad_product).terms, MONEY)


def _per_click(match: _Match, ad_product: str) -> Quotient:
    name = f"purchases{match['window'] or m.STANDARD_WINDOW}d"
    return Quotient(_sum(name, ad_product).terms, CLICKS)


def _percentage(match: _Match, ad_product: str) -> Quotient:
    end, whose = match["end"] or "", match["whose"]
    above = _sum(f"{whose}{match['what']}{end}", ad_product)
    everyone = re.sub("[nN]ewToBrand$", "", whose)
    below = _sum(f"{everyone}{match['what']}{end}", ad_product)
    return Quotient(above.terms, below.terms, PER_CENT)


def _sales_to_cost(match: _Match, ad_product: str) -> Quotient:
    sales = _sum(f"{match['whose']}Sales{match['end']}", ad_product)
    return Quotient(sales.terms, COST)


def _sales_per_thousand(match: _Match, ad_product: str) -> Quotient:
    sales = _sum(f"{match['whose']}Sales", ad_product)
    return Quotient(sales.terms, IMPRESSIONS, PER_THOUSAND * MONEY)


def _cost_to_sales(match: _Match, ad_product: str) -> Quotient:
    sales = _sum(f"sales{match['end']}", ad_product)
    return Quotient(COST, sales.terms, PER_CENT)


def _average(match: _Match, ad_product: str) -> Quotient:
    del ad_product
    value = _value(match["base"])
    return Quotient(value.terms, value.terms, value.factor * MONEY)


_QUOTIENTS: Sequence[tuple[re.Pattern[str], _Make]] = (
    (re.compile("acosClicks(?P<end>7d|14d)"), _cost_to_sales),
    (re.compile("(?P<whose>)roasClicks(?P<end>7d|14d)"), _sales_to_cost),
    (re.compile("(?P<whose>.*?)(?:ROAS|roas)(?P<end>)"), _sales_to_cost),
    (re.compile("(?P<whose>.*?)(?:eRPM|ERPM)"), _sales_per_thousand),
    (re.compile("purchaseClickRate(?P<window>7|14)d"), _per_click),
    (re.compile("purchasesClicksRate(?P<window>)"), _per_click),
    (
        re.compile(
            "(?P<whose>.*[nN]ewToBrand)(?P<what>Purchases?|Sales|UnitsSold)"
            "Percentage(?P<end>14d|BrandHalo)?"
        ),
        _percentage,
    ),
    (re.compile("(?P<before>.*?)(?:eCP|ECP)(?P<after>[A-Za-z].*)"), _cost_per),
    (
        re.compile("(?P<before>)(?:averageCost|effectiveCost)Per(?P<after>.+)"),
        _cost_per,
    ),
    (re.compile("(?P<base>.+)CPA"), _cost_per_base),
    (re.compile("(?P<base>appSubscription.*)Cost"), _cost_per_base),
    (re.compile("(?P<base>.+)CVR"), _per_impression),
    (re.compile("(?P<base>.+)(?:ValueAverage|Average)"), _average),
    (re.compile("(?P<base>.+?)(?:ConversionRate|Rate)"), _per_impression),
)
