"""Which advertiser account of Ads API v1 a profile or DSP advertiser belongs to.

Source: Amazon's OpenAPI file of Ads API v1 (2026-07). Its list names global accounts
only, unless the others are asked for; a profile id is no account id and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from singer_amazon.errors import RejectedError
from tap_amazon_ads.client import Page

PATH = "/adsApi/v1/query/advertiserAccounts"
ARRAY = "advertiserAccounts"
ReadPage = Callable[[Mapping[str, object]], Page]
"""Asks for a page of the list by the body of the request."""


@dataclass(frozen=True, slots=True)
class AdvertiserAccount:
    """An account of v1, and the country it was found under."""

    account_id: str
    country: str | None


@dataclass(frozen=True, slots=True)
class AccountMap:
    """The accounts by the ids that v3 knows them by."""

    by_profile: Mapping[str, AdvertiserAccount] = field(default_factory=dict)
    by_advertiser: Mapping[str, AdvertiserAccount] = field(default_factory=dict)
    """By id of the DSP advertiser."""

    def advertisers_of(self, account_id: str) -> list[str]:
        """Return the DSP advertisers of an account: rows tell only the account."""
        found = self.by_advertiser.items()
        return [key for key, account in found if account.account_id == account_id]


def read_accounts(read_page: ReadPage) -> AccountMap:
    """Read the whole list, global accounts first: they win where both name an id.

    Raises:
        RejectedError: Amazon refuses the list, or its pages never end.
    """
    profiles: dict[str, AdvertiserAccount] = {}
    advertisers: dict[str, AdvertiserAccount] = {}
    for is_global in (True, False):
        for raw in _all(read_page, is_global=is_global):
            account_id = raw.get("advertiserAccountId")
            if not isinstance(account_id, str) or not account_id:
                continue
            for other in _objects(raw.get("alternateIds")):
                account = AdvertiserAccount(account_id, _text(other, "countryCode"))
                _note(profiles, _text(other, "profileId"), account)
                _note(advertisers, _text(other, "dspAdvertiserId"), account)
    return AccountMap(profiles, advertisers)


def _note(
    known: dict[str, AdvertiserAccount], key: str | None, account: AdvertiserAccount
) -> None:
    if key is not None:
        known.setdefault(key, account)


def _all(read_page: ReadPage, *, is_global: bool) -> Iterator[dict[str, Any]]:
    """Yield the accounts of all pages; an empty page may have a next one."""
    body: dict[str, object] = {
        "isGlobalAccountFilter": {"include": [is_global]},
        "maxResults": 100,
    }
    seen: set[str] = set()
    while True:
        page = read_page(body)
        yield from page.rows
        if page.next_token is None:
            return
        if page.next_token in seen:
            msg = f"POST {PATH} names the same next page twice: no end"
            raise RejectedError(msg)
        seen.add(page.next_token)
        body = {**body, "nextToken": page.next_token}


def _objects(value: object) -> Iterable[Mapping[str, Any]]:
    found = value if isinstance(value, list) else []
    return [item for item in found if isinstance(item, dict)]


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    value = raw.get(name)
    return str(value) if value not in {None, ""} else None
