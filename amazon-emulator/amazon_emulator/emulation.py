"""Puts one emulator together: shared state, accounts, tokens, services, two origins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.ads_accounts.accounts import AdsAccounts
from amazon_emulator.ads_accounts.control import AdsAccountsControl
from amazon_emulator.ads_accounts.routes import (
    AdvertisersService,
    ManagerAccountsService,
    ProfilesService,
)
from amazon_emulator.ads_entities.downloads import ExportDownloadService
from amazon_emulator.ads_entities.export_routes import ExportsService
from amazon_emulator.ads_entities.exports import ExportStore
from amazon_emulator.ads_entities.portfolios import PortfoliosService
from amazon_emulator.ads_entities.queries import QueriesService
from amazon_emulator.ads_reporting.control import AdsReportsControl
from amazon_emulator.ads_reporting.downloads import AdsDownloadService
from amazon_emulator.ads_reporting.routes import ReportingService
from amazon_emulator.ads_reporting.store import AdsReportStore
from amazon_emulator.ads_unified.account_routes import AdvertiserAccountsService
from amazon_emulator.ads_unified.control import UnifiedReportsControl
from amazon_emulator.ads_unified.downloads import UnifiedDownloadService
from amazon_emulator.ads_unified.routes import UnifiedReportsService
from amazon_emulator.ads_unified.store import UnifiedReportStore
from amazon_emulator.app import Application
from amazon_emulator.audiences.account_routes import (
    AmcAccountsService,
    AmcInstancesService,
)
from amazon_emulator.audiences.accounts import AmcAccounts
from amazon_emulator.audiences.audience_routes import AudiencesService
from amazon_emulator.audiences.connection_routes import (
    ConnectionsService,
    TermsService,
)
from amazon_emulator.audiences.connections import Connections
from amazon_emulator.audiences.control import AudienceControl
from amazon_emulator.audiences.store import AudienceStore
from amazon_emulator.audiences.uploads.acceptance import Uploads
from amazon_emulator.control import Control
from amazon_emulator.data_manager.api import DataManagerApi
from amazon_emulator.login.consent import ConsentCodes, ConsentService
from amazon_emulator.login.routes import LoginService
from amazon_emulator.login.tokens import TokenStore
from amazon_emulator.selling_partner.api import SellingPartnerApi
from amazon_emulator.settings import Settings
from amazon_emulator.state import EmulatorState
from amazon_emulator.stored_files import UrlSigner

if TYPE_CHECKING:
    from amazon_emulator.clock import SettableClock
    from amazon_emulator.http import Service


class Emulation:
    """One emulator without sockets: `api` and `storage` are its two WSGI apps."""

    def __init__(
        self, settings: Settings | None = None, clock: SettableClock | None = None
    ) -> None:
        state = self.state = EmulatorState(settings or Settings(), clock)
        self.accounts = AdsAccounts()
        self.tokens = TokenStore(state)
        self.codes = ConsentCodes(state)
        self.reports = AdsReportStore(state)
        self.exports = ExportStore(state)
        self.unified = UnifiedReportStore(state)
        self.signer = UrlSigner(state)
        self.amc = AmcAccounts(state, self.accounts)
        self.connections = Connections(state, self.amc)
        self.audiences = AudienceStore(state)
        self.data_manager = DataManagerApi(state, self.tokens, self.accounts, self.amc)
        self.selling = SellingPartnerApi(state, self.signer)
        downloads = AdsDownloadService(state, self.reports, self.signer)
        self.api = Application(
            state,
            [
                *self._ads(),
                *self._audiences(),
                *self.data_manager.services,
                *self.selling.services,
            ],
            self._control(),
        )
        exports = ExportDownloadService(state, self.exports, self.signer)
        unified = UnifiedDownloadService(state, self.unified, self.signer)
        self.storage = Application(
            state, [downloads, exports, unified, *self.selling.storage]
        )

    def _ads(self) -> list[Service]:
        state, accounts, tokens = self.state, self.accounts, self.tokens
        return [
            LoginService(state, tokens, self.selling.tokens, self.codes),
            ConsentService(state, self.codes, self.selling.tokens.accounts),
            ProfilesService(state, accounts, tokens),
            AdvertisersService(state, accounts, tokens),
            ManagerAccountsService(state, accounts, tokens),
            ReportingService(state, accounts, tokens, self.reports, self.signer),
            ExportsService(state, accounts, tokens, self.exports, self.signer),
            PortfoliosService(state, accounts, tokens),
            QueriesService(state, accounts, tokens),
            AdvertiserAccountsService(state, accounts, tokens),
            UnifiedReportsService(state, accounts, tokens, self.unified, self.signer),
        ]

    def _audiences(self) -> list[Service]:
        state, tokens, amc = self.state, self.tokens, self.amc
        connections, audiences = self.connections, self.audiences
        uploads = Uploads(state, amc, connections, audiences)
        return [
            AmcAccountsService(state, amc, tokens),
            AmcInstancesService(state, amc, tokens),
            ConnectionsService(state, amc, tokens, connections, audiences.counters),
            TermsService(state, amc, tokens),
            AudiencesService(state, tokens, amc, connections, audiences, uploads),
        ]

    def _control(self) -> Control:
        return Control(
            self.state,
            [
                AdsAccountsControl(self.state, self.accounts),
                AdsReportsControl(self.reports),
                UnifiedReportsControl(self.unified),
                AudienceControl(self.amc, self.connections, self.audiences),
                self.data_manager.control,
                *self.selling.controls,
            ],
            origin=lambda: self.signer.origin,
            reset=self.reset,
            expire_tokens=self.expire_tokens,
            statistics=[
                self.reports.as_json,
                self.exports.as_json,
                self.unified.as_json,
                self.audiences.as_json,
                self.data_manager.statistics,
                *self.selling.statistics,
            ],
        )

    def expire_tokens(self) -> None:
        """Make every access token invalid at once."""
        self.tokens.revoke_all()
        self.selling.tokens.revoke_all()

    def reset(self) -> None:
        """Forget everything and return to the first settings."""
        self.state.reset()
        self.expire_tokens()
        self.codes.reset()
        self.accounts.reset()
        self.reports.reset()
        self.exports.reset()
        self.unified.reset()
        self.amc.reset()
        self.connections.reset()
        self.audiences.reset()
        self.data_manager.reset()
        self.selling.reset()

    def close(self) -> None:
        """Remove the temporary files."""
        self.reports.close()
        self.exports.close()
        self.unified.close()
        self.selling.close()
