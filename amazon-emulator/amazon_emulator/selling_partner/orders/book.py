"""The orders of all sellers: they follow from the seed, and change as time passes.

An order is placed, released after half an hour, and shipped or cancelled later; so it
is found again under a later update time, as at Amazon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zlib import crc32

from amazon_emulator.market_model.products import product
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES, Marketplace

if TYPE_CHECKING:
    from amazon_emulator.market_model.products import Product
    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.state import EmulatorState

PENDING, UNSHIPPED, SHIPPED, CANCELLED = "Pending", "Unshipped", "Shipped", "Canceled"
_MAX_CHANGE_AGE = timedelta(days=2)
_RELEASED = timedelta(minutes=30)
_TURNED_DOWN = timedelta(hours=2)
_CANCELLED_EVERY, _WAITING_EVERY = 7, 5
_MAX_ITEMS = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order."""

    item_id: str
    product: Product
    quantity: int
    price: float


@dataclass(frozen=True, slots=True)
class Order:
    """One order as it is at an instant."""

    order_id: str
    marketplace: Marketplace
    created_at: datetime
    updated_at: datetime
    status: str
    number: int
    items: Sequence[Item]

    @property
    def total(self) -> float:
        """The sum of all lines."""
        return round(sum(item.price * item.quantity for item in self.items), 2)


@dataclass(frozen=True, slots=True)
class Added:
    """An order that a control call put in."""

    account: str
    order: Order
    visible_at: datetime | None = None
    """When it appears in answers, if later than at once."""


class OrderBook:
    """Finds orders by time and by id."""

    def __init__(self, state: EmulatorState) -> None:
        self._state = state
        self._added: list[Added] = []

    def reset(self) -> None:
        """Forget the orders that control calls put in."""
        with self._state.lock:
            self._added.clear()

    def add(
        self,
        partner: Partner,
        marketplace_id: str,
        created_at: datetime,
        updated_at: datetime,
        status: str = SHIPPED,
        items: int = 1,
        visible_at: datetime | None = None,
    ) -> Order:
        """Put in an order that never changes; return it."""
        marketplace = MARKETPLACES[marketplace_id]
        with self._state.lock:
            number = len(self._added) + 1
            order_id = f"999-{number:07d}-{len(partner.name):07d}"
            lines = self._items(partner, marketplace, order_id, items)
            order = Order(
                order_id, marketplace, created_at, updated_at, status, number, lines
            )
            self._added.append(Added(partner.name, order, visible_at))
            return order

    def created(
        self,
        partner: Partner,
        marketplaces: Iterable[Marketplace],
        after: datetime,
        before: datetime,
    ) -> list[Order]:
        """Return the orders placed from `after` to `before`, both included."""
        found = self._between(partner, marketplaces, after, before)
        kept = [order for order in found if after <= order.created_at <= before]
        return sorted(kept, key=lambda order: (order.created_at, order.order_id))

    def updated(
        self,
        partner: Partner,
        marketplaces: Iterable[Marketplace],
        after: datetime,
        before: datetime,
    ) -> list[Order]:
        """Return the orders last changed from `after` to `before`, both included."""
        found = self._between(partner, marketplaces, after - _MAX_CHANGE_AGE, before)
        kept = [order for order in found if after <= order.updated_at <= before]
        return sorted(kept, key=lambda order: (order.updated_at, order.order_id))

    def find(self, partner: Partner, order_id: str) -> Order | None:
        """Return one order of an account, if it has been placed already."""
        for added in self._added_of(partner):
            if added.order.order_id == order_id:
                return added.order
        position, _, rest = order_id.partition("-")
        ordinal = rest.partition("-")[0]
        if not (position.isdigit() and ordinal.isdigit()):
            return None
        if not 0 <= int(position) - 100 < len(partner.marketplaces):
            return None
        marketplace = partner.marketplaces[int(position) - 100]
        day = date.fromordinal(max(1, min(int(ordinal), date.max.toordinal())))
        orders = self._of_day(partner, marketplace, day)
        return next((order for order in orders if order.order_id == order_id), None)

    def _between(
        self,
        partner: Partner,
        marketplaces: Iterable[Marketplace],
        after: datetime,
        before: datetime,
    ) -> list[Order]:
        named = list(marketplaces)
        days = range(_day(after).toordinal(), _day(before).toordinal() + 1)
        made = [
            order
            for marketplace in named
            for ordinal in days
            for order in self._of_day(partner, marketplace, date.fromordinal(ordinal))
        ]
        entries = self._added_of(partner)
        return made + [e.order for e in entries if e.order.marketplace in named]

    def _added_of(self, partner: Partner) -> list[Added]:
        """Return what control calls put in for an account and can be seen already."""
        now = self._state.clock.now()
        with self._state.lock:
            return [
                entry
                for entry in self._added
                if entry.account == partner.name and (entry.visible_at or now) <= now
            ]

    def _of_day(
        self, partner: Partner, marketplace: Marketplace, day: date
    ) -> list[Order]:
        settings, now = self._state.settings, self._state.clock.now()
        position = partner.marketplaces.index(marketplace) + 100
        salt = f"{settings.seed}|{partner.name}|{marketplace.marketplace_id}|{day}"
        orders = []
        for number in range(settings.sp_orders_per_day):
            drawn = crc32(f"{salt}|{number}".encode())
            midnight = datetime.combine(day, time(), timezone.utc)
            created_at = midnight + timedelta(seconds=drawn % 86400)
            seen = now - settings.lateness(number)
            if created_at > seen:
                continue
            order_id = f"{position:03d}-{day.toordinal():07d}-{number:07d}"
            status, updated_at = _state(number + day.day, created_at, seen)
            count = drawn % _MAX_ITEMS + 1
            items = self._items(partner, marketplace, order_id, count)
            orders.append(
                Order(
                    order_id, marketplace, created_at, updated_at, status, number, items
                )
            )
        return orders

    def _items(
        self, partner: Partner, marketplace: Marketplace, order_id: str, count: int
    ) -> list[Item]:
        settings = self._state.settings
        lines = []
        for position in range(count):
            drawn = crc32(f"{order_id}|{position}|{settings.seed}".encode())
            number = (drawn + position) % max(1, settings.sp_asins)
            sold = partner.catalogue(settings.seed, marketplace.marketplace_id)
            lines.append(
                Item(
                    f"{drawn:010d}{position:04d}",
                    product(sold, number),
                    drawn % 3 + 1,
                    drawn % 9000 / 100 + 1,
                )
            )
        return lines


def _day(instant: datetime) -> date:
    return instant.astimezone(timezone.utc).date()


def _state(number: int, created_at: datetime, now: datetime) -> tuple[str, datetime]:
    """Return status and time of the newest change that has happened by now."""
    shipped_after = timedelta(hours=20 + number % 9)
    steps = [(PENDING, timedelta(0)), (UNSHIPPED, _RELEASED), (SHIPPED, shipped_after)]
    if number % _CANCELLED_EVERY == 3:  # noqa: PLR2004 - any but the first
        steps = [(PENDING, timedelta(0)), (CANCELLED, _TURNED_DOWN)]
    elif number % _WAITING_EVERY == 4:  # noqa: PLR2004 - any but the first
        steps = steps[:2]
    reached = [(status, created_at + step) for status, step in steps]
    return [entry for entry in reached if entry[1] <= now][-1]
