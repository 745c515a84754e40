"""Puts the Selling Partner part together: one object for the emulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.selling_partner.access.authorization import Authorization
from amazon_emulator.selling_partner.access.rate_limits import RateLimiter
from amazon_emulator.selling_partner.access.token_routes import (
    RestrictedTokensService,
)
from amazon_emulator.selling_partner.access.tokens import SpTokens
from amazon_emulator.selling_partner.accounts import SellingPartners
from amazon_emulator.selling_partner.control import SpControl
from amazon_emulator.selling_partner.data_kiosk.control import KioskControl
from amazon_emulator.selling_partner.data_kiosk.downloads import KioskDownloadService
from amazon_emulator.selling_partner.data_kiosk.routes import DataKioskService
from amazon_emulator.selling_partner.data_kiosk.store import KioskStore
from amazon_emulator.selling_partner.endpoints.custom import CustomService
from amazon_emulator.selling_partner.endpoints.finances import FinancesService
from amazon_emulator.selling_partner.endpoints.inbound import InboundService
from amazon_emulator.selling_partner.endpoints.inventory import InventoryService
from amazon_emulator.selling_partner.endpoints.listings import ListingsService
from amazon_emulator.selling_partner.endpoints.purchase_orders import (
    PurchaseOrdersService,
)
from amazon_emulator.selling_partner.endpoints.transactions.control import (
    TransactionsControl,
)
from amazon_emulator.selling_partner.endpoints.transactions.routes import (
    TransactionsService,
)
from amazon_emulator.selling_partner.notifications.control import NotificationsControl
from amazon_emulator.selling_partner.notifications.routes import NotificationsService
from amazon_emulator.selling_partner.notifications.sender import Sender
from amazon_emulator.selling_partner.notifications.subscriptions import Subscriptions
from amazon_emulator.selling_partner.orders.book import OrderBook
from amazon_emulator.selling_partner.orders.routes_current import OrdersService
from amazon_emulator.selling_partner.orders.routes_v0 import OrdersV0Service
from amazon_emulator.selling_partner.reports.downloads import SpDownloadService
from amazon_emulator.selling_partner.reports.routes import SpReportsService
from amazon_emulator.selling_partner.reports.store import SpReportStore
from amazon_emulator.selling_partner.seller_routes import SellersService

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_emulator.http import Routed, Service
    from amazon_emulator.state import EmulatorState
    from amazon_emulator.stored_files import UrlSigner


class SellingPartnerApi:
    """All services of the Selling Partner API and what they share."""

    def __init__(self, state: EmulatorState, signer: UrlSigner) -> None:
        self.accounts = SellingPartners()
        self.tokens = SpTokens(state, self.accounts)
        self._authorization = Authorization(state, self.tokens, RateLimiter(state))
        self.orders = OrderBook(state)
        self.reports = SpReportStore(state, self.orders)
        self.downloads = SpDownloadService(state, self.reports, signer)
        self.queries = KioskStore(state, self.orders)
        alarms = self.downloads.alarms
        self.storage: Sequence[Service] = (
            self.downloads,
            KioskDownloadService(state, self.queries, signer, alarms),
        )
        authorization = self._authorization
        self.custom = CustomService(authorization)
        self._subscriptions = Subscriptions(state)
        self.sender = Sender(
            state,
            self.accounts,
            self._subscriptions,
            self.reports,
            self.queries,
            alarms,
        )
        self.transactions = TransactionsService(authorization, self.orders)
        self.services: Sequence[Service] = (
            SpReportsService(authorization, self.reports, signer),
            DataKioskService(authorization, self.queries, signer),
            OrdersV0Service(authorization, self.orders),
            OrdersService(authorization, self.orders),
            SellersService(authorization),
            RestrictedTokensService(authorization),
            FinancesService(authorization, self.orders),
            self.transactions,
            NotificationsService(authorization, self._subscriptions, self.sender),
            InboundService(authorization),
            PurchaseOrdersService(authorization),
            InventoryService(authorization),
            ListingsService(authorization),
            self.custom,
        )
        self.control = SpControl(
            self.accounts,
            authorization,
            self.reports,
            self.orders,
            self.downloads,
            self.custom,
        )
        notifications_control = NotificationsControl(self.sender)
        kiosk_control = KioskControl(self.accounts, self.queries)
        self.controls: Sequence[Routed] = (
            self.control,
            kiosk_control,
            TransactionsControl(state, self.accounts, self.transactions),
            notifications_control,
        )
        self.statistics = (
            self.control.statistics,
            kiosk_control.statistics,
            notifications_control.statistics,
        )

    def reset(self) -> None:
        """Return to the default accounts and forget all else."""
        self._authorization.reset()
        self.accounts.reset()
        self.orders.reset()
        self.reports.reset()
        self.queries.reset()
        self._subscriptions.reset()
        self.sender.reset()
        self.downloads.alarms.clear()
        self.custom.paths.clear()

    def close(self) -> None:
        """Remove the temporary files."""
        self.reports.close()
        self.queries.close()
