"""Marketplaces and regions of the Selling Partner API, as data.

"Today" of a report is the date in its marketplace. Amazon does not say which zone
vendor reports use; the zone of the marketplace's own customers is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from singer_amazon.regions import AWS_REGIONS, REGIONS, Region

AccountKind = Literal["seller", "vendor"]


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One store of Amazon; `zone` is an IANA name, `currency` an ISO 4217 code."""

    code: str
    country: str
    marketplace_id: str
    region: Region
    zone: str
    currency: str

    @property
    def is_known(self) -> bool:
        """Whether it stands in our table; one that is newer is tried all the same."""
        return bool(self.country)

    def today(self, now: datetime) -> date:
        """Return the date there at an instant."""
        return now.astimezone(ZoneInfo(self.zone)).date()


_PACIFIC = "America/Los_Angeles"  # Canada and Mexico too, as live profiles show

_ROWS: tuple[tuple[str, str, str, Region, str, str], ...] = (
    ("US", "United States", "ATVPDKIKX0DER", "NA", _PACIFIC, "USD"),
    ("CA", "Canada", "A2EUQ1WTGCTBG2", "NA", _PACIFIC, "CAD"),
    ("MX", "Mexico", "A1AM78C64UM0Y8", "NA", _PACIFIC, "MXN"),
    ("BR", "Brazil", "A2Q3Y263D00KWC", "NA", "America/Sao_Paulo", "BRL"),
    ("GB", "United Kingdom", "A1F83G8C2ARO7P", "EU", "Europe/London", "GBP"),
    ("DE", "Germany", "A1PA6795UKMFR9", "EU", "Europe/Berlin", "EUR"),
    ("FR", "France", "A13V1IB3VIYZZH", "EU", "Europe/Paris", "EUR"),
    ("IT", "Italy", "APJ6JRA9NG5V4", "EU", "Europe/Rome", "EUR"),
    ("ES", "Spain", "A1RKKUPIHCS9HS", "EU", "Europe/Madrid", "EUR"),
    ("NL", "Netherlands", "A1805IZSGTT6HS", "EU", "Europe/Amsterdam", "EUR"),
    ("SE", "Sweden", "A2NODRKZP88ZB9", "EU", "Europe/Stockholm", "SEK"),
    ("PL", "Poland", "A1C3SOZRARQ6R3", "EU", "Europe/Warsaw", "PLN"),
    ("BE", "Belgium", "AMEN7PMS3EDWL", "EU", "Europe/Brussels", "EUR"),
    ("IE", "Ireland", "A28R8C7NBKEWEA", "EU", "Europe/Dublin", "EUR"),
    ("TR", "Turkey", "A33AVAJ2PDY3EV", "EU", "Europe/Istanbul", "TRY"),
    ("SA", "Saudi Arabia", "A17E79C6D8DWNP", "EU", "Asia/Riyadh", "SAR"),
    ("AE", "United Arab Emirates", "A2VIGQ35RCS4UG", "EU", "Asia/Dubai", "AED"),
    ("EG", "Egypt", "ARBP9OOSHTCHU", "EU", "Africa/Cairo", "EGP"),
    ("IN", "India", "A21TJRUUN4KGV", "EU", "Asia/Kolkata", "INR"),
    ("ZA", "South Africa", "AE08WJ6YKNBMC", "EU", "Africa/Johannesburg", "ZAR"),
    ("JP", "Japan", "A1VC38T7YXB528", "FE", "Asia/Tokyo", "JPY"),
    ("SG", "Singapore", "A19VAU5U5O7RUS", "FE", "Asia/Singapore", "SGD"),
    ("AU", "Australia", "A39IBJ37TRP1C6", "FE", "Australia/Sydney", "AUD"),
)
MARKETPLACES: tuple[Marketplace, ...] = tuple(Marketplace(*row) for row in _ROWS)

_ID = re.compile(r"A[A-Z0-9]{9,19}")
_BY_ID = {entry.marketplace_id: entry for entry in MARKETPLACES}
_BY_CODE = {entry.code: entry for entry in MARKETPLACES}
_BY_CODE["UK"] = _BY_CODE["GB"]  # the name Amazon's own pages use


def by_id(marketplace_id: str) -> Marketplace | None:
    """Return the marketplace of an id; None when this table does not have it."""
    return _BY_ID.get(marketplace_id)


def find(text: str) -> Marketplace | None:
    """Return the marketplace that an id or a country code (also UK) names."""
    return _BY_ID.get(text.strip()) or _BY_CODE.get(text.strip().upper())


def unknown_marketplace(
    marketplace_id: str, region: Region, *, code: str = "", currency: str = ""
) -> Marketplace:
    """Return a marketplace that is newer than our table; its days are those of UTC."""
    return Marketplace(
        code or marketplace_id, "", marketplace_id, region, "UTC", currency
    )


def find_or_unknown(text: str, region: Region = "NA") -> Marketplace | None:
    """Return the marketplace of an id or code; an id may be newer than our table."""
    if _ID.fullmatch(text.strip()):
        return find(text) or unknown_marketplace(text.strip(), region)
    return find(text)


def of_region(region: Region) -> tuple[Marketplace, ...]:
    """Return the marketplaces of one region."""
    return tuple(entry for entry in MARKETPLACES if entry.region == region)


def region_of(text: str) -> Region | None:
    """Return the region that NA, EU, FE or the AWS name of old configs means."""
    for region in REGIONS:
        if text.strip().upper() == region:
            return region
    return AWS_REGIONS.get(text.strip().lower())
