"""Campaigns, ad groups, ads, targets: ids, names, states, budgets.

Everything that reports, exports and listings show about an entity comes from here.
In the DSP a campaign is an order, an ad group a line item, an ad a creative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from amazon_emulator.market_model import combinations as at
from amazon_emulator.market_model.accounts import DSP
from amazon_emulator.market_model.hashing import number_of
from amazon_emulator.market_model.products import Product, catalogue_of, product

if TYPE_CHECKING:
    from amazon_emulator.market_model.accounts import MarketAccount

NAMES = (
    "Sommer Grüße",
    "春のセール",
    'Promo "été" (50 %)',
    "Back\\slash & <b>",
    "Blåbærsyltetøy 🫐",
    "line\nbreak\tand tab",
    "plain",
)
STATES = ("ENABLED", "PAUSED", "ARCHIVED")
SEARCH_TERMS = (
    "wireless earbuds",
    "*",
    "kopfhörer süß",
    "ワイヤレス 🎧",
    'tv 55" \\ oled',
)
MATCH_TYPES = ("BROAD", None, "EXACT", "PHRASE")
KEYWORD_TYPES = ("BROAD", "TARGETING_EXPRESSION", "EXACT", "PHRASE")
"""By the number of a target; the second kind is products, not words."""
EXPRESSION = 1
BUDGET_TYPES = ("DAILY_BUDGET", "LIFETIME_BUDGET")
COST_TYPES = ("CPC", "VCPM")
BUDGETS, BIDS = 9, 40
"""How many different ones there are."""
CAMPAIGNS_OF_A_PORTFOLIO = 3
_ORDERS_FROM = 570_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A group of campaigns of any ad product."""

    portfolio_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign; in the DSP an order."""

    number: int
    ad_product: str
    campaign_id: int
    name: str
    state: str
    portfolio_id: int | None
    budget: int
    """Per day, in whole units of the currency."""
    budget_type: str
    cost_type: str


@dataclass(frozen=True, slots=True)
class AdGroup:
    """An ad group; in the DSP a line item."""

    number: int
    ad_group_id: int
    campaign_id: int
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Ad:
    """An ad; in the DSP a creative."""

    number: int
    ad_id: int
    ad_group_id: int
    campaign_id: int
    state: str
    asin: str
    sku: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """A keyword, or a product to be shown beside."""

    number: int
    target_id: int
    ad_group_id: int
    campaign_id: int
    state: str
    keyword_type: str
    match_type: str | None
    text: str
    bid: int
    """In hundredths of the currency."""

    @property
    def is_keyword(self) -> bool:
        """Whether it is words that people search for."""
        return self.number % len(KEYWORD_TYPES) != EXPRESSION


Entity = Portfolio | Campaign | AdGroup | Ad | Target


class EntityBook:
    """The entities of one ad product of an account, by their numbers."""

    def __init__(self, account: MarketAccount, ad_product: str) -> None:
        self.account, self.ad_product = account, ad_product
        self.catalogue = catalogue_of(
            account.seed, account.catalogue_kind, account.marketplace_id
        )

    def id_base(self, entity: str) -> int:
        """Return the id of entity number 0; number n has `id_base + 2 * n`.

        Odd and beyond 2^53: a reader that goes through doubles changes every id. Ids
        of the DSP are texts, and even smaller numbers.
        """
        shared = "" if entity == "portfolio" else self.ad_product
        drawn = number_of(self.account.salt, shared, entity)
        if self.ad_product == DSP:
            return _ORDERS_FROM + drawn * 10_000_000
        return 2**53 + 1 + 2 * ((drawn >> 4) << 24)

    @cached_property
    def _bases(self) -> dict[str, int]:
        names = ("campaign", "ad_group", "ad", "target", "portfolio")
        return {name: self.id_base(name) for name in names}

    def portfolio(self, campaign: int) -> Portfolio | None:
        """Return the portfolio of a campaign, if it is in one."""
        number = portfolio_number(campaign)
        if number is None:
            return None
        return Portfolio(self._bases["portfolio"] + 2 * number, name_of(number))

    def campaign(self, number: int) -> Campaign:
        """Return the campaign with this number."""
        portfolio = self.portfolio(number)
        return Campaign(
            number,
            self.ad_product,
            self._bases["campaign"] + 2 * number,
            name_of(number),
            state_of(number),
            None if portfolio is None else portfolio.portfolio_id,
            budget_of(number, self.account.combinations),
            BUDGET_TYPES[number % len(BUDGET_TYPES)],
            COST_TYPES[number % len(COST_TYPES)],
        )

    def ad_group(self, number: int) -> AdGroup:
        """Return the ad group with this number."""
        campaign = number // at.AD_GROUPS
        return AdGroup(
            number,
            self._bases["ad_group"] + 2 * number,
            self._bases["campaign"] + 2 * campaign,
            name_of(number),
            state_of(number),
        )

    def ad(self, number: int) -> Ad:
        """Return the ad with this number."""
        sold = self.advertised(number)
        return Ad(
            number,
            self._bases["ad"] + 2 * number,
            self._bases["ad_group"] + 2 * (number // at.ADS),
            self._bases["campaign"] + 2 * (number // (at.ADS * at.AD_GROUPS)),
            state_of(number),
            sold.asin,
            None if self.account.kind == "vendor" else sold.sku,
        )

    def target(self, number: int) -> Target:
        """Return the keyword or product target with this number."""
        kind = number % len(KEYWORD_TYPES)
        return Target(
            number,
            self._bases["target"] + 2 * number,
            self._bases["ad_group"] + 2 * (number // at.TARGETS),
            self._bases["campaign"] + 2 * (number // (at.TARGETS * at.AD_GROUPS)),
            state_of(number),
            KEYWORD_TYPES[kind],
            MATCH_TYPES[kind],
            target_text(number),
            bid_of(number),
        )

    def advertised(self, ad: int) -> Product:
        """Return the product an ad shows."""
        return product(self.catalogue, advertised_number(ad, self.account.products))

    def purchased_instead(self, ad: int) -> Product:
        """Return the product bought after that ad where it is another one."""
        shown = advertised_number(ad, self.account.products)
        return product(self.catalogue, instead_of(shown, self.account.products))


def portfolio_number(campaign: int) -> int | None:
    """Return the number of the portfolio that a campaign is in, if it is in one."""
    number = campaign // CAMPAIGNS_OF_A_PORTFOLIO
    return None if number % 3 == 1 else number


def name_of(number: int) -> str:
    """Return the name of a campaign or ad group."""
    return f"{NAMES[number % len(NAMES)]} {number}"


def state_of(number: int) -> str:
    """Return the state of an entity."""
    return STATES[number % len(STATES)]


def budget_of(campaign: int, combinations: int = 1) -> int:
    """Return a daily budget that no day of sponsored ads exceeds."""
    return (200 + 25 * (campaign % BUDGETS)) * combinations


def bid_of(target: int) -> int:
    """Return the bid of a target, in hundredths."""
    return 25 + 5 * (target % BIDS)


def target_text(number: int) -> str:
    """Return the words of a keyword, or the expression of a product target."""
    words = SEARCH_TERMS[number % len(SEARCH_TERMS)]
    if number % len(KEYWORD_TYPES) == EXPRESSION:
        return f'asin="{asin_beside(number)}"'
    return f"{words} {number}"


def asin_beside(target: int) -> str:
    """Return the product, somebody else's, that a target wants its ad beside."""
    return f"B{target % 10**9:09d}"


def advertised_number(ad: int, products: int) -> int:
    """Return the number of the product that an ad shows."""
    campaign, position = divmod(ad, at.ADS * at.AD_GROUPS)
    return (campaign + position) % max(1, products)


def instead_of(shown: int, products: int) -> int:
    """Return the number of the product that is bought in place of the one shown."""
    return (shown + 1) % max(2, products)


def entities(account: MarketAccount) -> Iterator[Entity]:
    """Yield everything an account advertises with: parents before their children."""
    seen: set[int] = set()
    for ad_product in account.ad_products:
        book = EntityBook(account, ad_product)
        for number in range(account.campaigns):
            portfolio = book.portfolio(number)
            if portfolio is not None and portfolio.portfolio_id not in seen:
                seen.add(portfolio.portfolio_id)
                yield portfolio
            yield from _of_campaign(book, number)


def _of_campaign(book: EntityBook, number: int) -> Iterator[Entity]:
    yield book.campaign(number)
    for group in range(at.AD_GROUPS * number, at.AD_GROUPS * (number + 1)):
        yield book.ad_group(group)
        yield from map(book.ad, range(at.ADS * group, at.ADS * (group + 1)))
        targets = range(at.TARGETS * group, at.TARGETS * (group + 1))
        yield from map(book.target, targets)
