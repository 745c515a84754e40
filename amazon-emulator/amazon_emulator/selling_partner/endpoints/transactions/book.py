"""Which transactions there are: sales, their releases, refunds, fees. Pure.

A deferred sale is DEFERRED until it matures. From then on the same transaction is
DEFERRED_RELEASED, and a new one, RELEASED and posted then, has the money as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.orders.book import SHIPPED

if TYPE_CHECKING:
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.marketplaces import Marketplace
    from amazon_emulator.selling_partner.orders.book import Order, OrderBook
    from amazon_emulator.settings import Settings

DEFERRED, RELEASED = "DEFERRED", "RELEASED"
DEFERRED_RELEASED = "DEFERRED_RELEASED"
STATUSES = (DEFERRED, RELEASED, DEFERRED_RELEASED)
SALE, RELEASE, REFUND, FEE = "S", "R", "B", "F"
"""What a transaction is; the letter ends its id."""
GROUP_DAYS = 14
_REFUNDED_AFTER = timedelta(days=3)
_REFUNDED_EVERY = 7


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction as it is at an instant."""

    kind: str
    marketplace: Marketplace
    posted_at: datetime
    number: int
    status: str
    order: Order | None = None
    matures_at: datetime | None = None
    """When the money of a deferred sale is released; None: it was never deferred."""

    @property
    def transaction_id(self) -> str:
        """The id: another one for each kind of the same order."""
        return self.id_of(self.kind)

    def id_of(self, kind: str) -> str:
        """Return the id of the transaction of this kind of the same order."""
        if self.order is not None:
            return f"txn-{self.order.order_id}-{kind}"
        return f"txn-{self.marketplace.marketplace_id}-{self.posted_at:%Y%m%d}-{kind}"

    @property
    def group_id(self) -> str | None:
        """The event group that pays it; None while it is deferred."""
        if self.status != RELEASED:
            return None
        ordinal = self.posted_at.toordinal() // GROUP_DAYS * GROUP_DAYS
        return f"{self.marketplace.marketplace_id}-{ordinal}"

    @property
    def is_by_merchant(self) -> bool:
        """Whether the seller ships the order."""
        return self.order is not None and self.order.number % 2 == 1


def transactions(
    partner: Partner,
    book: OrderBook,
    settings: Settings,
    span: tuple[datetime, datetime],
    now: datetime,
) -> list[Transaction]:
    """Return what was posted in a half-open span, as of now, in order of time."""
    after, before = span
    deferral = timedelta(days=settings.sp_deferred_days)
    earliest = after - max(deferral, _REFUNDED_AFTER)
    orders = book.updated(partner, partner.marketplaces, earliest, before)
    found = [
        made
        for order in orders
        if order.status == SHIPPED
        for made in of_order(order, settings, now)
    ]
    found += _fees(partner, after, before)
    kept = [
        one
        for one in found
        if after <= one.posted_at < before
        and one.posted_at + settings.lateness(one.number) <= now
    ]
    return sorted(kept, key=lambda one: (one.posted_at, one.transaction_id))


def of_order(order: Order, settings: Settings, now: datetime) -> Iterator[Transaction]:
    """Yield the transactions of a shipped order up to now."""
    shop, number, posted = order.marketplace, order.number, order.updated_at
    every = settings.sp_deferred_every
    if every and number % every == 0:
        matures = posted + timedelta(days=settings.sp_deferred_days)
        is_over = matures <= now
        status = DEFERRED_RELEASED if is_over else DEFERRED
        yield Transaction(SALE, shop, posted, number, status, order, matures)
        if is_over:
            yield Transaction(RELEASE, shop, matures, number, RELEASED, order, matures)
    else:
        yield Transaction(SALE, shop, posted, number, RELEASED, order)
    refunded = posted + _REFUNDED_AFTER
    if order.created_at.minute % _REFUNDED_EVERY == 0 and refunded <= now:
        yield Transaction(REFUND, shop, refunded, number, RELEASED, order)


def _fees(partner: Partner, after: datetime, before: datetime) -> list[Transaction]:
    """Return the monthly fee of each marketplace; an odd number, so it may be late."""
    first, last = after.toordinal(), before.toordinal()
    firsts = [d for n in range(first, last + 1) if (d := date.fromordinal(n)).day == 1]
    return [
        Transaction(
            FEE,
            marketplace,
            datetime.combine(day, time(6), timezone.utc),
            day.month,
            RELEASED,
        )
        for day in firsts
        for marketplace in partner.marketplaces
    ]
