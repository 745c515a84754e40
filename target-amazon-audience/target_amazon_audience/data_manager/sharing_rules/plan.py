"""Which sharing rules an audience needs, and which of Amazon's are these. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from singer_amazon.errors import ConfigError
from target_amazon_audience.data_manager.models import (
    ACTIVE,
    AMC,
    DSP,
    PENDING,
    LinkedAccount,
    NewRule,
    SharingRule,
)
from target_amazon_audience.data_manager.sharing_rules.marketplaces import MARKETPLACES

if TYPE_CHECKING:
    from target_amazon_audience.data_manager.settings import DataManagerSettings
    from target_amazon_audience.settings import AudienceSettings

_APPLICATIONS = {"AMC": (AMC,), "DSP": (DSP,), "AMC_AND_DSP": (DSP, AMC), "NONE": ()}
_REVOKED = "REVOKED"
LIVE = (ACTIVE, PENDING)


@dataclass(frozen=True, slots=True)
class DspDestination:
    """The DSP account that a dataset is shared with."""

    account_id: str
    marketplace_id: str | None = None


def dsp_destination(
    settings: DataManagerSettings,
    advertiser_id: str | None,
    linked: Iterable[LinkedAccount],
) -> DspDestination:
    """Return the DSP account, among ``linked`` ones where only digits are given.

    Raises:
        ConfigError: no account, or more than one, has the advertiser id.
    """
    if settings.dsp_account_id is not None:
        return DspDestination(settings.dsp_account_id, settings.marketplace_id)
    found = {
        DspDestination(account.account_id, account.marketplace_id or None)
        for account in linked
        if account.dsp_advertiser_id == advertiser_id
        and settings.marketplace_id in {None, account.marketplace_id}
        and (not settings.is_manager or account.manager_id == settings.account)
    }
    if len(found) == 1:
        return found.pop()
    if not found:
        msg = (
            f"Setting dsp_advertiser_id {advertiser_id} is linked with no manager "
            "account that this user sees in this region (links of parent accounts do "
            "not count): check manager_account_id, marketplace_id and region, or set "
            "dsp_account_id."
        )
        raise ConfigError(msg)
    places = sorted(d.marketplace_id or "-" for d in found)
    msg = (
        f"Setting dsp_advertiser_id {advertiser_id} is linked in the marketplaces "
        f"{', '.join(places)}: set marketplace_id."
    )
    raise ConfigError(msg)


def applications(target: str) -> tuple[str, ...]:
    """Return the applications that a target shares a dataset with."""
    return _APPLICATIONS[target]


def new_rules(
    settings: AudienceSettings,
    data_manager: DataManagerSettings,
    dataset_id: str,
    dsp: DspDestination | None,
) -> Iterator[NewRule]:
    """Yield the rules that the settings ask for.

    Raises:
        ConfigError: the marketplace is not known.
    """
    marketplace = data_manager.marketplace_id or (dsp and dsp.marketplace_id)
    marketplace = marketplace or MARKETPLACES.get(settings.country)
    for application in applications(settings.target):
        if marketplace is None:
            msg = (
                "Setting marketplace_id is missing: every sharing rule names one, and "
                f"that of {settings.country} is not known."
            )
            raise ConfigError(msg)
        if application == DSP and dsp is not None:
            yield _dsp_rule(settings, data_manager, dataset_id, dsp, marketplace)
        if application == AMC:
            instance = settings.instance_id or ""
            amc = {"amcMetadata": {"amcInstanceId": instance}}
            yield NewRule(AMC, dataset_id, instance, marketplace, amc)


def _dsp_rule(
    settings: AudienceSettings,
    data_manager: DataManagerSettings,
    dataset_id: str,
    dsp: DspDestination,
    marketplace_id: str,
) -> NewRule:
    named = {
        "audienceName": settings.name,
        "description": settings.description,
        "externalAudienceId": settings.external_audience_id,
    }
    metadata = {"audienceMetadata": {k: v for k, v in named.items() if v}}
    return NewRule(
        DSP,
        dataset_id,
        dsp.account_id,
        dsp.marketplace_id or marketplace_id,
        metadata,
        data_manager.dsp_entity_id,
    )


def existing(rule: NewRule, listed: Iterable[SharingRule]) -> SharingRule | None:
    """Return Amazon's rule of the same kind: a live one, else any that is there.

    A status that this release does not know counts as there: a second rule would be
    worse than none.
    """
    same = [
        found
        for found in listed
        if found.application == rule.application
        and found.dataset_id == rule.dataset_id
        and found.destination_id == rule.destination_id
    ]
    return min(same, key=_rank, default=None)


def _rank(rule: SharingRule) -> int:
    if rule.status in LIVE:
        return LIVE.index(rule.status)
    return 3 if is_revoked(rule) else 2


def is_revoked(rule: SharingRule) -> bool:
    """Whether somebody has ended the sharing."""
    return rule.status.startswith(_REVOKED)
