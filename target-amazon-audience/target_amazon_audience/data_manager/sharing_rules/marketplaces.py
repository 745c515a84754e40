"""The marketplace of a country, which every sharing rule names."""

from __future__ import annotations

from collections.abc import Mapping

MARKETPLACES: Mapping[str, str] = {
    "AE": "A2VIGQ35RCS4UG",
    "AU": "A39IBJ37TRP1C6",
    "BE": "AMEN7PMS3EDWL",
    "BR": "A2Q3Y263D00KWC",
    "CA": "A2EUQ1WTGCTBG2",
    "DE": "A1PA6795UKMFR9",
    "EG": "ARBP9OOSHTCHU",
    "ES": "A1RKKUPIHCS9HS",
    "FR": "A13V1IB3VIYZZH",
    "GB": "A1F83G8C2ARO7P",
    "IE": "A28R8C7NBKEWEA",
    "IN": "A21TJRUUN4KGV",
    "IT": "APJ6JRA9NG5V4",
    "JP": "A1VC38T7YXB528",
    "MX": "A1AM78C64UM0Y8",
    "NL": "A1805IZSGTT6HS",
    "PL": "A1C3SOZRARQ6R3",
    "SA": "A17E79C6D8DWNP",
    "SE": "A2NODRKZP88ZB9",
    "SG": "A19VAU5U5O7RUS",
    "TR": "A33AVAJ2PDY3EV",
    "US": "ATVPDKIKX0DER",
    "ZA": "AE08WJ6YKNBMC",
}
"""By country code; Amazon's documentation of the Selling Partner API lists them."""
