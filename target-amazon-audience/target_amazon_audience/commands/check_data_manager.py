"""`check` of an audience in Ads Data Manager: terms, role, data room, destinations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from singer_amazon.commands.findings import Finding, Result, refusal
from singer_amazon.errors import AmazonError, ConfigError
from target_amazon_audience.commands.terms import terms_finding
from target_amazon_audience.data_manager.models import AMC, DSP, DataManagerApi
from target_amazon_audience.data_manager.names import dataset_name
from target_amazon_audience.data_manager.sharing_rules.plan import (
    applications,
    dsp_destination,
    is_revoked,
)

if TYPE_CHECKING:
    from target_amazon_audience.data_manager.models import Dataset
    from target_amazon_audience.data_manager.settings import DataManagerSettings
    from target_amazon_audience.settings import AudienceSettings

_UNKNOWN: Result = "unknown without asking"


def data_manager_findings(
    api: DataManagerApi, audience: AudienceSettings, settings: DataManagerSettings
) -> Iterator[Finding]:
    """Check what can be looked at without making or sending anything."""
    terms = _terms(api, settings)
    yield terms
    if terms.is_failure:
        return
    yield _dataroom(api, settings)
    yield from _role(api, settings)
    if DSP in applications(audience.target):
        yield _dsp(api, audience, settings)
    yield from _dataset(api, audience, settings)


def _terms(api: DataManagerApi, settings: DataManagerSettings) -> Finding:
    return terms_finding(
        "terms of Ads Data Manager",
        lambda: api.terms().is_accepted,
        accepts=settings.accepts_terms,
        words=f"not accepted for {settings.account}",
        step="accept them in the console, or set accept_adm_terms",
    )


def _dataroom(api: DataManagerApi, settings: DataManagerSettings) -> Finding:
    name = "data room"
    try:
        has_one = api.has_dataroom()
    except AmazonError as error:
        return refusal("account", name, error)
    if has_one:
        return Finding("account", name, "ok", f"{settings.account} has one")
    if settings.creates_dataroom:
        return Finding("account", name, "ok", "none yet; the run makes it")
    step = "open Ads Data Manager once in the console, or set create_data_room"
    return Finding("account", name, "refused", f"{settings.account} has none", step)


def _role(api: DataManagerApi, settings: DataManagerSettings) -> Iterator[Finding]:
    """Roles that may look and create are more than those that may send members."""
    name = "role"
    try:
        api.dataroom_counts()
    except AmazonError as error:
        yield refusal("account", name, error)
    else:
        yield Finding("account", name, "allowed", "may read Ads Data Manager")
    needed = "ads_data_manager_edit" if settings.is_manager else "audiences_edit"
    words = (
        f"only the first batch shows it: the user needs the role {needed}; one that "
        "creates datasets and rules may still be refused there"
    )
    yield Finding("account", "sending members", _UNKNOWN, words)


def _dsp(
    api: DataManagerApi, audience: AudienceSettings, settings: DataManagerSettings
) -> Finding:
    given = settings.dsp_account_id or audience.advertiser_id
    name = f"DSP advertiser {given}"
    try:
        linked = list(api.linked_accounts())
        found = dsp_destination(settings, audience.advertiser_id, linked)
    except ConfigError as error:
        return Finding("account", name, "refused", str(error))
    except AmazonError as error:
        return refusal("account", name, error)
    known = {(a.manager_id, a.account_id) for a in linked}
    if not settings.is_manager or (settings.account, found.account_id) in known:
        words = f"{found.account_id}; whether the link may share data shows at the rule"
        return Finding("account", name, "allowed", words)
    words = f"{found.account_id} is not linked with {settings.account}"
    step = "link it in the console with the permission to share data"
    return Finding("account", name, "refused", words, step)


def _dataset(
    api: DataManagerApi, audience: AudienceSettings, settings: DataManagerSettings
) -> Iterator[Finding]:
    label = audience.label
    try:
        found = _found(api, audience, settings)
        if found is None:
            words = "no dataset of this name yet: the next run makes it"
            yield Finding("audience", label, _UNKNOWN, words)
            return
        yield Finding("audience", label, "allowed", f"{found.id}, {found.name!r}")
        rules = list(api.rules(found.id))
    except AmazonError as error:
        yield refusal("audience", label, error)
        return
    for application in applications(audience.target):
        named = [rule for rule in rules if rule.application == application]
        name = "AMC instance" if application == AMC else "DSP audience"
        if not named:
            words = "not shared yet: the next run makes the rule"
            yield Finding("audience", name, _UNKNOWN, words)
        for rule in named:
            state: Result = "refused" if is_revoked(rule) else "allowed"
            words = f"rule {rule.id} with {rule.destination_id}: {rule.status}"
            yield Finding("audience", name, state, words)


def _found(
    api: DataManagerApi, audience: AudienceSettings, settings: DataManagerSettings
) -> Dataset | None:
    if (known := settings.named_id(audience.action)) is not None:
        return api.dataset(known)
    name = dataset_name(audience.external_audience_id or "")
    return next((d for d in api.datasets() if d.name == name), None)
