"""Which combinations of ad, target and placement have traffic on a day.

A campaign has two ad groups, each of them two ads and three targets, and four
placements. A combination's position tells them apart: bit 0 is the ad, bit 1 the ad
group, bits 2 and 3 the placement, the rest the target. Which positions have traffic
changes from day to day; how many is `MarketAccount.combinations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from amazon_emulator.market_model.hashing import number_of
from amazon_emulator.market_model.outcomes import CLASSES, VARIANTS

if TYPE_CHECKING:
    from amazon_emulator.market_model.accounts import MarketAccount

AD_GROUPS = 2
ADS = 2
PLACEMENTS = 4
TARGETS = 3
POSITIONS = AD_GROUPS * ADS * PLACEMENTS * TARGETS
STRIDE = 7
"""From one combination of a campaign to its next; it has no factor of POSITIONS."""
_SPREAD = 2_654_435_761
_MASK = 2**32 - 1


def ad_group_number(campaign: int, position: int) -> int:
    """Return the number of a combination's ad group within the account."""
    return AD_GROUPS * campaign + (position >> 1 & 1)


def ad_number(campaign: int, position: int) -> int:
    """Return the number of a combination's ad within the account."""
    return AD_GROUPS * ADS * campaign + (position & 3)


def target_number(campaign: int, position: int) -> int:
    """Return the number of a combination's target within the account."""
    group = ad_group_number(campaign, position)
    return TARGETS * group + (position >> 4) % TARGETS


def placement_number(position: int) -> int:
    """Return the number of a combination's placement."""
    return position >> 2 & 3


def day_offset(account: MarketAccount, ad_product: str, day: int) -> int:
    """Return what the choices of one day (its ordinal) are offset by."""
    return number_of(account.salt, ad_product, "day", day)


def variant_and_position(campaign: int, offset: int, index: int = 0) -> tuple[int, int]:
    """Return outcome and position of the combination with this index in a campaign."""
    drawn = (campaign * _SPREAD + offset) & _MASK
    mixed = drawn >> 16 ^ index * 5
    variant = mixed % (VARIANTS // CLASSES) * CLASSES + campaign % CLASSES
    position = ((drawn >> 8) + index * STRIDE) % POSITIONS
    return (variant + VARIANTS if index else variant), position


def firsts(campaigns: Iterable[int], offset: int) -> Iterator[tuple[int, int, int]]:
    """Yield campaign, outcome and position of the first combination of each.

    The same as `variant_and_position`, for millions of campaigns.
    """
    many, classes = VARIANTS // CLASSES, CLASSES
    for campaign in campaigns:
        drawn = (campaign * _SPREAD + offset) & _MASK
        yield (
            campaign,
            (drawn >> 16) % many * classes + campaign % classes,
            (drawn >> 8) % POSITIONS,
        )


def combinations(
    account: MarketAccount, ad_product: str, day: int
) -> Iterator[tuple[int, int, int]]:
    """Yield campaign, outcome and position of everything with traffic on a day."""
    offset = day_offset(account, ad_product, day)
    for campaign in range(account.campaigns):
        for index in range(account.combinations):
            yield (campaign, *variant_and_position(campaign, offset, index))
