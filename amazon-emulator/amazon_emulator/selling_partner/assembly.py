"""Puts the Selling Partner part together: one object for the emulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.access import SpAccess
from amazon_emulator.selling_partner.control import SpControl
from amazon_emulator.selling_partner.downloads import SpDownloadRoom
from amazon_emulator.selling_partner.guard import Guard
from amazon_emulator.selling_partner.orders.book import OrderBook
from amazon_emulator.selling_partner.orders.room_current import OrdersRoom
from amazon_emulator.selling_partner.orders.room_v0 import OrdersV0Room
from amazon_emulator.selling_partner.rates import Rates
from amazon_emulator.selling_partner.reports import SpReportStore
from amazon_emulator.selling_partner.reports_room import SpReportsRoom
from amazon_emulator.selling_partner.small_rooms import (
    RestrictedTokensRoom,
    SellersRoom,
)
from amazon_emulator.selling_partner.world import SpWorld

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_emulator.core import Core
    from amazon_emulator.storage import UrlSigner
    from amazon_emulator.wire import Room


class SellingPartner:
    """All rooms of the Selling Partner API and what they share."""

    def __init__(self, core: Core, signer: UrlSigner) -> None:
        self.world = SpWorld()
        self.access = SpAccess(core, self.world)
        guard = Guard(core, self.access, Rates(core))
        self.orders = OrderBook(core)
        self.reports = SpReportStore(core, self.orders)
        self.downloads = SpDownloadRoom(core, self.reports, signer)
        self.rooms: Sequence[Room] = (
            SpReportsRoom(guard, self.reports, signer),
            OrdersV0Room(guard, self.orders),
            OrdersRoom(guard, self.orders),
            SellersRoom(guard),
            RestrictedTokensRoom(guard),
        )
        self.control = SpControl(
            self.world, guard, self.reports, self.orders, self.downloads
        )

    def close(self) -> None:
        """Remove the temporary files."""
        self.reports.close()
