"""What a seller or vendor sold of each product on each day, ads or not.

Products share the outcomes of a day (there are `VARIANTS`): those of one product add up
over days, those of one day over products, and a total costs a count of each outcome.
Orders are known at once; they are shipped, and come back, over the days that follow.

Amounts are whole numbers of hundredths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from amazon_emulator.market_model.hashing import Draws, number_of

Days = Sequence[tuple[int, int]]
"""Days by their ordinals, each with its age: how many days ago it was."""
PRICES = (1299, 1999, 2499, 899, 5950, 3400, 1500)
"""What products cost, by their number."""
VARIANTS = 9 * len(PRICES)
SHIPPED_DAYS = 14
"""So long after an order its units may still be shipped."""
RETURNED_DAYS = 30
"""So long after an order its units may still come back."""
_SPREAD = 2_654_435_761
_MASK = 2**32 - 1


class Retail(NamedTuple):
    """What happened with one product on one day, as far as it is known."""

    units: int
    sales: int
    items: int
    """Lines of orders."""
    business_units: int
    """Units bought by businesses; they are among all units, as their sales are."""
    business_sales: int
    business_items: int
    shipped_units: int
    shipped_sales: int
    shipped_cost: int
    """What the shipped units cost to buy."""
    shipped_orders: int
    returned_units: int
    claims: int
    claims_amount: int
    browser_views: int
    """Pages that were looked at."""
    app_views: int
    browser_sessions: int
    """Visits on which the product was looked at."""
    app_sessions: int
    business_browser_views: int
    business_app_views: int
    business_browser_sessions: int
    business_app_sessions: int
    buy_box_views: int
    """Pages on which the offer was the featured one."""

    @property
    def views(self) -> int:
        """Pages that were looked at, in browser and app."""
        return self.browser_views + self.app_views

    @property
    def sessions(self) -> int:
        """Visits, in browser and app."""
        return self.browser_sessions + self.app_sessions


NOTHING = Retail(*[0] * len(Retail._fields))


def added(parts: Iterable[Retail]) -> Retail:
    """Return the sum of several."""
    found = list(parts)
    return Retail(*map(sum, zip(*found, strict=True))) if found else NOTHING


def scaled(one: Retail, count: int) -> Retail:
    """Return `count` times the same."""
    return Retail(*[value * count for value in one])


class Shop:
    """The sales of one selling partner in one marketplace, or a view of them."""

    def __init__(
        self,
        salt: str,
        products: int,
        view: Callable[[Retail], Retail] = lambda found: found,
    ) -> None:
        self.salt, self.products = salt, products
        self._view = view
        self.of_day = lru_cache(maxsize=2000)(self._of_day)

    def variant(self, number: int, day: int) -> int:
        """Return which outcome of a day (its ordinal) a product has."""
        return _variant(number, number_of(self.salt, "retail", day))

    def variants(self, numbers: Iterable[int], day: int) -> list[int]:
        """Return the outcomes of many products."""
        offset = number_of(self.salt, "retail", day)
        return [_variant(number, offset) for number in numbers]

    def _of_day(self, day: int, variant: int, age: int) -> Retail:
        """Return an outcome of a day when it is `age` days old."""
        if age < 0:
            return NOTHING
        return self._view(
            _drawn(Draws(self.salt, "retail", day, variant), variant, age)
        )

    def over(self, number: int, days: Days) -> Retail:
        """Return what was sold of a product over days."""
        return added(
            self.of_day(day, self.variant(number, day), age) for day, age in days
        )

    def of_all(self, days: Days) -> Retail:
        """Return what was sold of all products over days."""
        return added(
            scaled(self.of_day(day, variant, age), count)
            for day, age in days
            for variant, count in self.counts(day).items()
        )

    def counts(self, day: int) -> dict[int, int]:
        """Return how many products have each outcome of a day."""
        return Counter(self.variants(range(self.products), day))


def _drawn(draws: Draws, variant: int, age: int) -> Retail:
    price = PRICES[variant % len(PRICES)]
    business_items, private_items = draws.below(4), 1 + draws.below(40)
    business = business_items * (1 + draws.below(3))
    units = business + private_items + draws.below(private_items)
    ordered, shipped = _shipped(units - draws.below(2), age)
    returned = min(shipped, draws.below(8)) * min(age, RETURNED_DAYS)
    returned //= RETURNED_DAYS
    claims = min(returned, draws.below(2))
    items = business_items + private_items
    visits = _Visits.drawn(draws, items)
    views = visits.browser * (3 + draws.below(5)) // 2
    app_views = visits.app * (3 + draws.below(5)) // 2
    return Retail(
        units,
        units * price,
        items,
        business,
        business * price,
        business_items,
        shipped,
        shipped * price,
        shipped * price * (45 + variant % 31) // 100,
        min(shipped, items * shipped // max(1, ordered)),
        returned,
        claims,
        claims * price,
        views,
        app_views,
        visits.browser,
        visits.app,
        views * business_items // (items * 2),
        app_views * business_items // (items * 2),
        visits.browser * business_items // (items * 2),
        visits.app * business_items // (items * 2),
        (views + app_views) * (70 + variant % 31) // 100,
    )


class _Visits(NamedTuple):
    """Visits to a product, in a browser and in the app."""

    browser: int
    app: int

    @classmethod
    def drawn(cls, draws: Draws, items: int) -> _Visits:
        """Return more visits than lines ordered."""
        return cls(
            items * (4 + draws.below(8)) + draws.below(30),
            items * (3 + draws.below(9)) + draws.below(30),
        )


def _shipped(ordered: int, age: int) -> tuple[int, int]:
    """Return what is to be shipped in all, and what has been by now."""
    return ordered, ordered * min(age + 2, SHIPPED_DAYS) // SHIPPED_DAYS


def _variant(number: int, offset: int) -> int:
    drawn = (number * _SPREAD + offset & _MASK) >> 16
    kinds = len(PRICES)
    return drawn % (VARIANTS // kinds) * kinds + number % kinds
