"""Advertiser accounts: who may be reported on, and in which markets each advertises.

Profiles that name the same `advertiserAccount` (our own key) are one global account
with a market per country; a profile without the key is an account of its own, global
or, with `isGlobalAccount: false`, not. Each DSP advertiser is a regional account.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from amazon_emulator.ads_accounts.accounts import (
    ATTRIBUTION,
    DSP_LINK,
    account_info,
    objects_of,
)
from amazon_emulator.ads_entities.world import market_account
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES

if TYPE_CHECKING:
    from amazon_emulator.ads_accounts.accounts import AdsAccounts, Json
    from amazon_emulator.market_model.accounts import MarketAccount
    from amazon_emulator.settings import Settings

GROUP_KEY, GLOBAL_KEY = "advertiserAccount", "isGlobalAccount"
_DEFAULT_MARKETPLACE = "ATVPDKIKX0DER"
_COUNTRIES = {"UK": "GB"}
"""Profiles say UK; this API says GB, as everybody else does."""


@dataclass(frozen=True, slots=True)
class Market:
    """One country of an account: what a profile, or an advertiser of the DSP, is."""

    account_id: str
    """Of the profile, or of the DSP advertiser."""
    kind: str
    """`seller`, `vendor` or `dsp`."""
    country: str
    region: str
    timezone: str
    currency: str | None
    entity_id: str | None
    marketplace_id: str
    name: str

    def today(self, now: datetime) -> date:
        """Return the date where the campaigns are."""
        return now.astimezone(ZoneInfo(self.timezone)).date()

    def model(self, settings: Settings) -> MarketAccount:
        """Return the market as the model knows it: that of the reports of v3."""
        return market_account(
            settings, self.account_id, self.kind, self.marketplace_id, self.currency
        )


@dataclass(frozen=True, slots=True)
class Advertiser:
    """One advertiser account with all its markets."""

    advertiser_account_id: str
    is_global: bool
    markets: list[Market] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.markets[0].name

    @property
    def ids(self) -> set[str]:
        """Every id by which a fault rule may name it."""
        ids = {market.account_id for market in self.markets}
        return ids | {self.advertiser_account_id}

    def is_seen_from(self, region: str) -> bool:
        """Return whether the host of a region lists it."""
        return any(market.region == region for market in self.markets)


def advertisers_of(accounts: AdsAccounts) -> dict[str, Advertiser]:
    """Return all advertiser accounts by id; the region of a host limits none."""
    known, found = accounts.as_json(), dict[str, Advertiser]()
    for key, is_global, market in (*_of_profiles(known), *_of_dsp(known)):
        account_id = _account_id(key, is_global=is_global)
        one = found.setdefault(account_id, Advertiser(account_id, is_global))
        if market.account_id not in {other.account_id for other in one.markets}:
            one.markets.append(market)
    return found


def of_manager(
    accounts: AdsAccounts, manager_id: str, advertisers: Iterable[Advertiser]
) -> list[Advertiser] | None:
    """Return the advertisers linked to a manager account; None: there is no such."""
    managers = _objects(accounts.as_json(), "managerAccounts")
    named = [m for m in managers if m.get("managerAccountId") == manager_id]
    if not named:
        return None
    links = _objects(named[0], "linkedAccounts")
    ids = {str(x.get(key)) for x in links for key in ("profileId", "dspAdvertiserId")}
    return [found for found in advertisers if found.ids & ids]


_Entry = tuple[str, bool, Market]


def _of_profiles(known: Json) -> Iterator[_Entry]:
    for profile in _objects(known, "profiles"):
        info = account_info(profile)
        if info.get("type") in ("seller", "vendor"):
            key = profile.get(GROUP_KEY) or f"profile {profile['profileId']}"
            is_global = profile.get(GLOBAL_KEY, True) is True
            yield str(key), is_global, _profile_market(profile, info)


def _profile_market(profile: Json, info: Json) -> Market:
    country = str(profile["countryCode"])
    return Market(
        str(profile["profileId"]),
        str(info["type"]),
        _COUNTRIES.get(country, country),
        str(profile["region"]),
        str(profile["timezone"]),
        str(profile["currencyCode"]),
        str(info.get("id")),
        str(info.get("marketplaceStringId") or _DEFAULT_MARKETPLACE),
        str(info.get("name")),
    )


def _of_dsp(known: Json) -> Iterator[_Entry]:
    listed = known["advertisers"]
    by_agency = listed if isinstance(listed, dict) else {}
    for profile in _objects(known, "profiles"):
        info = account_info(profile)
        if info.get("type") == "agency" and info.get("subType") != ATTRIBUTION:
            for advertiser in by_agency.get(str(profile["profileId"]), ()):
                market = _dsp_market(advertiser, profile)
                yield f"dsp {market.account_id}", False, market
    for manager in _objects(known, "managerAccounts"):
        for link in _objects(manager, "linkedAccounts"):
            if link.get("accountType") == DSP_LINK:
                market = _linked(link, str(manager.get("region")))
                yield f"dsp {market.account_id}", False, market


def _objects(known: Json, name: str) -> list[Json]:
    return objects_of(known.get(name, []), name)


def _dsp_market(advertiser: Json, profile: Json) -> Market:
    currency, country = advertiser.get("currency"), str(advertiser.get("country"))
    shops = (m.marketplace_id for m in MARKETPLACES.values() if m.country == country)
    agency = account_info(profile)
    shop = next(shops, str(agency.get("marketplaceStringId") or _DEFAULT_MARKETPLACE))
    return Market(
        str(advertiser["advertiserId"]),
        "dsp",
        _COUNTRIES.get(country, country),
        str(profile["region"]),
        str(advertiser.get("timezone") or profile["timezone"]),
        None if currency is None else str(currency),
        str(agency.get("id")),
        shop,
        str(advertiser.get("name")),
    )


def _linked(link: Json, region: str) -> Market:
    shop = str(link.get("marketplaceId") or _DEFAULT_MARKETPLACE)
    marketplace = MARKETPLACES.get(shop)
    return Market(
        str(link["dspAdvertiserId"]),
        "dsp",
        "US" if marketplace is None else marketplace.country,
        region,
        str(link.get("timezone") or "UTC"),
        None if marketplace is None else marketplace.currency,
        str(link.get("accountId")),
        shop,
        str(link.get("accountName")),
    )


def _account_id(key: str, *, is_global: bool) -> str:
    digest = base64.b32encode(sha256(key.encode()).digest()).decode().lower()[:25]
    return f"amzn1.ads-account.{'g' if is_global else 'r'}.{digest}"
