"""What came of one combination of ad, target and placement on one day.

Traffic is counted at once; what is found to be invalid is taken out of it over the
first days. Conversions arrive late: each has a lag in days, and is visible only when
the day is that old. So one day has sales1d <= sales7d <= sales14d <= sales30d, sales
never fall as the day grows older, and after `RESTATED_DAYS` nothing changes.

Amounts are whole numbers of hundredths: sums of them are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from amazon_emulator.market_model.accounts import (
    DSP,
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_PRODUCTS,
    SPONSORED_TELEVISION,
)
from amazon_emulator.market_model.hashing import Draws

if TYPE_CHECKING:
    from amazon_emulator.market_model.accounts import MarketAccount

CLASSES = 6
"""Campaigns with the same remainder share cost type, and how sure a sale is."""
VARIANTS = 8 * CLASSES
"""Different outcomes of one account, ad product and day; campaigns share them."""
INVALID_DAYS = 3
"""So long invalid traffic is looked for."""
RESTATED_DAYS = 30
"""A day that is so old does not change any more."""
_LAGS = (0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 6, 9, 12, 18, 27)
"""Days from click to purchase, as often as each occurs."""
_MAX_CONVERSIONS = 8
_WHOLE_EVERY = 5
_BY_IMPRESSION = (SPONSORED_TELEVISION, DSP)
_WITH_VIEWS = (SPONSORED_DISPLAY, SPONSORED_TELEVISION, DSP)
PROMOTED, CLICKED, NEW_TO_BRAND = 1, 2, 4
"""The advertised product was bought, not another one of the brand; a click came before,
else the ad was only seen; the customer is new to the brand."""
_CLICKED_PARTS, _SEEN_PARTS = 2, 50
_BY_VIEWABLE = (SPONSORED_BRANDS, SPONSORED_DISPLAY)
"""Ad products of which every other campaign pays for viewable impressions."""


class Conversion(NamedTuple):
    """One purchase that followed from an ad."""

    lag: int
    """Days from click or view to purchase."""
    units: int
    sales: int
    kind: int
    """Sum of `PROMOTED`, `CLICKED` and `NEW_TO_BRAND`, as far as they apply."""


class Outcome(NamedTuple):
    """What a combination brought on one day, as far as it is known."""

    seed: int
    """What else may follow from this outcome does so from here."""
    impressions: int
    clicks: int
    cost: int
    viewable: int
    invalid_impressions: int
    invalid_clicks: int
    conversions: tuple[Conversion, ...]
    clicked: int
    """Clicks after which something may have happened, valid or not."""
    seen: int
    """Views after which something may have happened without a click."""

    def share(self, parts: int) -> Outcome:
        """Return one of several equal parts of this outcome, rounded down."""
        return self._replace(
            impressions=self.impressions // parts,
            clicks=self.clicks // parts,
            cost=self.cost // parts,
            viewable=self.viewable // parts,
            clicked=self.clicked // parts,
            seen=self.seen // parts,
            conversions=self.conversions[::parts],
        )

    def of_products(self, *, is_promoted: bool) -> Outcome:
        """Return this outcome with the purchases of one kind of products only."""
        kept = tuple(
            x for x in self.conversions if bool(x.kind & PROMOTED) is is_promoted
        )
        return self._replace(conversions=kept)


class _Traffic(NamedTuple):
    """Everything about a day that does not depend on when one looks."""

    impressions: int
    clicks: int
    invalid_impressions: int
    invalid_clicks: int
    price: int
    """Per click, or per thousand impressions."""


def outcome(
    account: MarketAccount, ad_product: str, day: int, variant: int, age: int
) -> Outcome:
    """Return an outcome of a day (its ordinal) when it is `age` days old.

    Variants from `VARIANTS` on are those of further combinations of a campaign, which
    may have no click; the first combination always has one.
    """
    draws = Draws(account.salt, ad_product, day, variant)
    is_first = variant < VARIANTS
    traffic = _traffic(draws, ad_product, is_first=is_first)
    found = min(max(age, 0), INVALID_DAYS)
    clicks = traffic.clicks - traffic.invalid_clicks * found // INVALID_DAYS
    hidden = traffic.invalid_impressions * found // INVALID_DAYS
    impressions = traffic.impressions - hidden
    viewable = max(clicks, impressions * (50 + variant % 45) // 100)
    every = _conversions(draws, ad_product, variant, traffic.clicks)
    return Outcome(
        draws.below(2**32),
        impressions,
        clicks,
        _cost(ad_product, variant, traffic.price, (impressions, viewable, clicks)),
        viewable,
        hidden,
        traffic.clicks - clicks,
        tuple(conversion for conversion in every if conversion.lag <= age),
        traffic.clicks // _CLICKED_PARTS,
        traffic.impressions // _SEEN_PARTS if ad_product in _WITH_VIEWS else 0,
    )


def _traffic(draws: Draws, ad_product: str, *, is_first: bool) -> _Traffic:
    if ad_product in _BY_IMPRESSION:
        impressions = 500 + draws.below(20_000)
        clicks = impressions * draws.below(8) // 1000
        price = 200 + draws.below(1800)
    else:
        clicks = draws.below(40) + 2 if is_first else max(0, draws.below(24) - 8)
        impressions = clicks * (10 + draws.below(70)) + draws.below(300)
        is_whole = draws.below(_WHOLE_EVERY) == 0
        price = 100 * (1 + draws.below(2)) if is_whole else 20 + draws.below(230)
    invalid_clicks = clicks * draws.below(9) // 100
    invalid = max(invalid_clicks, impressions * draws.below(5) // 100)
    return _Traffic(impressions, clicks, invalid, invalid_clicks, price)


def _cost(
    ad_product: str, variant: int, price: int, counts: tuple[int, int, int]
) -> int:
    impressions, viewable, clicks = counts
    if ad_product in _BY_IMPRESSION:
        return impressions * price // 1000
    if ad_product in _BY_VIEWABLE and variant % 2:
        return viewable * price * 3 // 1000
    return clicks * price


def _conversions(
    draws: Draws, ad_product: str, variant: int, clicks: int
) -> list[Conversion]:
    count = min(_MAX_CONVERSIONS, clicks * (5 + draws.below(15)) // 100)
    made = [_conversion(draws, ad_product, variant) for _ in range(count)]
    if variant < VARIANTS and variant % 3 == 0:
        # Every third campaign sells every day: no report is empty for want of sales.
        clicked = _clicked(draws, ad_product, variant)
        made += [
            Conversion(0, 1, 1999, clicked | PROMOTED | NEW_TO_BRAND),
            Conversion(0, 1, 1495, clicked),
        ]
    return made


def _conversion(draws: Draws, ad_product: str, variant: int) -> Conversion:
    units = 1 + draws.below(6) // 4
    return Conversion(
        _LAGS[draws.below(len(_LAGS))],
        units,
        units * (500 + 5 * draws.below(1200)),
        (PROMOTED if draws.below(3) else 0)
        | _clicked(draws, ad_product, variant)
        | (0 if draws.below(3) else NEW_TO_BRAND),
    )


def _clicked(draws: Draws, ad_product: str, variant: int) -> int:
    if ad_product == DSP:
        # The conversions of one order are all of one kind: a report says which.
        return CLICKED if variant % 2 else 0
    always = ad_product in (SPONSORED_PRODUCTS, SPONSORED_BRANDS)
    return CLICKED if always or draws.below(2) else 0
