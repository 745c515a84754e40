"""Who may be written to: AMC accounts, their instances, DSP advertisers, connections.

DSP advertisers are those of the agencies in `ads_accounts`, and a few of our own with
ids beyond 2^53, as Amazon has them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from copy import deepcopy
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from amazon_emulator.ads_accounts.accounts import (
    AccountsError,
    account_info,
    advertiser_id_of,
    objects_of,
)
from amazon_emulator.settings import REGIONS

if TYPE_CHECKING:
    from amazon_emulator.ads_accounts.accounts import AdsAccounts, Json
    from amazon_emulator.state import EmulatorState

_PARTS = ("accounts", "advertisers", "connections")
_CREATED = "2025-03-01T08:00:00Z"


class AmcAccounts:
    """AMC accounts and DSP advertisers of one emulator; safe for threads."""

    def __init__(self, state: EmulatorState, accounts: AdsAccounts) -> None:
        self._state, self._ads_accounts = state, accounts
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Return to `world.json`."""
        text = files(__package__).joinpath("world.json").read_text(encoding="utf-8")
        self.replace(json.loads(text))

    def replace(self, given: Mapping[str, object]) -> None:
        """Take others: `accounts` with `instances`, `advertisers`, `connections`."""
        unknown = set(given) - set(_PARTS)
        if unknown:
            message = f"An AMC world has no {', '.join(sorted(unknown))}."
            raise AccountsError(message)
        found = {name: objects_of(given.get(name, []), name) for name in _PARTS}
        accounts = [_account(item) for item in found["accounts"]]
        advertisers = [_advertiser(item) for item in found["advertisers"]]
        connections = deepcopy(found["connections"])
        with self._lock:
            self._accounts = {str(item["accountId"]): item for item in accounts}
            self._advertisers = advertisers
            self.first_connections = connections
            self._accepted: set[str] = set()

    def as_json(self) -> Json:
        """Return accounts and advertisers in the form `replace` reads."""
        with self._lock:
            accounts = deepcopy(list(self._accounts.values()))
            return {"accounts": accounts, "advertisers": deepcopy(self._advertisers)}

    def accounts(self) -> list[Json]:
        """Return all AMC accounts as Amazon lists them."""
        keys = ("accountId", "accountName", "marketplaceId")
        with self._lock:
            everyone = list(self._accounts.values())
        return [{key: account[key] for key in keys} for account in everyone]

    def account(self, account_id: str | None) -> Json | None:
        """Return one AMC account with its instances."""
        with self._lock:
            return deepcopy(self._accounts.get(account_id or ""))

    def instance(self, account_id: str | None, instance_id: str) -> Json | None:
        """Return one instance of an account."""
        account = self.account(account_id)
        for instance in instances_of(account) if account else ():
            if instance["instanceId"] == instance_id:
                return instance
        return None

    def advertiser(self, advertiser_id: str, region: str | None) -> Json | None:
        """Return a DSP advertiser if it lives in this region (None: in any)."""
        with self._lock:
            found = deepcopy(self._advertisers)
        for each in REGIONS if region is None else (region,):
            found += self._agency_advertisers(each)
        for advertiser in found:
            is_here = region in (None, advertiser["region"])
            if is_here and advertiser["advertiserId"] == advertiser_id:
                return advertiser
        return None

    def has_accepted_terms(self, account_id: str | None) -> bool:
        """Return whether records may be sent to the instances of an account."""
        if not self._state.settings.terms_accepted:
            return False
        account = self.account(account_id)
        with self._lock:
            accepted = account_id in self._accepted
        return accepted or account is None or account["termsAccepted"] is not False

    def accept_terms(self, *, accepted: bool) -> None:
        """Accept or refuse the AMC terms for the user, hence for all accounts."""
        self._state.change({"terms_accepted": accepted})
        with self._lock:
            self._accepted = set(self._accounts) if accepted else set()

    def _agency_advertisers(self, region: str) -> list[Json]:
        found: list[Json] = []
        for profile in self._ads_accounts.profiles(region):
            profile_id = str(profile["profileId"])
            for advertiser in self._ads_accounts.advertisers(profile_id).values():
                marketplace = account_info(profile).get("marketplaceStringId")
                more = {"profileId": profile_id, "marketplaceId": marketplace}
                found.append({**advertiser, "region": region, **more})
        return found


def instances_of(account: Json) -> list[Json]:
    """Return the instances of an account, complete."""
    instances = account["instances"]
    return instances if isinstance(instances, list) else []


def _account(given: Json) -> Json:
    if not isinstance(given.get("accountId"), str):
        raise AccountsError("An AMC account needs an accountId (text).")
    account = {
        "accountName": given["accountId"],
        "marketplaceId": "ATVPDKIKX0DER",
        "termsAccepted": True,
        **given,
    }
    instances = objects_of(given.get("instances", []), "instances")
    return account | {"instances": [_instance(item) for item in instances]}


def _instance(given: Json) -> Json:
    name = given.get("instanceId")
    if not isinstance(name, str):
        raise AccountsError("An AMC instance needs an instanceId (text).")
    number = int(sha256(name.encode()).hexdigest(), 16) % 10**12
    return {
        "instanceName": name,
        "creationStatus": "COMPLETED",
        "creationDatetime": _CREATED,
        "apiEndpoint": f"https://{name}.invalid/prod",
        "awsAccountId": f"{number:012d}",
        "dataUploadAwsAccountId": f"{(number + 1) % 10**12:012d}",
        "entities": [],
        "s3BucketName": f"amc-{name}",
        "s3BucketRegion": "us-east-1",
        **given,
    }


def _advertiser(given: Json) -> Json:
    name = f"Advertiser {advertiser_id_of(given)}"
    return {"region": "NA", "name": name, **given}
