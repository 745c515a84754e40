"""Datasets and sharing rules of accounts in Ads Data Manager, as Amazon has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from singer_amazon.errors import ConfigError
from target_amazon_audience import settings
from target_amazon_audience.data_manager.settings import API

if TYPE_CHECKING:
    from target_amazon_audience.data_manager.models import DataManagerApi, SharingRule
    from target_amazon_audience.target import TargetAmazonAudience


def datasets(target: TargetAmazonAudience) -> Iterator[Mapping[str, object]]:
    """Yield a row for each rule, and for each dataset without one.

    Raises:
        ConfigError: no audience of the settings is in Ads Data Manager.
        AmazonError: Amazon refuses to list them.
    """
    parsed = settings.parse(target.config)
    found = {
        audience.data_manager.account: audience.data_manager
        for audience in parsed.audiences.values()
        if audience.data_manager is not None
    }
    if not found:
        msg = (
            f"only api {API} lists what an account has; without --config the audiences "
            "of the state file are shown"
        )
        raise ConfigError(msg)
    apis = target.make_apis(parsed.region)
    for account, of_account in found.items():
        yield from _of_account(apis.data_manager(of_account), account)


def _of_account(api: DataManagerApi, account: str) -> Iterator[Mapping[str, object]]:
    rules: dict[str, list[SharingRule]] = {}
    for rule in api.rules():
        rules.setdefault(rule.dataset_id, []).append(rule)
    for dataset in api.datasets():
        head = {
            "account": account,
            "dataset id": dataset.id,
            "name": dataset.name,
            "country": dataset.country,
        }
        for rule in rules.get(dataset.id, []):
            yield {
                **head,
                "shared with": f"{rule.application} {rule.destination_id}",
                "status": rule.status,
                "audience id": rule.audience_id,
                "audience id v2": rule.audience_id_v2,
            }
        if dataset.id not in rules:
            nothing = ("shared with", "status", "audience id", "audience id v2")
            yield {**head, **dict.fromkeys(nothing, "")}
