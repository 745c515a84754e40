"""Which account a call is made for: the Scope header, or a linked DSP advertiser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from amazon_emulator.ads_accounts.accounts import ATTRIBUTION, account_info
from amazon_emulator.http import RefusalError

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

    from amazon_emulator.ads_accounts.accounts import AdsAccounts, Json

SCOPE = "Amazon-Advertising-API-Scope"
ACCOUNT = "Amazon-Ads-AccountId"
_BOTH = f"Only one of {SCOPE} and {ACCOUNT} may be given"


@dataclass(frozen=True, slots=True)
class Account:
    """The account a call is made for, and what it may report on."""

    header: str
    account_id: str
    kind: str
    """`seller`, `vendor`, `agency`, `attribution` or `linked`."""
    timezone: str
    currency: str | None = None
    entity_id: str | None = None
    advertisers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """DSP advertisers by id; empty for sellers and vendors."""
    marketplace_id: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies this account."""
        return (self.header, self.account_id)

    def zones(self, advertiser_ids: list[str]) -> list[ZoneInfo]:
        """Return the time zones whose days the report is about."""
        named = [self.zone_of(key) for key in advertiser_ids]
        return [ZoneInfo(name) for name in named or [self.timezone]]

    def zone_of(self, advertiser_id: str) -> str:
        """Return the time zone of one of the advertisers."""
        return str(self.advertisers[advertiser_id].get("timezone") or self.timezone)


def named_account(headers: Headers) -> str | None:
    """Return the account id a call names, without judging it."""
    return headers.get(SCOPE) or headers.get(ACCOUNT)


def find_account(accounts: AdsAccounts, region: str, headers: Headers) -> Account:
    """Return the account of a call, or refuse as Amazon does (401, 400 for both)."""
    scope, linked = headers.get(SCOPE), headers.get(ACCOUNT)
    if scope and linked:
        raise RefusalError(400, _BOTH)
    if linked:
        return _linked_account(accounts, region, linked)
    if not scope:
        raise RefusalError(401, "Scope header is missing")
    profile = accounts.profile(scope, region)
    if profile is None:
        known = scope.isdigit()
        text = "Not authorized to access scope"
        raise RefusalError(
            401, text if known else "No matching advertiser found for scope"
        )
    return _profile_account(accounts, scope, profile)


def _profile_account(accounts: AdsAccounts, scope: str, profile: Json) -> Account:
    details = account_info(profile)
    kind = str(details.get("type"))
    if details.get("subType") == ATTRIBUTION:
        kind = "attribution"
    return Account(
        SCOPE,
        scope,
        kind,
        str(profile["timezone"]),
        str(profile["currencyCode"]),
        str(details.get("id")),
        accounts.advertisers(scope) if kind == "agency" else {},
        str(details.get("marketplaceStringId")),
    )


def _linked_account(accounts: AdsAccounts, region: str, advertiser_id: str) -> Account:
    link = accounts.link(advertiser_id, region)
    if link is None:
        raise RefusalError(401, "Not authorized to access scope")
    zone, marketplace = str(link.get("timezone") or "UTC"), link.get("marketplaceId")
    advertiser = {
        "advertiserId": advertiser_id,
        "name": link.get("accountName"),
        "timezone": zone,
    }
    return Account(
        ACCOUNT,
        advertiser_id,
        "linked",
        zone,
        entity_id=str(link.get("accountId")),
        advertisers={advertiser_id: advertiser},
        marketplace_id=None if marketplace is None else str(marketplace),
    )
