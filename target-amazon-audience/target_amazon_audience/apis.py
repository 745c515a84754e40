"""The two APIs that take audiences: which settings lead to which."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from target_amazon_audience.amc.client import HttpAudienceApi
from target_amazon_audience.amc.rate_limits import (
    Deadline,
    SharedLimiter,
    record_quota,
)
from target_amazon_audience.amc.resolver import AudienceResolver, key_of
from target_amazon_audience.data_manager.client import HttpDataManagerApi
from target_amazon_audience.data_manager.resolver import DatasetResolver, dataset_key

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from singer_amazon.http.client import ApiClient
    from singer_amazon.rate_limits import Quota
    from target_amazon_audience.data_manager.settings import DataManagerSettings
    from target_amazon_audience.delivery.ports import Resolver
    from target_amazon_audience.settings import AudienceSettings
    from target_amazon_audience.state.store import AudienceStore


@dataclass
class AudienceApis:
    """Makes what speaks with the API that the settings of an audience name.

    ``identity`` tells apart clients and regions.
    """

    client: ApiClient
    identity: str
    clock: Clock
    is_stopped: Callable[[], bool]
    deadline: Deadline

    @cached_property
    def amc(self) -> HttpAudienceApi:
        """The audience API."""
        return HttpAudienceApi(self.client, self._limiter(record_quota()))

    def data_manager(self, settings: DataManagerSettings) -> HttpDataManagerApi:
        """Return Ads Data Manager, as one account sees it."""
        limiter = self._limiter(record_quota((), sys.maxsize))
        return HttpDataManagerApi(self.client, limiter, settings.headers)

    def _limiter(self, quota: Quota) -> SharedLimiter:
        return SharedLimiter(quota, self.clock, self.is_stopped, self.deadline)

    def key_of(self, audience: AudienceSettings) -> str:
        """Return what this target knows an audience by."""
        if audience.data_manager is not None:
            return dataset_key(audience, audience.data_manager, self.identity)
        return key_of(audience, self.identity)

    def resolver(self, audience: AudienceSettings, store: AudienceStore) -> Resolver:
        """Return what finds or makes an audience."""
        key = self.key_of(audience)
        if audience.data_manager is not None:
            api = self.data_manager(audience.data_manager)
            return DatasetResolver(
                audience,
                audience.data_manager,
                key,
                api,
                store,
                self.clock,
                self.is_stopped,
            )
        return AudienceResolver(audience, key, self.amc, store, self.clock)
