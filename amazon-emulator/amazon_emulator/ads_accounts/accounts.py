"""Who exists: profiles of all regions, advertisers of agencies, linked accounts.

Objects are kept as Amazon shows them; a few keys of our own (`region`, `access`,
`programs`, `advertiserAccount`, `isGlobalAccount`, a link's `timezone`) are taken off
before a response is sent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from copy import deepcopy
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Json = dict[str, object]
_OWN = ("region", "access", "programs", "advertiserAccount", "isGlobalAccount")
ATTRIBUTION = "AMAZON_ATTRIBUTION"
DSP_LINK = "DSP_ADVERTISING_ACCOUNT"
MAX_LINKS = 50
"""Of one manager account."""


class AccountsError(ValueError):
    """Accounts that cannot be; the text says what is wrong with them."""


class AdsAccounts:
    """All accounts of one emulator; safe for threads, returns copies."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Return to the accounts of `worlds.json`."""
        text = files(__package__).joinpath("worlds.json").read_text(encoding="utf-8")
        self.replace(json.loads(text))

    def replace(self, accounts: Mapping[str, object]) -> None:
        """Take other accounts: `profiles`, `advertisers`, `managerAccounts`."""
        unknown = set(accounts) - {"profiles", "advertisers", "managerAccounts"}
        if unknown:
            message = f"A world has no {', '.join(sorted(unknown))}."
            raise AccountsError(message)
        profiles = objects_of(accounts.get("profiles", []), "profiles")
        managers = objects_of(accounts.get("managerAccounts", []), "managerAccounts")
        advertisers = accounts.get("advertisers", {})
        if not isinstance(advertisers, Mapping):
            raise AccountsError("advertisers must be an object: profile id -> list.")
        for manager in managers:
            _check_links(_links(manager))
        with self._lock:
            self._profiles: dict[str, Json] = {}
            self._advertisers: dict[str, dict[str, Json]] = {}
            self._managers = deepcopy(managers)
            for profile in profiles:
                self.add_profile(profile)
            for profile_id, listed in advertisers.items():
                self.add_advertisers(str(profile_id), objects_of(listed, "advertisers"))

    def as_json(self) -> Json:
        """Return all accounts in the form `replace` reads."""
        with self._lock:
            listed = {
                key: list(value.values()) for key, value in self._advertisers.items()
            }
            profiles, managers = list(self._profiles.values()), self._managers
            parts = {"profiles": profiles, "advertisers": listed}
            return deepcopy({**parts, "managerAccounts": managers})

    def add_profile(self, profile: Mapping[str, object]) -> None:
        """Add or replace a profile; missing parts get defaults."""
        complete = _complete_profile(profile)
        with self._lock:
            self._profiles[str(complete["profileId"])] = complete

    def remove_profile(self, profile_id: str) -> bool:
        """Take a profile away with its advertisers; False when there is none."""
        with self._lock:
            self._advertisers.pop(profile_id, None)
            return self._profiles.pop(profile_id, None) is not None

    def add_advertisers(self, profile_id: str, listed: Iterable[Json]) -> None:
        """Add advertisers to an agency profile, or replace them."""
        with self._lock:
            own = self._advertisers.setdefault(profile_id, {})
            for advertiser in listed:
                key = advertiser_id_of(advertiser)
                _check_zone(advertiser.get("timezone"))
                own[key] = dict(advertiser)

    def remove_advertiser(self, profile_id: str, advertiser_id: str) -> bool:
        """Take an advertiser from an agency profile; False when it has none such."""
        with self._lock:
            own = self._advertisers.get(profile_id, {})
            return own.pop(advertiser_id, None) is not None

    def add_link(self, manager_id: str | None, link: Json, region: str) -> None:
        """Link an account to a manager account (None: the region's first)."""
        _check_zone(link.get("timezone"))
        with self._lock:
            for manager in self._managers:
                here = manager.get("region") == region
                if here and manager_id in (None, manager["managerAccountId"]):
                    _check_links([*_links(manager), link])
                    _links(manager).append(dict(link))
                    return
            self._managers.append(
                {
                    "region": region,
                    "managerAccountId": manager_id or f"amzn1.ads1.ma1.{region}",
                    "managerAccountName": manager_id or "Manager",
                    "linkedAccounts": [dict(link)],
                }
            )

    def remove_link(self, advertiser_id: str) -> bool:
        """Unlink a DSP advertiser from all manager accounts."""
        found = False
        with self._lock:
            for manager in self._managers:
                links = _links(manager)
                kept = [x for x in links if x.get("dspAdvertiserId") != advertiser_id]
                found |= len(kept) != len(links)
                manager["linkedAccounts"] = kept
        return found

    def profiles(self, region: str) -> list[Json]:
        """Return the profiles of a region, own keys included."""
        with self._lock:
            everyone = deepcopy(list(self._profiles.values()))
        return [profile for profile in everyone if profile["region"] == region]

    def profile(self, profile_id: str, region: str) -> Json | None:
        """Return one profile if it lives in this region."""
        with self._lock:
            found = deepcopy(self._profiles.get(profile_id))
        return found if found is not None and found["region"] == region else None

    def advertisers(self, profile_id: str) -> dict[str, Json]:
        """Return the advertisers of an agency profile by id."""
        with self._lock:
            return deepcopy(self._advertisers.get(profile_id, {}))

    def managers(self, region: str) -> list[Json]:
        """Return the manager accounts of a region, own keys included."""
        with self._lock:
            everyone = deepcopy(self._managers)
        return [manager for manager in everyone if manager.get("region") == region]

    def link(self, dsp_advertiser_id: str, region: str) -> Json | None:
        """Return the linked DSP account with this advertiser id, if any."""
        for manager in self.managers(region):
            for link in _links(manager):
                if link.get("dspAdvertiserId") == dsp_advertiser_id:
                    return link
        return None


def account_info(profile: Json) -> Json:
    """Return the part of a profile that is about its account."""
    info = profile["accountInfo"]
    return info if isinstance(info, dict) else {}


def without_own_keys(profile: Json) -> Json:
    """Return a profile or manager as Amazon shows it."""
    shown = {key: value for key, value in profile.items() if key not in _OWN}
    links = shown.get("linkedAccounts")
    if isinstance(links, list):
        shown["linkedAccounts"] = [
            {key: value for key, value in link.items() if key != "timezone"}
            for link in links
        ]
    return shown


def _complete_profile(profile: Mapping[str, object]) -> Json:
    try:
        profile_id = int(str(profile["profileId"]))
    except (KeyError, ValueError):
        raise AccountsError("A profile needs a profileId of digits.") from None
    defaults: Json = {
        "region": "NA",
        "access": "edit",
        "profileId": profile_id,
        "countryCode": "US",
        "currencyCode": "USD",
        "timezone": "America/Los_Angeles",
    }
    account = {
        "marketplaceStringId": "ATVPDKIKX0DER",
        "id": f"ENTITY{profile_id}",
        "type": "seller",
        "name": f"Account {profile_id}",
    }
    given = profile.get("accountInfo", {})
    if not isinstance(given, Mapping):
        raise AccountsError("accountInfo must be an object.")
    complete = defaults | dict(profile) | {"profileId": profile_id}
    complete["accountInfo"] = account | dict(given)
    _check_zone(complete["timezone"])
    return complete


def advertiser_id_of(advertiser: Json) -> str:
    """Return the id of an advertiser, which must be a text of digits."""
    key = advertiser.get("advertiserId")
    if not isinstance(key, str) or not key.isdigit():
        message = f"advertiserId must be a text of digits, not {key!r}."
        raise AccountsError(message)
    return key


def _check_zone(name: object) -> None:
    if name is None:
        return
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError):
        message = f"timezone must be an IANA name, not {name!r}."
        raise AccountsError(message) from None


def objects_of(value: object, name: str) -> list[Json]:
    """Return a value that must be a list of objects."""
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    message = f"{name} must be a list of objects."
    raise AccountsError(message)


def _links(manager: Json) -> list[Json]:
    links = manager.setdefault("linkedAccounts", [])
    return objects_of(links, "linkedAccounts")


def _check_links(links: list[Json]) -> None:
    if len(links) > MAX_LINKS:
        message = f"A manager account has at most {MAX_LINKS} linked accounts."
        raise AccountsError(message)
