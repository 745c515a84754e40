"""What a run has of Ads API v1: who is read by it, its accounts, its port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from singer_amazon.http.client import ApiClient
from singer_amazon.reports.lifecycle import RunMode
from singer_amazon.reports.rate_limiters import ReportRateLimiters
from singer_amazon.tap.context import RunContext
from tap_amazon_ads.client import AdsClient
from tap_amazon_ads.unified import account_map
from tap_amazon_ads.unified.account_map import AccountMap
from tap_amazon_ads.unified.answers import RefusedFields
from tap_amazon_ads.unified.choice import ReportingChoice, ReportingSettings
from tap_amazon_ads.unified.comparison.proof import Proof, read_proof
from tap_amazon_ads.unified.comparison.proof_file import open_proof_file
from tap_amazon_ads.unified.rate_limiters import (
    DEFAULT_INTERVAL,
    RoutedRateLimiters,
)
from tap_amazon_ads.unified.reports_api import UnifiedApi


class UnifiedReporting:
    """Made by the tap; whatever asks Amazon is made when it is needed."""

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        lists: Callable[[], AdsClient],
        context: Callable[[], RunContext],
        other_limiters: ReportRateLimiters,
    ) -> None:
        self._config = config
        self._lists = lists
        self._context = context
        self.refused_fields = RefusedFields()
        self.limiters = RoutedRateLimiters(
            other_limiters,
            float(config.get("v1_call_interval_seconds", DEFAULT_INTERVAL)),
            waits=config.get("run_mode") != RunMode.ASK.value,
        )

    @cached_property
    def choice(self) -> ReportingChoice:
        """What says by which API a stream of an account is read."""
        return ReportingChoice(
            ReportingSettings.read(self._config),
            accounts=lambda: self._accounts,
            proof=lambda: self._proof,
            warn_once=self._context().warn_once,
        )

    def api(self, client: ApiClient) -> UnifiedApi:
        """Return the port."""
        return UnifiedApi(
            client,
            self._config["client_id"],
            self.limiters.running,
            self.refused_fields,
            self._context().warn_once,
        )

    @cached_property
    def _accounts(self) -> AccountMap:
        """The accounts of v1, by profile and advertiser."""
        lists = self._lists()
        headers = {"Amazon-Ads-ClientId": self._config["client_id"]}

        def read() -> AccountMap:
            return account_map.read_accounts(
                lambda body: lists.page(
                    account_map.PATH,
                    body,
                    headers=headers,
                    media_type="application/json",
                    array=account_map.ARRAY,
                )
            )

        return self._context().in_background(read)

    @cached_property
    def _proof(self) -> Proof:
        """Where v3 and v1 have been found to agree."""
        path = self._config.get("proof_path")
        if not path:
            return Proof()
        file = open_proof_file(path, self._config)
        return self._context().in_background(lambda: read_proof(file.read(), file.name))
