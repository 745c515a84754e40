"""The numbers of everything that a combination is about: a cell.

A column's text follows from one of them: a campaign's name from its number, a place's
from the number of the site.
"""

from __future__ import annotations

from collections.abc import Callable

from amazon_emulator.market_model import combinations as at
from amazon_emulator.market_model.entities import instead_of

Cell = tuple[int, ...]
CAMPAIGN, AD_GROUP, AD, TARGET, PLACEMENT, PART, SHOWN, OTHER, BOUGHT, SITE = range(10)
"""Where the number of each thing is in a cell.

SHOWN is the advertised product, OTHER the one that some buy instead, BOUGHT whichever
of them this part is about, SITE the place, device, page or audience an ad was shown in,
on or to.
"""


def cell_maker(products: int) -> Callable[[int, int, int], Cell]:
    """Return the function (campaign, position, site) -> cell."""
    size = max(1, products)
    others = [instead_of(number, size) for number in range(min(size, 5000))]
    known = len(others)

    def cell(campaign: int, position: int, site: int) -> Cell:
        group = at.AD_GROUPS * campaign + (position >> 1 & 1)
        part = position // at.POSITIONS
        shown = (campaign + (position & 3)) % size
        other = others[shown] if shown < known else instead_of(shown, size)
        return (
            campaign,
            group,
            at.ADS * at.AD_GROUPS * campaign + (position & 3),
            at.TARGETS * group + (position >> 4) % at.TARGETS,
            position >> 2 & 3,
            part,
            shown,
            other,
            other if part else shown,
            site,
        )

    return cell
