"""Entities that no export has: portfolios, DSP orders and line items, Sponsored TV.

Each is a list of Amazon's, read page by page for one account (DSP: for one advertiser),
and written when its last page is here: half a list would look like deletions.
Sources: Amazon's answer to `POST /portfolios/list` as recorded in 2026-08, and its
OpenAPI file of Ads API v1 (2026-07) for the queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from singer_amazon.errors import RejectedError
from singer_amazon.records.columns import fit_fields
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.client import AdsClient
from tap_amazon_ads.entities.definitions import EXTRA, Columns

Of = Literal["profile", "advertiser"]
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """One list: where it is asked for, for whom, and what its rows hold."""

    stream: str
    path: str
    array: str
    """The field of an answer that has the rows."""
    id_column: str
    of: Of
    columns: Columns = field(hash=False, repr=False)
    body: Mapping[str, object] = field(default_factory=dict, hash=False)
    media_type: str = _JSON

    @property
    def key(self) -> tuple[str, str]:
        """The key of the stream."""
        owner = "profile_id" if self.of == "profile" else "advertiserId"
        return (owner, self.id_column)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose list is read: a profile, or an advertiser of the DSP."""

    account: Account
    advertiser_id: str | None = None

    @property
    def label(self) -> str:
        """Whose it is, as people know it."""
        return self.account.label_of(self.advertiser_id)

    @property
    def context(self) -> dict[str, str]:
        """What its entry in the state is found by."""
        if self.advertiser_id is None:
            return dict(self.account.context)
        return {"advertiser_id": self.advertiser_id}

    @property
    def headers(self) -> dict[str, str]:
        """The header that says whose list is meant."""
        if self.advertiser_id is None:
            return self.account.headers()
        return {"Amazon-Ads-AccountId": self.advertiser_id}

    @property
    def values(self) -> dict[str, str | None]:
        """What each row says of its owner."""
        account = self.account
        if self.advertiser_id is None:
            return {"profile_id": account.key, "country_code": account.country}
        found = {a.advertiser_id: a.country for a in account.advertisers}
        return {
            "profile_id": account.key if account.kind == "agency" else None,
            "advertiserId": self.advertiser_id,
            "country_code": found.get(self.advertiser_id),
        }


def owners(accounts: Sequence[Account], of: Of) -> list[Owner]:
    """Return whose lists are read: accounts, or each advertiser of them."""
    if of == "profile":
        return [Owner(account) for account in accounts]
    return [
        Owner(account, advertiser.advertiser_id)
        for account in accounts
        for advertiser in account.advertisers
    ]


def read_list(
    client: AdsClient,
    definition: ListDefinition,
    owner: Owner,
    headers: Mapping[str, str],
    *,
    is_test: bool = False,
) -> list[dict[str, Any]]:
    """Return the rows of all pages, as Amazon gives them; a test reads one.

    Raises:
        RejectedError: Amazon refuses the list, or its pages never end.
    """
    rows: list[dict[str, Any]] = []
    token: object = None
    seen: set[object] = set()
    while True:
        more = {} if token is None else {"nextToken": token}
        page = client.page(
            definition.path,
            {**definition.body, **more},
            headers={**owner.headers, **headers},
            media_type=definition.media_type,
            array=definition.array,
        )
        rows += page.rows
        token = page.next_token
        if token is None or is_test:
            return rows
        if token in seen:
            msg = f"POST {definition.path} names the same next page twice: no end"
            raise RejectedError(msg)
        seen.add(token)


def as_row(definition: ListDefinition, raw: Mapping[str, object]) -> dict[str, object]:
    """Return a row by the definition's columns; the rest of it in `_extra`."""
    types = {name: kind for name, (kind, _) in definition.columns.items()}
    found, extra, _ = fit_fields(types, raw)
    row: dict[str, object] = {name: found.get(name) for name in types}
    row[definition.id_column] = row[definition.id_column] or ""
    return {**row, EXTRA: extra or None}
