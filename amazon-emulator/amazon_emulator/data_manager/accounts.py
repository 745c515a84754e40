"""Who may use Ads Data Manager: manager accounts and DSP advertiser accounts.

Which of them exist, and what is linked, is what `/managerAccounts` shows. Kept here is
what each has of its own: roles of the user, terms, data room, what may not be shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from amazon_emulator.ads_accounts.accounts import (
    ATTRIBUTION,
    DSP_LINK,
    AccountsError,
    account_info,
    objects_of,
)
from amazon_emulator.audiences.accounts import instances_of
from amazon_emulator.clock import format_instant
from amazon_emulator.data_manager.contract import (
    ADVERTISER_ROLES,
    AMC,
    DSP,
    MANAGER_ROLES,
)

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_emulator.ads_accounts.accounts import AdsAccounts, Json
    from amazon_emulator.audiences.accounts import AmcAccounts
    from amazon_emulator.state import EmulatorState

_KEYS = ("roles", "terms_accepted", "dataroom", "single_global", "unshared")


@dataclass(slots=True)
class AdmAccount:
    """One account that a header may name, with what it has of its own."""

    account_id: str
    is_manager: bool
    roles: frozenset[str]
    """Of the one user there is."""
    terms_accepted: bool = False
    dataroom_created_at: datetime | None = None
    is_single_global: bool = False
    """A Single Global Account: every call is refused."""
    unshared: frozenset[str] = frozenset()
    """Destinations whose link does not have the data sharing permission."""

    def as_json(self) -> Json:
        """Return the account for the control calls."""
        created = self.dataroom_created_at
        return {
            "account_id": self.account_id,
            "is_manager": self.is_manager,
            "roles": sorted(self.roles),
            "terms_accepted": self.terms_accepted,
            "dataroom_created_at": None if created is None else format_instant(created),
            "single_global": self.is_single_global,
            "unshared": sorted(self.unshared),
        }


@dataclass(frozen=True, slots=True)
class Destination:
    """An account that a rule may name."""

    account_id: str
    name: str
    marketplace_id: str


class AdmAccounts:
    """The accounts of Ads Data Manager; safe for threads."""

    def __init__(
        self, state: EmulatorState, ads_accounts: AdsAccounts, amc: AmcAccounts
    ) -> None:
        self._state, self._ads_accounts, self._amc = state, ads_accounts, amc
        self._accounts: dict[str, AdmAccount] = {}

    def reset(self) -> None:
        """Forget what the accounts have of their own."""
        with self._state.lock:
            self._accounts.clear()

    def find(self, account_id: str, *, is_manager: bool) -> AdmAccount | None:
        """Return an account of this kind if it exists on this host."""
        known = self._manager_ids() if is_manager else self._advertiser_ids()
        return (
            self._kept(account_id, is_manager=is_manager)
            if account_id in known
            else None
        )

    def set(self, account_id: str, given: Mapping[str, object]) -> AdmAccount:
        """Change what an account has: the keys are those of `as_json`."""
        unknown = set(given) - set(_KEYS)
        if unknown:
            message = f"An account has no {', '.join(sorted(unknown))}."
            raise AccountsError(message)
        account = self._any(account_id)
        with self._state.lock:
            if "roles" in given:
                account.roles = _names("roles", given["roles"], _roles_of(account))
            if "unshared" in given:
                account.unshared = _names("unshared", given["unshared"])
            if "terms_accepted" in given:
                account.terms_accepted = _flag(given, "terms_accepted")
            if "single_global" in given:
                account.is_single_global = _flag(given, "single_global")
            if "dataroom" in given:
                is_there = _flag(given, "dataroom")
                account.dataroom_created_at = None
                if is_there:
                    self.create_dataroom(account)
            return account

    def all(self) -> list[Json]:
        """Return all accounts of this host."""
        managers = [self._kept(name, is_manager=True) for name in self._manager_ids()]
        advertisers = [
            self._kept(name, is_manager=False) for name in self._advertiser_ids()
        ]
        return [account.as_json() for account in (*managers, *advertisers)]

    def create_dataroom(self, account: AdmAccount) -> datetime:
        """Create the account's only data room; return when it was created."""
        with self._state.lock:
            if account.dataroom_created_at is None:
                account.dataroom_created_at = self._state.clock.now()
            return account.dataroom_created_at

    def agreement_token(self, account: AdmAccount) -> str:
        """Return the token of the terms of this account."""
        seed = f"{self._state.settings.seed}|adm|{account.account_id}"
        return sha256(seed.encode()).hexdigest()[:32]

    def destinations(
        self, account: AdmAccount, application: str
    ) -> Iterator[Destination]:
        """Yield what an account may share with, data sharing permission or not."""
        if application == DSP:
            yield from (
                _linked(link)
                for link in self._dsp_links(account if account.is_manager else None)
                if account.is_manager or link["accountId"] == account.account_id
            )
        elif application == AMC:
            yield from self._instances()

    def link_count(self, account: AdmAccount) -> int:
        """Return how many DSP accounts are linked."""
        return len(list(self.destinations(account, DSP)))

    def _instances(self) -> Iterator[Destination]:
        for shown in self._amc.accounts():
            account = self._amc.account(str(shown["accountId"])) or {"instances": []}
            for instance in instances_of(account):
                yield Destination(
                    str(instance["instanceId"]),
                    str(instance["instanceName"]),
                    str(shown["marketplaceId"]),
                )

    def _any(self, account_id: str) -> AdmAccount:
        for is_manager in (True, False):
            account = self.find(account_id, is_manager=is_manager)
            if account is not None:
                return account
        message = f"There is no account {account_id} on this host."
        raise AccountsError(message)

    def _kept(self, account_id: str, *, is_manager: bool) -> AdmAccount:
        with self._state.lock:
            if account_id not in self._accounts:
                role = MANAGER_ROLES[0] if is_manager else ADVERTISER_ROLES[0]
                self._accounts[account_id] = AdmAccount(
                    account_id, is_manager, frozenset({role})
                )
            return self._accounts[account_id]

    def _managers(self) -> list[Json]:
        return self._ads_accounts.managers(self._state.settings.region)

    def _manager_ids(self) -> list[str]:
        return [str(manager["managerAccountId"]) for manager in self._managers()]

    def _advertiser_ids(self) -> list[str]:
        """Return linked DSP accounts, and the DSP entities of agencies."""
        links = [str(link["accountId"]) for link in self._dsp_links(None)]
        agencies = [
            str(account_info(profile)["id"])
            for profile in self._ads_accounts.profiles(self._state.settings.region)
            if account_info(profile).get("type") == "agency"
            and account_info(profile).get("subType") != ATTRIBUTION
        ]
        return list(dict.fromkeys((*links, *agencies)))

    def _dsp_links(self, account: AdmAccount | None) -> Iterator[Json]:
        for manager in self._managers():
            if account is None or manager["managerAccountId"] == account.account_id:
                links = objects_of(manager.get("linkedAccounts", []), "linkedAccounts")
                yield from (x for x in links if x.get("accountType") == DSP_LINK)


def _linked(link: Json) -> Destination:
    name = link.get("accountName") or link["accountId"]
    marketplace = str(link.get("marketplaceId"))
    return Destination(str(link["accountId"]), str(name), marketplace)


def _roles_of(account: AdmAccount) -> Sequence[str]:
    return MANAGER_ROLES if account.is_manager else ADVERTISER_ROLES


def _names(
    name: str, value: object, known: Sequence[str] | None = None
) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(x, str) for x in value):
        message = f"{name} must be a list of texts."
        raise AccountsError(message)
    if known is not None and not set(value) <= set(known):
        message = f"{name} may be {', '.join(known)}."
        raise AccountsError(message)
    return frozenset(value)


def _flag(given: Mapping[str, object], name: str) -> bool:
    value = given[name]
    if not isinstance(value, bool):
        message = f"{name} must be true or false."
        raise AccountsError(message)
    return value
