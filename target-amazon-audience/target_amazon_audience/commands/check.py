"""`check` of target-amazon-audience: token, host, terms, connections, audiences."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing

import click

from singer_amazon.commands.check import quiet
from singer_amazon.commands.findings import (
    Finding,
    age_findings,
    host_findings,
    refusal,
    show_findings,
    token_finding,
)
from singer_amazon.commands.group import config_option, read_config
from singer_amazon.errors import AmazonError
from target_amazon_audience import settings
from target_amazon_audience.amc.models import (
    AudienceApi,
)
from target_amazon_audience.apis import AudienceApis
from target_amazon_audience.commands.check_data_manager import data_manager_findings
from target_amazon_audience.commands.target_of import target_of
from target_amazon_audience.commands.terms import terms_finding
from target_amazon_audience.settings import AudienceSettings, Settings
from target_amazon_audience.state.store import AudienceStore
from target_amazon_audience.target import TargetAmazonAudience


def findings(target: TargetAmazonAudience) -> Iterator[Finding]:
    """Check everything that can be looked at without making or sending anything."""
    config, parsed = target.config, settings.parse(target.config)
    yield Finding("settings", "config", "ok", "they fit together")
    yield from age_findings(config, target.clock.now())
    client = target.make_client(parsed.region)
    url = f"{client.base_url}/amc/audiences/connections"
    yield from host_findings(client.transport, target.clock, parsed.region, url)
    token = token_finding("refresh_token", client.tokens)
    yield token
    if not token.is_failure:
        yield from _audience_findings(target, parsed)


def _audience_findings(
    target: TargetAmazonAudience, parsed: Settings
) -> Iterator[Finding]:
    apis = target.make_apis(parsed.region)
    for audience in parsed.audiences.values():
        if (settings := audience.data_manager) is not None:
            api = apis.data_manager(settings)
            yield from data_manager_findings(api, audience, settings)
    audiences = [a for a in parsed.audiences.values() if a.data_manager is None]
    yield from _amc_findings(apis, audiences)


def _amc_findings(
    apis: AudienceApis, audiences: Sequence[AudienceSettings]
) -> Iterator[Finding]:
    api = apis.amc
    if any(audience.uses_amc for audience in audiences):
        terms = _terms(api, accepts=all(a.accepts_terms for a in audiences))
        yield terms
        for audience in audiences:
            if audience.uses_amc:
                yield _connection(api, audience)
    for audience in audiences:
        yield _audience(api, audience, apis.key_of(audience))


def _terms(api: AudienceApi, *, accepts: bool) -> Finding:
    return terms_finding(
        "terms of AMC",
        lambda: api.terms().is_accepted,
        accepts=accepts,
        words="not accepted by the user who granted access",
        step="accept them in the AMC console, or set accept_amc_terms",
    )


def _connection(api: AudienceApi, audience: AudienceSettings) -> Finding:
    """Look for the instance or connection; none is made."""
    instance, given = audience.instance_id, audience.connection_id
    name = f"connection {given}" if given else f"AMC instance {instance}"
    try:
        found = api.connections(given)
        leads = (
            given in {None, c.id} and instance in {None, c.instance_id} for c in found
        )
        if any(leads):
            return Finding("account", name, "allowed", "a connection leads there")
        accounts = [] if given else list(api.accounts())
        if any(instance in set(api.instances(account)) for account in accounts):
            words = "seen; the first run makes a connection to it"
            return Finding("account", name, "allowed", words)
    except AmazonError as error:
        return refusal("account", name, error)
    words = "not known to Amazon for this user"
    step = "check amc_instance_id, amc_account_id, connection_id and region"
    return Finding("account", name, "refused", words, step)


def _audience(api: AudienceApi, audience: AudienceSettings, key: str) -> Finding:
    label = audience.label
    try:
        known, name = _remembered(audience, key)
        if known is None:
            words = "not made yet: the next run makes it"
            return Finding("audience", label, "unknown without asking", words)
        label = f"{label}, {name!r}" if name else label
        name = api.audience(known).name
    except AmazonError as error:
        return refusal("audience", label, error)
    return Finding("audience", audience.label, "allowed", f"{known}, {name!r}")


def _remembered(audience: AudienceSettings, key: str) -> tuple[int | None, str | None]:
    """Return id and name of an audience, as far as settings or database know them."""
    store = AudienceStore(audience.state_path, owner="check", read_only=True)
    with closing(store):
        known = audience.audience_id if audience.action == "UPDATE" else None
        if known is None:
            known = store.audience(key)
        return known, None if known is None else store.name(known)


@click.command("check")
@config_option
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def check_command(config: tuple[str, ...], *, as_json: bool) -> None:
    """Check token, connection and audiences; nothing is made, changed or sent.

    Exit code 1 where something is refused.
    """
    with quiet():
        given, parse_env = read_config(config)
        found = findings(target_of(given, parse_env=parse_env))
        code = show_findings(found, as_json=as_json)
    sys.exit(code)
