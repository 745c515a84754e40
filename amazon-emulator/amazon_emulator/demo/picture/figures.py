"""What came of all runs, in the shape of the dbt package's marts.

Rows are those of the campaign reports as they lie in the bucket, run by run: the
newest row of a key counts, and what an older one said is a restatement. Money is added
up within one currency only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

Row = Mapping[str, Any]


class CampaignStream(NamedTuple):
    """Which columns of a stream say what; `ad_product` as people read it."""

    ad_product: str
    campaign: str
    cost: str
    sales: str


CAMPAIGN_STREAMS: Mapping[str, CampaignStream] = {
    "sponsored_products_campaign_by_campaign": CampaignStream(
        "Sponsored Products", "campaignId", "cost", "sales14d"
    ),
    "sponsored_brands_campaign_by_campaign": CampaignStream(
        "Sponsored Brands", "campaignId", "cost", "sales"
    ),
    "sponsored_display_campaign_by_campaign": CampaignStream(
        "Sponsored Display", "campaignId", "cost", "sales"
    ),
    "sponsored_television_campaign_by_campaign": CampaignStream(
        "Sponsored TV", "campaignId", "cost", "sales"
    ),
    "amazon_dsp_campaign_by_campaign": CampaignStream(
        "Amazon DSP", "orderId", "totalCost", "totalSales"
    ),
}
UNKNOWN = "no currency named"
"""Of a linked DSP advertiser."""
AD_PRODUCTS = tuple(stream.ad_product for stream in CAMPAIGN_STREAMS.values())


class Money(NamedTuple):
    """Cost and sales of something, in one currency."""

    cost: Decimal = Decimal(0)
    sales: Decimal = Decimal(0)

    def plus(self, other: Money) -> Money:
        """Return the sums."""
        return Money(self.cost + other.cost, self.sales + other.sales)


class _Key(NamedTuple):
    """A row of a campaign report."""

    stream: str
    account: str
    currency: str
    day: str
    campaign: str


class AccountDay(NamedTuple):
    """What is restated: all campaigns of an account, ad product and day."""

    ad_product: str
    account: str
    currency: str
    day: str


@dataclass(frozen=True, slots=True)
class Restatement:
    """The sales of a day, as they were first read and as they are now."""

    of: AccountDay
    first: Decimal
    last: Decimal


@dataclass(frozen=True, slots=True)
class Freshness:
    """The newest day of an account, and of all accounts."""

    account: str
    newest_day: str
    late_by_days: int


@dataclass(slots=True)
class Figures:
    """Rows of all runs so far; `take` them run by run."""

    _newest: dict[_Key, Money] = field(default_factory=dict)
    _first: dict[_Key, Money] = field(default_factory=dict)

    def take(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Take the rows that a run has brought, by stream."""
        for stream, columns in CAMPAIGN_STREAMS.items():
            for row in rows.get(stream, ()):
                account = row.get("advertiserId") or row.get("profile_id")
                currency = str(row.get("currency_code") or UNKNOWN)
                campaign = str(row[columns.campaign])
                key = _Key(stream, str(account), currency, row["date"], campaign)
                money = Money(_exact(row, columns.cost), _exact(row, columns.sales))
                self._newest[key] = money
                self._first.setdefault(key, money)

    def performance(self) -> dict[str, dict[tuple[str, str], Money]]:
        """Return, by currency, what each day and ad product cost and sold."""
        found: dict[str, dict[tuple[str, str], Money]] = {}
        for key, money in self._newest.items():
            cells = found.setdefault(key.currency, {})
            cell = (key.day, CAMPAIGN_STREAMS[key.stream].ad_product)
            cells[cell] = cells.get(cell, Money()).plus(money)
        return dict(sorted(found.items()))

    def restatements(self) -> list[Restatement]:
        """Return the days whose sales have changed, the largest change first."""
        first, last = _by_day(self._first), _by_day(self._newest)
        changed = [
            Restatement(day, first[day].sales, money.sales)
            for day, money in last.items()
            if money.sales != first[day].sales
        ]
        return sorted(changed, key=lambda r: (-abs(r.last - r.first), r.of))

    def freshness(self) -> list[Freshness]:
        """Return how far each account has come, the latest ones first."""
        newest: dict[str, str] = {}
        for key in self._newest:
            newest[key.account] = max(newest.get(key.account, ""), key.day)
        days = sorted({key.day for key in self._newest})
        found = [
            Freshness(account, day, len(days) - 1 - days.index(day))
            for account, day in newest.items()
        ]
        return sorted(found, key=lambda f: (-f.late_by_days, f.account))


def _exact(row: Row, column: str) -> Decimal:
    return Decimal(str(row.get(column) or 0))


def _by_day(rows: Mapping[_Key, Money]) -> dict[AccountDay, Money]:
    found: dict[AccountDay, Money] = defaultdict(Money)
    for key, money in rows.items():
        product = CAMPAIGN_STREAMS[key.stream].ad_product
        day = AccountDay(product, key.account, key.currency, key.day)
        found[day] = found[day].plus(money)
    return found


def account_names(accounts: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of an emulator's profiles and advertisers by their ids."""
    profiles: Iterable[Row] = accounts["profiles"]
    names = {str(p["profileId"]): str(p["accountInfo"]["name"]) for p in profiles}
    advertisers: Iterable[Row] = (
        advertiser for known in accounts["advertisers"].values() for advertiser in known
    )
    names.update((a["advertiserId"], a["name"]) for a in advertisers)
    for manager in accounts["managerAccounts"]:
        for linked in manager["linkedAccounts"]:
            if linked["dspAdvertiserId"]:
                names.setdefault(linked["dspAdvertiserId"], linked["accountName"])
    return names
