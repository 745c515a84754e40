"""One search for orders: time bounds, filters, pages. Shared by both versions."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from amazon_emulator.clock import format_instant, parse_instant
from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES

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
    """Time and id of the last order handed out: a place that never shifts, though
    orders change while somebody turns the pages."""

    def orders(self, book: OrderBook, partner: Partner) -> list[Order]:
        """Return everything that fits and comes behind, in the order of time."""
        find = book.updated if self.by_update else book.created
        found = find(partner, self.marketplaces, self.after, self.before)
        behind = self.behind
        return [o for o in found if behind is None or self.place(o) > behind]

    def place(self, order: Order) -> tuple[str, str]:
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
    after = _instant(query, f"{prefix}{names.after}", latest)
    before = _instant(query, f"{prefix}{names.before}", latest)
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
        "marketplaces": [place.marketplace_id for place in search.marketplaces],
        "page_size": search.page_size,
        "behind": search.place(last),
        "extra": dict(extra),
    }
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def read_token(text: str) -> tuple[Search, Mapping[str, str]]:
    """Return the search of a next page and what was put beside it, or refuse (400)."""
    try:
        content = json.loads(base64.urlsafe_b64decode(text))
        search = Search(
            content["by_update"],
            parse_instant(content["after"]),
            parse_instant(content["before"]),
            [MARKETPLACES[place] for place in content["marketplaces"]],
            content["page_size"],
            (str(content["behind"][0]), str(content["behind"][1])),
        )
        return search, content["extra"]
    except (ValueError, KeyError, TypeError, IndexError):
        raise invalid("The token of the next page is not valid.") from None


def _marketplaces(text: str, partner: Partner) -> list[Marketplace]:
    ids = [prefix for prefix in text.split(",") if prefix]
    if len(ids) > MAX_MARKETPLACES:
        raise invalid("At most 50 marketplace ids may be given.")
    for marketplace_id in ids:
        if marketplace_id not in MARKETPLACES:
            raise invalid("Invalid Marketplace id.", marketplace_id)
        if marketplace_id not in partner.marketplace_ids:
            raise denied()
    found = [MARKETPLACES[marketplace_id] for marketplace_id in ids]
    return found or partner.marketplaces


def _page_size(query: Mapping[str, str], name: str) -> int:
    text = query.get(name) or str(MAX_ON_PAGE)
    if not text.isdigit() or not 1 <= int(text) <= MAX_ON_PAGE:
        text = f"{name} must be a number from 1 to {MAX_ON_PAGE}."
        raise invalid(text)
    return int(text)


def _instant(query: Mapping[str, str], name: str, usual: datetime) -> datetime:
    text = query.get(name)
    if not text:
        return usual
    try:
        return parse_instant(text)
    except ValueError:
        text = f"{name} is not an ISO 8601 date-time."
        raise invalid(text, text) from None
