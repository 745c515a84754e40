"""Puts Ads Data Manager together: services, control calls, statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from amazon_emulator.data_manager.account_routes import TermsAndDataroomService
from amazon_emulator.data_manager.accounts import AdmAccounts
from amazon_emulator.data_manager.control import AdmControl
from amazon_emulator.data_manager.counters import AdmCounters
from amazon_emulator.data_manager.datasets.dataset_routes import DatasetsService
from amazon_emulator.data_manager.datasets.member_routes import (
    IdentitiesService,
    MembersService,
)
from amazon_emulator.data_manager.datasets.metric_routes import MetricsService
from amazon_emulator.data_manager.datasets.store import DatasetStore
from amazon_emulator.data_manager.pages import Pages
from amazon_emulator.data_manager.service import Shared
from amazon_emulator.data_manager.sharing_rules.routes import RulesService
from amazon_emulator.data_manager.sharing_rules.store import RuleStore

if TYPE_CHECKING:
    from amazon_emulator.ads_accounts.accounts import AdsAccounts
    from amazon_emulator.audiences.accounts import AmcAccounts
    from amazon_emulator.http import Service
    from amazon_emulator.login.tokens import TokenStore
    from amazon_emulator.state import EmulatorState


class DataManagerApi:
    """The whole part, for one emulator."""

    def __init__(
        self,
        state: EmulatorState,
        tokens: TokenStore,
        ads_accounts: AdsAccounts,
        amc: AmcAccounts,
    ) -> None:
        self.accounts = AdmAccounts(state, ads_accounts, amc)
        self.counters = AdmCounters()
        self.datasets = DatasetStore(state, self.counters)
        self.rules = RuleStore(state)
        self._pages = Pages(state)
        shared = Shared(
            state,
            tokens,
            self.accounts,
            self.counters,
            self._pages,
            self.datasets,
            self.rules,
        )
        self.services: Sequence[Service] = (
            TermsAndDataroomService(shared),
            DatasetsService(shared),
            MembersService(shared),
            MetricsService(shared),
            IdentitiesService(shared),
            RulesService(shared),
        )
        self.control = AdmControl(self.accounts, self.datasets, self.rules)
        self.statistics = self.counters.as_json

    def reset(self) -> None:
        """Forget everything."""
        self.accounts.reset()
        self.datasets.reset()
        self.rules.reset()
        self._pages.reset()
        self.counters.clear()
