"""The market as a list: what each combination brought on one day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_emulator.market_model import combinations as at
from amazon_emulator.market_model.entities import EntityBook
from amazon_emulator.market_model.outcomes import RESTATED_DAYS, Outcome, outcome

if TYPE_CHECKING:
    from datetime import date

    from amazon_emulator.market_model.accounts import MarketAccount
    from amazon_emulator.market_model.entities import Ad, AdGroup, Campaign, Target


@dataclass(frozen=True, slots=True)
class Fact:
    """One combination on one day: who it was, and what came of it."""

    campaign: Campaign
    ad_group: AdGroup
    ad: Ad
    target: Target
    placement: int
    outcome: Outcome


def facts(
    account: MarketAccount, day: date, as_of: date | None = None
) -> Iterator[Fact]:
    """Yield what an account's ads brought on a day, as seen on another one.

    Without `as_of` everything has arrived that ever will.
    """
    ordinal = day.toordinal()
    age = RESTATED_DAYS if as_of is None else as_of.toordinal() - ordinal
    for ad_product in account.ad_products:
        book = EntityBook(account, ad_product)
        for campaign, variant, position in at.combinations(
            account, ad_product, ordinal
        ):
            yield Fact(
                book.campaign(campaign),
                book.ad_group(at.ad_group_number(campaign, position)),
                book.ad(at.ad_number(campaign, position)),
                book.target(at.target_number(campaign, position)),
                at.placement_number(position),
                outcome(account, ad_product, ordinal, variant, age),
            )
