"""The lists of entities that no export has, and their columns."""

from __future__ import annotations

from singer_amazon.records.columns import Nested
from tap_amazon_ads.entities.definitions import Columns
from tap_amazon_ads.entities.lists import ListDefinition

_PORTFOLIO_TYPE = "application/vnd.spPortfolio.v3+json"
_CAMPAIGNS, _AD_GROUPS = "/adsApi/v1/query/campaigns", "/adsApi/v1/query/adGroups"
_BUDGETS = Nested(
    {
        "budgetType": "string",
        "recurrenceTimePeriod": "string",
        "budgetValue": "object",
    },
    is_list=True,
)
_FLIGHTS = Nested(
    {
        "flightId": "id",
        "name": "string",
        "startDateTime": "date-time",
        "endDateTime": "date-time",
        "budget": "object",
    },
    is_list=True,
)
_TAGS = Nested({"key": "string", "value": "string"}, is_list=True)


def _unified(id_column: str, meaning: str, columns: Columns) -> Columns:
    """Return the columns of an entity of Ads API v1."""
    return {
        id_column: ("id", meaning),
        "adProduct": ("string", "AMAZON_DSP or SPONSORED_TELEVISION."),
        "name": ("string", "Its name."),
        "state": ("string", "ENABLED, PAUSED or ARCHIVED, as set by people."),
        **columns,
        "status": (
            Nested({"deliveryStatus": "string", "deliveryReasons": "strings"}),
            "Whether it is shown now, and why not.",
        ),
        "startDateTime": ("date-time", "Beginning."),
        "endDateTime": ("date-time", "End, where one is set."),
        "budgets": (_BUDGETS, "Budgets: kind, period, value."),
        "tags": (_TAGS, "Labels that people have put on it."),
        "creationDateTime": ("date-time", "When it was made."),
        "lastUpdatedDateTime": ("date-time", "When it was changed last."),
    }


PORTFOLIOS = ListDefinition(
    "portfolios",
    "/portfolios/list",
    "portfolios",
    "portfolioId",
    "profile",
    {
        "portfolioId": ("id", "Id of the portfolio: `portfolioId` of campaigns."),
        "name": ("string", "Its name."),
        "state": ("string", "ENABLED."),
        "inBudget": ("boolean", "Whether its budget is not used up."),
        "budget": (
            Nested(
                {
                    "amount": "number",
                    "currencyCode": "string",
                    "policy": "string",
                    "startDate": "string",
                    "endDate": "string",
                }
            ),
            "Budget, where it has one.",
        ),
        "budgetControls": ("object", "How its budget bounds those of its campaigns."),
        "extendedData": (
            Nested(
                {
                    "creationDateTime": "string",
                    "lastUpdateDateTime": "string",
                    "servingStatus": "string",
                    "statusReasons": "strings",
                }
            ),
            "When it was made and changed, and whether it is shown.",
        ),
    },
    {"includeExtendedDataFields": True},
    _PORTFOLIO_TYPE,
)
DSP_ORDERS = ListDefinition(
    "dsp_orders",
    _CAMPAIGNS,
    "campaigns",
    "campaignId",
    "advertiser",
    _unified(
        "campaignId",
        "Id of the order: `orderId` of the DSP reports, by Amazon's mapping.",
        {
            "countries": ("strings", "Countries it is for."),
            "costType": ("string", "What is paid for."),
            "purchaseOrderNumber": ("string", "Purchase order, as entered."),
            "flights": (_FLIGHTS, "Spans of time with budgets of their own."),
            "optimizations": ("object", "Goal, bidding, budget settings."),
        },
    ),
    {"adProductFilter": {"include": ["AMAZON_DSP"]}, "maxResults": 100},
)
DSP_LINE_ITEMS = ListDefinition(
    "dsp_line_items",
    _AD_GROUPS,
    "adGroups",
    "adGroupId",
    "advertiser",
    _unified(
        "adGroupId",
        "Id of the line item: `lineItemId` of the DSP reports, by Amazon's mapping.",
        {
            "campaignId": ("id", "Order it belongs to: joins to `dsp_orders`."),
            "inventoryType": ("string", "Where it is shown: video, display, ..."),
            "creativeRotationType": ("string", "How its creatives take turns."),
            "purchaseOrderNumber": ("string", "Purchase order, as entered."),
            "bid": ("object", "Base bid, highest average bid, currency."),
            "optimization": ("object", "Goal and bidding."),
            "targetingSettings": ("object", "Whom it is shown to, in general."),
        },
    ),
    {"adProductFilter": {"include": ["AMAZON_DSP"]}, "maxResults": 100},
)
TV_CAMPAIGNS = ListDefinition(
    "sponsored_tv_campaigns",
    _CAMPAIGNS,
    "campaigns",
    "campaignId",
    "profile",
    _unified(
        "campaignId",
        "Id of the campaign: `campaignId` of the television reports.",
        {
            "portfolioId": ("id", "Portfolio it is in: joins to `portfolios`."),
            "marketplaces": ("strings", "Marketplaces it runs in."),
            "costType": ("string", "What is paid for."),
            "optimizations": ("object", "Goal, bidding, budget settings."),
        },
    ),
    {"adProductFilter": {"include": ["SPONSORED_TELEVISION"]}, "maxResults": 1000},
)
LISTS = (PORTFOLIOS, DSP_ORDERS, DSP_LINE_ITEMS, TV_CAMPAIGNS)
