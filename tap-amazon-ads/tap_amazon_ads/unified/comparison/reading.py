"""Reads the same days of the same accounts by both APIs, as any run would read them.

What is proved is what is read later: the same streams, queries and filters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from singer_amazon.reports.lifecycle import State
from singer_amazon.tap.report_rows import quiet_tap, read_streams
from tap_amazon_ads.accounts import Account
from tap_amazon_ads.tap import TapAmazonAds
from tap_amazon_ads.unified.comparison.checks import (
    Comparison,
    Measured,
    compare,
    values,
)

SETTLED_AFTER = 5
DAYS = 14
"""Days that are compared: as many, the last of them so long ago."""
_NOT_FOR_THIS = (
    *("summary_path", "run_report_path", "raw_report_uri", "stream_maps", "shard"),
    *("batch_config", "flattening_enabled", "reports", "extra_columns", "run_mode"),
    *("exclude_streams", "lookback_days", "holdback_days", "time_unit"),
    *("metrics_path", "reporting_api", "start_date", "end_date"),
)
"""Settings of a run that have nothing to do with what is compared."""
OLD_CAMPAIGNS = "v1 is known to lack old Sponsored Brands campaigns without ad groups"


@dataclass(frozen=True, slots=True)
class Product:
    """What is compared of one ad product: its campaigns, and fields beside them."""

    ad_product: str
    stream: str
    item: str
    what: str
    cost: str = "cost"
    purchases: tuple[str, ...] = ("purchases",)
    sales: tuple[str, ...] = ("sales",)
    """Columns; where there are several, the first that has a value counts."""
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Streams, each with a column whose values are compared."""
    known_gap: str = ""

    @property
    def columns(self) -> dict[str, set[str]]:
        """What is read: columns by stream."""
        numbers = {"impressions", "clicks", self.cost, *self.purchases, *self.sales}
        found = {self.stream: {"date", self.item, *numbers}}
        for stream, column in self.fields.items():
            found[stream] = {"date", column, "impressions", "clicks", self.cost}
        return found

    @property
    def is_dsp(self) -> bool:
        """Whether its rows are of DSP advertisers."""
        return self.stream.startswith("amazon_dsp_")


PRODUCTS = (
    Product(
        "SPONSORED_PRODUCTS",
        "sponsored_products_campaign_by_campaign",
        "campaignId",
        "campaigns",
        purchases=("purchases7d", "purchases14d"),
        sales=("sales7d", "sales14d"),
        fields={"sponsored_products_search_term_by_search_term": "searchTerm"},
    ),
    Product(
        "SPONSORED_BRANDS",
        "sponsored_brands_campaign_by_campaign",
        "campaignId",
        "campaigns",
        known_gap=OLD_CAMPAIGNS,
    ),
    Product(
        "SPONSORED_DISPLAY",
        "sponsored_display_campaign_by_campaign",
        "campaignId",
        "campaigns",
        fields={"sponsored_display_campaign_by_matched_target": "matchedTargetAsin"},
    ),
    Product(
        "DEMAND_SIDE_PLATFORM",
        "amazon_dsp_campaign_by_campaign",
        "orderId",
        "orders",
        cost="totalCost",
        purchases=("totalPurchases",),
        sales=("totalSales",),
    ),
)


@dataclass(slots=True)
class Reading:
    """What one API gave: rows by stream and account, and what could not be read."""

    rows: dict[tuple[str, str], list[Measured]]
    unread: dict[tuple[str, str], str]
    """By stream and label of the account: the reason."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One comparison: of a profile, or of an advertiser of the DSP."""

    account: Account
    product: Product
    advertiser_id: str | None = None

    @property
    def label(self) -> str:
        """Whose rows they are, as people know it."""
        return self.account.label_of(self.advertiser_id)

    @property
    def row_key(self) -> str:
        """What the rows name the account by."""
        return self.advertiser_id or self.account.key

    @property
    def country(self) -> str:
        """Where it advertises."""
        known = {a.advertiser_id: a.country for a in self.account.advertisers}
        return known.get(self.advertiser_id or "", self.account.country) or ""


@dataclass(frozen=True, slots=True)
class Compared:
    """A subject, and what was found, or why it could not be read."""

    subject: Subject
    result: Comparison | None
    unread: str = ""

    @property
    def passed(self) -> bool:
        """Whether v1 may take the place of v3."""
        return self.result is not None and self.result.passed

    @property
    def is_failure(self) -> bool:
        """Whether a decisive check is not passed, or nothing could be compared."""
        return self.result is None or self.result.failed("AB")

    @property
    def words(self) -> str:
        """The whole in two or three words."""
        return "not read" if self.result is None else self.result.words


def compared_days(now: datetime, count: int = DAYS) -> tuple[date, date]:
    """Return the days that are settled by now."""
    last = (now - timedelta(days=SETTLED_AFTER)).date()
    return last - timedelta(days=count - 1), last


def settings_for(
    config: Mapping[str, Any],
    api: str,
    days: tuple[date, date],
    accounts: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the settings that read these days by one API, and nothing else."""
    found = {n: v for n, v in config.items() if n not in _NOT_FOR_THIS}
    chosen = list(accounts)
    return {
        **found,
        **({"profile_ids": chosen} if chosen else {}),
        "reporting_api": api,
        "allow_unproved": True,
        "start_date": days[0].isoformat(),
        "end_date": days[1].isoformat(),
    }


class Reader:
    """Reads one API; the tap class is one without messages."""

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        parse_env: bool = False,
    ) -> None:
        self.tap = quiet_tap(TapAmazonAds).open(dict(config), parse_env=parse_env)
        for stream in self.tap.report_streams:
            stream.sums_repeats = False

    def subjects(self) -> list[Subject]:
        """Return all that is to be compared."""
        finder = self.tap.accounts
        return [
            *(
                Subject(account, product)
                for product in PRODUCTS
                if not product.is_dsp
                for account in finder.sponsored_accounts
            ),
            *(
                Subject(account, product, advertiser.advertiser_id)
                for product in PRODUCTS
                if product.is_dsp
                for account in finder.dsp_accounts
                for advertiser in account.advertisers
            ),
        ]

    def read(self, products: Iterable[Product]) -> Reading:
        """Read all that is compared.

        Raises:
            AmazonError: it cannot go on.
        """
        items = {one.stream: (one.item, one) for one in products}
        for one in list(products):
            items |= {stream: (column, one) for stream, column in one.fields.items()}
        columns: dict[str, set[str]] = {}
        for _, one in items.values():
            columns |= one.columns
        rows: dict[tuple[str, str], list[Measured]] = defaultdict(list)

        def take(stream: str, records: Iterable[Mapping[str, Any]]) -> None:
            item, one = items[stream]
            for record in records:
                key = record.get("advertiserId") or record.get("profile_id")
                rows[stream, str(key)].append(_measured(record, item, one))

        read_streams(self.tap, columns, take)
        return Reading(rows, dict(self._unread()))

    def _unread(self) -> Iterator[tuple[tuple[str, str], str]]:
        session = self.tap.run_context.session
        for report in session.engine.reports:
            if report.state is not State.DELIVERED:
                for request in report.subscribers:
                    label = session.partition(request).label
                    reason = report.reason or "it was not ready in time"
                    yield (request.stream, label), reason
        for problem in self.tap.stats.failures:
            yield (problem.stream, problem.account), problem.reason


def _measured(record: Mapping[str, Any], item: str, product: Product) -> Measured:
    sources = {
        "impressions": ("impressions",),
        "clicks": ("clicks",),
        "cost": (product.cost,),
        "purchases": product.purchases,
        "sales": product.sales,
    }
    found = {
        name: next((record[c] for c in columns if record.get(c) is not None), 0)
        for name, columns in sources.items()
    }
    numbers = {name: Decimal(str(value)) for name, value in found.items()}
    return Measured(str(record.get("date")), str(record.get(item)), numbers)


def compare_subject(subject: Subject, v3: Reading, v1: Reading) -> Compared:
    """Judge one subject by what both APIs gave."""
    product = subject.product
    for api, reading in (("v3", v3), ("v1", v1)):
        for stream in product.columns:
            reason = reading.unread.get((stream, subject.account.label))
            if reason is not None:
                return Compared(subject, None, f"{stream} by {api}: {reason}")
    key = subject.row_key
    result = compare(
        v3.rows.get((product.stream, key), []),
        v1.rows.get((product.stream, key), []),
        what=product.what,
        known_gap=product.known_gap,
    )
    extra = [
        values(
            v3.rows.get((stream, key), []), v1.rows.get((stream, key), []), what=column
        )
        for stream, column in product.fields.items()
    ]
    return Compared(subject, Comparison((*extra, *result.findings)))
