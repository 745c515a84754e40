"""One search for orders: time bounds, filters, pages. Shared by both versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from amazon_emulator.clock import format_instant, format_seconds, parse_instant
from amazon_emulator.selling_partner.access.refusals import invalid
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES
from amazon_emulator.selling_partner.queries import (
    page_token,
    read_instant,
    read_marketplaces,
    read_page_token,
    split,
)

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.marketplaces import Marketplace
    from amazon_emulator.selling_partner.orders.book import Order, OrderBook

MAX_MARKETPLACES, MAX_ON_PAGE = 50, 100
_LAG = timedelta(minutes=2)
_OLDEST = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Names:
    """How a version calls its parameters."""

    created: str
    updated: str
    after: str
    before: str
    marketplaces: str
    page_size: str

    @property
    def bounds(self) -> list[str]:
        """The four time bounds."""
        ends = (self.after, self.before)
        return [
            f"{prefix}{end}" for prefix in (self.created, self.updated) for end in ends
        ]


V0 = Names(
    "Created", "LastUpdated", "After", "Before", "MarketplaceIds", "MaxResultsPerPage"
)
CURRENT = Names(
    "created", "lastUpdated", "After", "Before", "marketplaceIds", "maxResultsPerPage"
)


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for, pinned to the instant of the first page."""

    by_update: bool
    after: datetime
    before: datetime
    marketplaces: Sequence[Marketplace]
    page_size: int
    behind: tuple[str, str] | None = None
    """Time and id of the last order handed out: they never shift, though orders
    change while somebody turns the pages."""

    def orders(self, book: OrderBook, partner: Partner) -> list[Order]:
        """Return everything that fits and comes behind, in the order of time."""
        find = book.updated if self.by_update else book.created
        found = find(partner, self.marketplaces, self.after, self.before)
        behind = self.behind
        return [o for o in found if behind is None or self.sort_key(o) > behind]

    def upper_bound(self, names: Names) -> dict[str, object]:
        """Return the upper time bound that was applied, by its name."""
        prefix = names.updated if self.by_update else names.created
        return {f"{prefix}{names.before}": format_seconds(self.before)}

    def sort_key(self, order: Order) -> tuple[str, str]:
        """Return where an order stands among all others."""
        time = order.updated_at if self.by_update else order.created_at
        return (time.isoformat(timespec="microseconds"), order.order_id)


def read_search(
    query: Mapping[str, str], names: Names, partner: Partner, now: datetime
) -> Search:
    """Read the parameters of a first page, or refuse them (400, 403)."""
    given = [name for name in names.bounds[::2] if query.get(name)]
    if len(given) != 1:
        text = f"Exactly one of {' and '.join(names.bounds[::2])} is required."
        raise invalid(text)
    by_update = given[0].startswith(names.updated)
    prefix, other = names.created, names.updated
    if by_update:
        prefix, other = other, prefix
    if query.get(f"{other}{names.before}"):
        text = f"{other}{names.before} cannot be used with {given[0]}."
        raise invalid(text)
    latest = now - _LAG
    after = read_instant(query, f"{prefix}{names.after}", latest)
    before = read_instant(query, f"{prefix}{names.before}", latest)
    if before > latest or after > now:
        raise invalid("A time bound must be at least two minutes before now.")
    if after > before and query.get(f"{prefix}{names.before}"):
        text = f"{prefix}{names.before} must not be before {given[0]}."
        raise invalid(text)
    return Search(
        by_update,
        max(after, now - _OLDEST),
        before,
        _marketplaces(query.get(names.marketplaces, ""), partner),
        _page_size(query, names.page_size),
    )


def token(search: Search, last: Order, extra: Mapping[str, str]) -> str:
    """Return the text that finds what comes behind the last order of a page."""
    content = {
        "by_update": search.by_update,
        "after": format_instant(search.after),
        "before": format_instant(search.before),
        "marketplaces": [each.marketplace_id for each in search.marketplaces],
        "page_size": search.page_size,
        "behind": search.sort_key(last),
        "extra": dict(extra),
    }
    return page_token(content)


def read_token(text: str) -> tuple[Search, Mapping[str, str]]:
    """Return the search of a next page and what was put beside it, or refuse (400)."""
    try:
        content: dict[str, Any] = read_page_token(text)
        search = Search(
            content["by_update"],
            parse_instant(content["after"]),
            parse_instant(content["before"]),
            [MARKETPLACES[each] for each in content["marketplaces"]],
            content["page_size"],
            (str(content["behind"][0]), str(content["behind"][1])),
        )
        return search, content["extra"]
    except (ValueError, KeyError, TypeError, IndexError):
        raise invalid("The token of the next page is not valid.") from None


def _marketplaces(text: str, partner: Partner) -> list[Marketplace]:
    ids = split(text)
    if len(ids) > MAX_MARKETPLACES:
        raise invalid("At most 50 marketplace ids may be given.")
    return read_marketplaces(ids, partner) or partner.marketplaces


def _page_size(query: Mapping[str, str], name: str) -> int:
    text = query.get(name) or str(MAX_ON_PAGE)
    if not text.isdigit() or not 1 <= int(text) <= MAX_ON_PAGE:
        text = f"{name} must be a number from 1 to {MAX_ON_PAGE}."
        raise invalid(text)
    return int(text)
