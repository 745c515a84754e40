"""The entities that Amazon exports: where they are asked for, and their columns.

Source: Amazon's OpenAPI file of exports (2025-12) and its common models. A field that
is optional there is null here; fields that are not described go to `_extra`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from singer_amazon.records.columns import ColumnType, Nested, json_schema
from tap_amazon_ads.accounts import Account

EXTRA = "_extra"
AD_PRODUCTS = ("SPONSORED_BRANDS", "SPONSORED_DISPLAY", "SPONSORED_PRODUCTS")
STATES = ("ARCHIVED", "ENABLED", "PAUSED")
PROFILE_ID = "Profile that the row was read for."
COUNTRY = "Country of the profile."
SNAPSHOT_AT = "When Amazon was asked for the snapshot: the row is as of then."
Column = tuple[ColumnType, str]
Columns = Mapping[str, Column]
"""Name -> type and meaning."""


@dataclass(frozen=True, slots=True)
class ExportDefinition:
    """One kind of entity that Amazon exports for a profile."""

    stream: str
    name: str
    """As in the path of the create."""
    id_column: str
    columns: Columns = field(hash=False, repr=False)

    @property
    def path(self) -> str:
        """Where an export is asked for."""
        return f"/{self.name}/export"

    @property
    def media_type(self) -> str:
        """What create and status send and accept: each kind has its own."""
        return f"application/vnd.{self.name.lower()}export.v1+json"

    @property
    def types(self) -> dict[str, ColumnType]:
        """The columns by type."""
        return {name: kind for name, (kind, _) in self.columns.items()}

    def request(self) -> dict[str, object]:
        """Return what decides the rows: everything, archived entities too."""
        return {
            "entity": self.name,
            "adProductFilter": list(AD_PRODUCTS),
            "stateFilter": list(STATES),
        }


@dataclass(frozen=True, slots=True)
class ExportSpec:
    """What a request is made of: a kind of entity, of an account."""

    definition: ExportDefinition
    account: Account


def schema_of(
    columns: Columns, added: Mapping[str, str], key: tuple[str, ...]
) -> dict[str, object]:
    """Return the JSON schema of a stream: key columns are texts, never null."""
    properties: dict[str, dict[str, object]] = {}
    for name, (kind, meaning) in columns.items():
        text = {"type": "string"} if name in key else json_schema(kind)
        properties[name] = {**text, "description": meaning}
    for name, meaning in added.items():
        found: dict[str, object] = {"type": ["string", "null"]}
        if name in key:
            found = {"type": "string"}
        if name == "snapshot_at":
            found["format"] = "date-time"
        properties[name] = {**found, "description": meaning}
    properties[EXTRA] = {
        "type": ["object", "null"],
        "description": "Fields of Amazon's that are no column, and values of another "
        "shape than their column's.",
    }
    return {"type": "object", "properties": properties}


_MONEY = Nested({"amount": "number", "currencyCode": "string", "ruleAmount": "number"})
_BUDGET = Nested(
    {
        "recurrenceTimePeriod": "string",
        "budgetType": "string",
        "budgetValue": Nested({"monetaryBudget": _MONEY}),
    }
)
_TAGS = Nested({"key": "string", "value": "string"}, is_list=True)
_DETAILS = Nested(
    {
        **dict.fromkeys(
            (
                *("matchType", "keyword", "nativeLanguageKeyword"),
                *("nativeLanguageLocale", "asin", "productCategoryId"),
                *("productCategoryResolved", "productBrand", "productBrandResolved"),
                *("productGenre", "productGenreResolved", "productPriceLessThan"),
                *("productPriceGreaterThan", "productRatingLessThan"),
                *("productRatingGreaterThan", "productAgeRange"),
                *("productAgeRangeResolved", "event", "lookback", "audienceId"),
            ),
            "string",
        ),
        "productPrimeShippingEligible": "boolean",
    }
)


def _columns(id_column: str, meaning: str, columns: Columns) -> Columns:
    """Return the columns of a kind: its id, what all have, its own."""
    return {
        id_column: ("id", meaning),
        "adProduct": ("string", "SPONSORED_PRODUCTS, _BRANDS or _DISPLAY."),
        "state": ("string", "ENABLED, PAUSED, ARCHIVED or OTHER, as set by people."),
        **columns,
        "deliveryStatus": (
            "string",
            "Whether it is shown now: DELIVERING, NOT_DELIVERING or UNAVAILABLE.",
        ),
        "deliveryReasons": ("strings", "Why it is not shown, in Amazon's words."),
        "creationDateTime": ("date-time", "When it was made."),
        "lastUpdatedDateTime": ("date-time", "When it was changed last."),
    }


_NAME: Column = ("string", "Its name.")
_CAMPAIGN: Column = ("id", "Campaign it belongs to, where Amazon says it.")
_AD_GROUP: Column = (
    "id",
    "Ad group it belongs to; null for targets of whole campaigns.",
)
_OPTIMIZATION: Column = ("object", "How it bids, and for which goal.")

CAMPAIGNS = ExportDefinition(
    "campaigns",
    "campaigns",
    "campaignId",
    _columns(
        "campaignId",
        "Id of the campaign: `campaignId` of the reports.",
        {
            "name": ("string", "Its name: `campaignName` of the reports."),
            "portfolioId": ("id", "Portfolio it is in: joins to `portfolios`."),
            "startDate": ("date", "First day."),
            "endDate": ("date", "Last day, where one is set."),
            "startDateTime": ("date-time", "Beginning, where Amazon says an instant."),
            "endDateTime": ("date-time", "End, where Amazon says an instant."),
            "costType": ("string", "What is paid for: CPC (clicks), VCPM (views)."),
            "targetingSettings": ("string", "MANUAL or AUTO; display: the tactic."),
            "brandEntityId": ("string", "Brand of a Sponsored Brands campaign."),
            "budgetCaps": (_BUDGET, "Budget: per day or in all, amount, currency."),
            "optimization": ("object", "Bid strategy and bids by placement."),
            "tags": (_TAGS, "Labels that people have put on it."),
        },
    ),
)
AD_GROUPS = ExportDefinition(
    "ad_groups",
    "adGroups",
    "adGroupId",
    _columns(
        "adGroupId",
        "Id of the ad group: `adGroupId` of the reports.",
        {
            "campaignId": ("id", "Campaign it belongs to."),
            "name": ("string", "Its name: `adGroupName` of the reports."),
            "bid": (
                Nested(
                    {"defaultBid": "number", "currencyCode": "string"},
                    bare="defaultBid",
                ),
                "Bid for targets without one; none in Sponsored Brands.",
            ),
            "creativeType": ("string", "IMAGE or VIDEO; Sponsored Display only."),
            "optimization": _OPTIMIZATION,
        },
    ),
)
TARGETS = ExportDefinition(
    "targets",
    "targets",
    "targetId",
    _columns(
        "targetId",
        "Id of the keyword or target: `keywordId` or `targetingId` of the reports.",
        {
            "adGroupId": _AD_GROUP,
            "campaignId": _CAMPAIGN,
            "targetType": ("string", "KEYWORD, PRODUCT, AUTO, AUDIENCE, THEME, ..."),
            "targetLevel": ("string", "AD_GROUP or CAMPAIGN."),
            "negative": ("boolean", "Whether it keeps ads away instead."),
            "bid": (
                Nested({"bid": "number", "currencyCode": "string"}, bare="bid"),
                "Its bid; null where the ad group's counts, and for negative ones.",
            ),
            "targetDetails": (_DETAILS, "What is aimed at: words, product, category."),
        },
    ),
)
ADS = ExportDefinition(
    "ads",
    "ads",
    "adId",
    _columns(
        "adId",
        "Id of the ad: `adId` of the reports.",
        {
            "adGroupId": ("id", "Ad group it belongs to."),
            "campaignId": _CAMPAIGN,
            "name": _NAME,
            "adType": ("string", "PRODUCT_AD, IMAGE, VIDEO, PRODUCT_COLLECTION, ..."),
            "adVersionId": ("id", "Version of the ad; Sponsored Brands only."),
            "creative": (
                "object",
                "What it shows: `products` with ASIN or SKU, headline, images, page.",
            ),
        },
    ),
)
EXPORTS = (CAMPAIGNS, AD_GROUPS, TARGETS, ADS)
