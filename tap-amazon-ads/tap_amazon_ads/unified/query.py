"""What is asked of Ads API v1: fields, filter, days, the body of a create. Pure.

Source: Amazon's OpenAPI file of Ads API v1 (2026-07); the grains from its guide, with
the lengths that users of the console have found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from singer_amazon.reports.model import Window
from tap_amazon_ads.unified.mapping import StreamMapping, primary_fields

FORMAT = "PARTITIONED_GZIP_JSON"
COUNTRY = "campaign.country"
ACCOUNT = "advertiserAccount.id"
DATE, HOUR, DATE_RANGE = "date.value", "hour.value", "dateRange.value"
COMMON = (ACCOUNT, "adProduct.value", "budgetCurrency.value")
"""Asked for in each query; money needs the currency."""
MAX_ACCOUNTS = 5
"""Accounts in one query; Amazon's file allows 2000, its guide 5."""
_PRODUCTS = {"DEMAND_SIDE_PLATFORM": "AMAZON_DSP"}
_COUNTRIES = {"UK": "GB"}
"""Profiles say UK; v1 says GB."""


@dataclass(frozen=True, slots=True)
class Grain:
    """How much one report of a time field may hold, and how far back; in days."""

    longest: int
    history: int


GRAINS: Mapping[str, Grain] = {
    DATE: Grain(120, 730),
    HOUR: Grain(14, 14),
    DATE_RANGE: Grain(730, 730),
}
"""24 months of days, 14 days of hours. Sums over a range go back 72 months at Amazon;
this tap keeps to the 24 of the days they are compared with."""


def time_field(time_unit: str) -> Literal["date.value", "dateRange.value"]:
    """Return the field that dates a row."""
    return "dateRange.value" if time_unit == "SUMMARY" else "date.value"


def country_code(code: str | None) -> str | None:
    """Return a country as v1 writes it."""
    return None if code is None else _COUNTRIES.get(code, code)


def fields_of(
    mapping: StreamMapping,
    columns: Iterable[str],
    *,
    account_kind: str,
    time: str,
    is_dsp: bool,
) -> list[str]:
    """Return what a query asks for to fill these columns, sorted.

    An attribute brings the primary field of its dimension along.
    """
    known = mapping.columns_of(account_kind)
    asked = set(columns)
    fields = {known[name] for name in asked if name in known}
    for name, derived in mapping.derived_of(account_kind).items():
        fields |= {derived.first, derived.second} if name in asked else set()
    fields |= {time, *COMMON, *mapping.dimensions, *mapping.stand_ins.values()}
    if not is_dsp:
        fields.add(COUNTRY)
    primary = primary_fields()
    needed = {primary.get(name.partition(".")[0]) for name in fields}
    return sorted(fields | {name for name in needed if name})


def filter_of(ad_product: str, country: str | None) -> dict[str, object]:
    """Return the filter on the ad product, and on the country of a profile."""
    product = _on("adProduct.value", _PRODUCTS.get(ad_product, ad_product))
    if country is None:
        return product
    return {"and": {"filters": [product, _on(COUNTRY, country)]}}


def _on(name: str, value: str) -> dict[str, object]:
    condition = {"field": name, "comparisonOperator": "EQUALS", "not": False}
    return {"on": {**condition, "values": [value]}}


def create_body(
    accounts: Iterable[str],
    window: Window,
    fields: Iterable[str],
    condition: Mapping[str, object],
) -> dict[str, object]:
    """Return the body of a create: always one report, over one period."""
    period = {
        "startDate": window.start.isoformat(),
        "endDate": window.end.isoformat(),
    }
    return {
        "accessRequestedAccounts": [
            {"advertiserAccountId": account} for account in sorted(set(accounts))
        ],
        "reports": [
            {
                "format": FORMAT,
                "periods": [{"datePeriod": period}],
                "query": {"fields": sorted(fields), "filter": dict(condition)},
            }
        ],
    }
