"""Whose data is read: selling partners as the settings name them, and as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from singer_amazon.config.names import did_you_mean
from singer_amazon.errors import ConfigError
from singer_amazon.http.auth import Credential
from singer_amazon.regions import Region
from tap_amazon_sp.client import AccountCaller
from tap_amazon_sp.marketplaces import (
    MARKETPLACES,
    AccountKind,
    Marketplace,
    find_or_unknown,
    of_region,
    region_of,
)

KINDS: tuple[AccountKind, ...] = get_args(AccountKind)
AUTO = "auto"

_FIELDS = {
    *("name", "refresh_token", "region", "account_type", "marketplace_ids"),
    *("client_id", "client_secret", "refresh_token_granted_on"),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A selling partner in one region, ready to be called."""

    name: str
    kind: AccountKind
    region: Region
    marketplaces: tuple[Marketplace, ...]
    caller: AccountCaller = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        """What stands for it in reports and in the state: its name."""
        return self.name

    @property
    def label(self) -> str:
        """The account as people know it."""
        return f"{self.name} ({self.region} {self.kind})"

    def label_in(self, marketplace: Marketplace) -> str:
        """Return the account in one marketplace, as people know it."""
        return f"{self.name} in {marketplace.code}"


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account of the settings; without marketplaces: all it takes part in."""

    name: str
    kind: AccountKind | None
    region: Region
    marketplaces: tuple[Marketplace, ...]
    credential: Credential

    @property
    def label(self) -> str:
        """The account as people know it, before its kind is known for certain."""
        return f"{self.name} ({self.region} {self.kind or 'account'})"


def read_accounts(config: Mapping[str, Any]) -> tuple[AccountSettings, ...]:
    """Return the accounts of the settings.

    Raises:
        ConfigError: there is none, or one of them cannot be meant so.
    """
    entries = config.get("accounts") or []
    token = config.get("refresh_token")
    if entries and token:
        msg = (
            "refresh_token and accounts are both set: which accounts are meant? Give "
            "each account its own refresh_token in accounts, or leave accounts out"
        )
        raise ConfigError(msg)
    if not entries and not token:
        msg = (
            "no account to read: set refresh_token to the token of one selling "
            "partner, or accounts to a list of them, each with its own"
        )
        raise ConfigError(msg)
    if entries:
        _check_names(entries)
        return tuple(
            _account_settings(entry, config, _where(entry)) for entry in entries
        )
    names = ("refresh_token", "account_type", "marketplace_ids")
    only = {name: config[name] for name in names if config.get(name) is not None}
    only["name"] = str(config.get("account_name") or "default")
    return (_account_settings(only, config, ""),)


def _where(entry: Mapping[str, Any]) -> str:
    return f"accounts.{entry.get('name')}."


def _check_names(entries: Iterable[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        name = str(entry.get("name") or "").strip()
        if not name:
            msg = f"accounts[{index}] has no name: it stands in every row, set one"
            raise ConfigError(msg)
        if not name.isprintable():
            msg = f"accounts: the name {name!r} has signs that cannot be printed"
            raise ConfigError(msg)
        if name in seen:
            msg = f"accounts: two accounts are called {name!r}: rename one of them"
            raise ConfigError(msg)
        seen.add(name)
        for strange in sorted(set(entry) - _FIELDS):
            msg = (
                f"accounts.{name}.{strange} is not known: "
                f"{did_you_mean(str(strange), _FIELDS)}"
            )
            raise ConfigError(msg)


def _account_settings(
    entry: Mapping[str, Any], config: Mapping[str, Any], where: str
) -> AccountSettings:
    if not str(entry.get("refresh_token") or "").strip():
        msg = f"{where}refresh_token is empty: each account has a token of its own"
        raise ConfigError(msg)
    region = region_of(str(entry.get("region") or config.get("region") or "NA"))
    assert region is not None  # noqa: S101 - the schema and legacy_config check it
    kind = _kind(entry, where)
    ids = entry.get("marketplace_ids") or []
    if kind == "vendor" and not ids:
        msg = (
            f"{where}marketplace_ids is empty: Amazon does not tell a vendor's "
            "marketplaces, name them, e.g. [US, CA]"
        )
        raise ConfigError(msg)
    credential = Credential(
        str(entry.get("client_id") or config["client_id"]),
        str(entry.get("client_secret") or config["client_secret"]),
        str(entry["refresh_token"]).strip(),
    )
    return AccountSettings(
        name=str(entry["name"]).strip(),
        kind=kind,
        region=region,
        marketplaces=_marketplaces(ids, region, where),
        credential=credential,
    )


def _kind(entry: Mapping[str, Any], where: str) -> AccountKind | None:
    text = str(entry.get("account_type") or AUTO).strip().lower()
    for kind in KINDS:
        if text == kind:
            return kind
    if text != AUTO:
        msg = f"{where}account_type {text!r} is none: write seller, vendor or auto"
        raise ConfigError(msg)
    return None


def _marketplaces(
    ids: Iterable[object], region: Region, where: str
) -> tuple[Marketplace, ...]:
    found: dict[str, Marketplace] = {}
    for text in ids:
        marketplace = find_or_unknown(str(text), region)
        if marketplace is None:
            known = ", ".join(entry.code for entry in MARKETPLACES)
            msg = (
                f"{where}marketplace_ids: {text!r} is no marketplace this version "
                f"knows: write Amazon's id, or one of {known}"
            )
            raise ConfigError(msg)
        if marketplace.region != region:
            here = ", ".join(entry.code for entry in of_region(region))
            msg = (
                f"{where}marketplace_ids: {text} is in region {marketplace.region}, "
                f"the account in {region} ({here}): a token is good for one region"
            )
            raise ConfigError(msg)
        found.setdefault(marketplace.marketplace_id, marketplace)
    return tuple(found.values())
