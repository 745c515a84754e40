"""Whose reports are read: profiles, agencies, linked advertisers, their days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from singer_amazon.sync.partition import AccountDetails

LATEST_ZONE = timezone(timedelta(hours=-12))
"""Where every day ends last: stands for zones Amazon does not give."""

ATTRIBUTION = "AMAZON_ATTRIBUTION"
_ID = re.compile(r"[0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Advertiser:
    """A DSP advertiser."""

    advertiser_id: str
    name: str | None = None
    currency: str | None = None
    country: str | None = None
    timezone: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One account in one marketplace, as `GET /v2/profiles` gives it."""

    profile_id: str
    kind: str
    country: str | None
    currency: str | None
    timezone: str | None
    name: str | None
    subtype: str | None
    raw: Mapping[str, Any] = field(repr=False, hash=False, compare=False)

    @property
    def label(self) -> str:
        """The profile as people know it."""
        return f"profile {self.profile_id} ({self.country or '?'} {self.kind})"


@dataclass(frozen=True, slots=True)
class Account:
    """What one report is asked for: a profile, an agency, a linked advertiser."""

    key: str
    label: str
    kind: str
    context: Mapping[str, str] = field(hash=False)
    country: str | None = None
    currency: str | None = None
    zones: tuple[str | None, ...] = ()
    advertisers: tuple[Advertiser, ...] = ()
    name: str | None = None

    @property
    def details(self) -> AccountDetails:
        """What logs say of it; what its advertisers do not share is left open."""
        currencies = {self.currency, *(a.currency for a in self.advertisers)} - {None}
        zones = set(self.zones)
        return AccountDetails(
            self.name,
            currencies.pop() if len(currencies) == 1 else None,
            zones.pop() if len(zones) == 1 else None,
        )

    @property
    def is_dsp(self) -> bool:
        """Whether it gets DSP reports instead of sponsored ones."""
        return self.kind in {"agency", "linked"}

    def label_of(self, advertiser_id: str | None) -> str:
        """Return who it is, or one of its advertisers, as people know them."""
        if advertiser_id is None or self.kind == "linked":
            return self.label
        return f"advertiser {advertiser_id} of {self.label}"

    def headers(self) -> dict[str, str]:
        """Return the header that says whose report is meant."""
        if self.kind == "linked":
            return {"Amazon-Ads-AccountId": self.key}
        return {"Amazon-Advertising-API-Scope": self.key}

    def newest_complete_day(self, now: datetime) -> date:
        """Return the newest day that is over in all zones of the account."""
        days = [now.astimezone(_zone(name)).date() for name in self.zones]
        today = min(days, default=now.astimezone(LATEST_ZONE).date())
        return today - timedelta(days=1)

    def oldest_kept_day(self, now: datetime, retention_days: int) -> date:
        """Return the first day Amazon still has, today counted in."""
        days = [now.astimezone(_zone(name)).date() for name in self.zones]
        today = max(days, default=now.date())
        return today - timedelta(days=retention_days - 1)


def _zone(name: str | None) -> tzinfo:
    if not name:
        return LATEST_ZONE
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return LATEST_ZONE


def read_profile(raw: Mapping[str, Any]) -> Profile | None:
    """Read one item of `GET /v2/profiles`; None where it has no id.

    Ids become parts of headers, paths and keys: nothing but digits will do.
    """
    info = raw.get("accountInfo")
    info = info if isinstance(info, dict) else {}
    profile_id = str(raw.get("profileId"))
    if not _ID.fullmatch(profile_id):
        return None
    return Profile(
        profile_id=profile_id,
        kind=str(info.get("type") or "").lower(),
        country=_text(raw, "countryCode"),
        currency=_text(raw, "currencyCode"),
        timezone=_text(raw, "timezone"),
        name=_text(info, "name"),
        subtype=_text(info, "subType"),
        raw=raw,
    )


def read_advertiser(raw: Mapping[str, Any]) -> Advertiser | None:
    """Read one item of `GET /dsp/advertisers`; None where it has no id."""
    advertiser_id = str(raw.get("advertiserId"))
    if not _ID.fullmatch(advertiser_id):
        return None
    return Advertiser(
        advertiser_id=advertiser_id,
        name=_text(raw, "name"),
        currency=_text(raw, "currency"),
        country=_text(raw, "country"),
        timezone=_text(raw, "timezone"),
        url=_text(raw, "url"),
    )


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    value = raw.get(name)
    return None if value is None else str(value)


def read_linked(managers: Iterable[Mapping[str, Any]]) -> list[Advertiser]:
    """Read the DSP advertisers out of `GET /managerAccounts`."""
    found: dict[str, Advertiser] = {}
    for manager in managers:
        links = manager.get("linkedAccounts")
        for link in links if isinstance(links, list) else ():
            if not isinstance(link, dict):
                continue
            advertiser_id = str(link.get("dspAdvertiserId"))
            is_dsp = link.get("accountType") == "DSP_ADVERTISING_ACCOUNT"
            if is_dsp and _ID.fullmatch(advertiser_id):
                found[advertiser_id] = Advertiser(
                    advertiser_id, name=_text(link, "accountName")
                )
    return list(found.values())


def profile_account(profile: Profile) -> Account:
    """Return the account of a seller or vendor profile."""
    return Account(
        key=profile.profile_id,
        label=profile.label,
        kind=profile.kind,
        context={"profile_id": profile.profile_id},
        country=profile.country,
        currency=profile.currency,
        zones=(profile.timezone,),
        name=profile.name,
    )


def agency_account(profile: Profile, advertisers: Iterable[Advertiser]) -> Account:
    """Return the account of an agency profile and its advertisers."""
    members = tuple(advertisers)
    return Account(
        key=profile.profile_id,
        label=profile.label,
        kind="agency",
        context={"profile_id": profile.profile_id},
        zones=tuple({member.timezone for member in members}),
        advertisers=members,
        name=profile.name,
    )


def linked_account(advertiser: Advertiser) -> Account:
    """Return the account of an advertiser without a profile."""
    return Account(
        key=advertiser.advertiser_id,
        label=f"linked advertiser {advertiser.advertiser_id}",
        kind="linked",
        context={"advertiser_id": advertiser.advertiser_id},
        zones=(advertiser.timezone,),
        advertisers=(advertiser,),
        name=advertiser.name,
    )
