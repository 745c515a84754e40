"""Amazon's regions, and where each of its APIs answers in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Region = Literal["NA", "EU", "FE"]
REGIONS: tuple[Region, ...] = get_args(Region)

ADS_HOSTS: Mapping[str, str] = {
    "NA": "https://advertising-api.amazon.com",
    "EU": "https://advertising-api-eu.amazon.com",
    "FE": "https://advertising-api-fe.amazon.com",
}
ADS_TOKEN_URIS: Mapping[str, str] = {
    "NA": "https://api.amazon.com/auth/o2/token",
    "EU": "https://api.amazon.co.uk/auth/o2/token",
    "FE": "https://api.amazon.co.jp/auth/o2/token",
}

ADS_CONSENT_PAGES: Mapping[str, str] = {
    "NA": "https://www.amazon.com/ap/oa",
    "EU": "https://eu.account.amazon.com/ap/oa",
    "FE": "https://apac.account.amazon.com/ap/oa",
}

SELLING_PARTNER_HOSTS: Mapping[str, str] = {
    "NA": "https://sellingpartnerapi-na.amazon.com",
    "EU": "https://sellingpartnerapi-eu.amazon.com",
    "FE": "https://sellingpartnerapi-fe.amazon.com",
}
SELLING_PARTNER_TOKEN_URI = ADS_TOKEN_URIS["NA"]
"""One for all regions."""
AWS_REGIONS: Mapping[str, Region] = {
    "us-east-1": "NA",
    "eu-west-1": "EU",
    "us-west-2": "FE",
}
"""What configs of older connectors call the regions."""
