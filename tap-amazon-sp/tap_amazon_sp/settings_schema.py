"""All settings of this tap: those all taps share, and its own."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from singer_amazon.regions import REGIONS
from singer_amazon.tap.settings_schema import (
    CREDENTIALS,
    PER_STREAM,
    REPORTING,
)
from tap_amazon_sp.accounts import AUTO, KINDS
from tap_amazon_sp.custom_settings_schema import (
    CUSTOM_ENDPOINTS,
    CUSTOM_QUERIES,
    CUSTOM_REPORTS,
    LEGACY,
)

_OBJECT = {"type": ["object", "null"]}
_ID_LIST = th.CustomType({"type": ["array", "null"], "items": {"type": "string"}})
_TYPES = [AUTO, *KINDS]


def _amount(name: str, title: str, description: str) -> th.Property[Any]:
    """Return a setting that is a number or an object of stream to number."""
    return th.Property(
        name,
        PER_STREAM,
        title=title,
        description=f"{description}: one number, or an object of stream to number",
    )


_OVERRIDES = {
    "refresh_token": th.Property(
        "refresh_token",
        th.StringType,
        secret=True,
        title="Refresh token",
        description=(
            "Refresh token of one selling partner (Atzr|...); several partners go "
            "into accounts instead"
        ),
    ),
    "region": th.Property(
        "region",
        th.StringType,
        default=str(REGIONS[0]),
        allowed_values=[*map(str, REGIONS)],
        title="Region",
        description=(
            "Region of the account: NA, EU or FE; of accounts that name none of their "
            "own. An AWS region of an old config is understood"
        ),
    ),
    "lookback_days": _amount(
        "lookback_days",
        "Look-back days",
        "Delivered days to read again because Amazon restates them, instead of each "
        "report's own",
    ),
    "holdback_days": _amount(
        "holdback_days",
        "Hold-back days",
        "Newest complete days not to ask for yet, instead of each report's own",
    ),
}

_ALL: tuple[th.Property[Any], ...] = (*CREDENTIALS, *REPORTING)
SHARED = tuple(_OVERRIDES.get(entry.name, entry) for entry in _ALL)

ACCOUNTS = (
    th.Property(
        "account_name",
        th.StringType,
        default="default",
        title="Account name",
        description="Name of the one account: stands in its rows, keys and state",
    ),
    th.Property(
        "account_type",
        th.StringType,
        default=AUTO,
        allowed_values=_TYPES,
        title="Account type",
        description="seller, vendor, or auto: ask Amazon which",
    ),
    th.Property(
        "marketplace_ids",
        _ID_LIST,
        title="Marketplaces",
        description=(
            "Marketplaces to read, by id or country code: required for vendors; "
            "sellers are read in all they take part in by default"
        ),
    ),
    th.Property(
        "accounts",
        th.ArrayType(
            th.ObjectType(
                th.Property(
                    "name",
                    th.StringType,
                    required=True,
                    title="Name",
                    description="Stands in the account's rows, keys and state",
                ),
                th.Property(
                    "refresh_token",
                    th.StringType,
                    required=True,
                    secret=True,
                    title="Refresh token",
                    description="Refresh token of this selling partner",
                ),
                th.Property(
                    "refresh_token_granted_on",
                    th.DateType,
                    title="Refresh token granted on",
                    description="As the setting of that name, for this account",
                ),
                th.Property(
                    "region",
                    th.StringType,
                    allowed_values=[*map(str, REGIONS)],
                    title="Region",
                    description="NA, EU or FE; the setting region by default",
                ),
                th.Property(
                    "account_type",
                    th.StringType,
                    allowed_values=_TYPES,
                    title="Account type",
                    description="seller, vendor, or auto (default): ask Amazon which",
                ),
                th.Property(
                    "marketplace_ids",
                    _ID_LIST,
                    title="Marketplaces",
                    description="As the setting of that name, for this account",
                ),
                th.Property(
                    "client_id",
                    th.StringType,
                    secret=True,
                    title="Client ID",
                    description="If it is another application's than client_id",
                ),
                th.Property(
                    "client_secret",
                    th.StringType,
                    secret=True,
                    title="Client secret",
                    description="If it is another application's than client_secret",
                ),
            )
        ),
        secret=True,
        title="Accounts",
        description=(
            "Several selling partners, each with a refresh token of its own; one that "
            "fails never stops the others"
        ),
    ),
)

READING = (
    th.Property(
        "report_options",
        th.CustomType(_OBJECT),
        title="Report options",
        description=(
            "Object of report to options, e.g. vendor_sales: {report_period: WEEK, "
            "distributor_view: [MANUFACTURING, SOURCING]}; of a list every valid "
            "combination is read"
        ),
    ),
    th.Property(
        "holdback_hours",
        th.NumberType(minimum=0, maximum=8784),
        title="Hold-back hours",
        description=(
            "Newest full hours that real-time reports do not ask for yet, instead of "
            "each report's own"
        ),
    ),
    th.Property(
        "app_budget_share",
        th.CustomType({"type": ["number", "string", "null"]}),
        default=1.0,
        title="Share of the application's budget",
        description=(
            "Part of the limits of one application (sales and traffic) that this run "
            'may use, where several runs share it: 0.0625, or "1/16"'
        ),
    ),
    th.Property(
        "unknown_fields",
        th.StringType,
        default="keep",
        allowed_values=["keep", "drop"],
        title="Unknown fields",
        description=(
            "keep: fields that Amazon adds go into the column _extra; drop: they are "
            "left out"
        ),
    ),
    th.Property(
        "sales_and_traffic_source",
        th.StringType,
        default="report",
        allowed_values=["report", "data_kiosk"],
        title="Source of sales and traffic",
        description=(
            "Where sales_and_traffic_by_date and _by_asin are read: report (one per 15 "
            "minutes for the whole application) or data_kiosk (one query a minute for "
            "each seller); columns, keys and state are the same"
        ),
    ),
    th.Property(
        "data_kiosk_trends_asins",
        th.CustomType(
            {
                "type": ["object", "null"],
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            }
        ),
        title="ASINs of trends",
        description=(
            "Object of account to the child ASINs that "
            "data_kiosk_sales_and_traffic_trends reads, 30 a query; without it those "
            "that rows of sales_and_traffic_by_asin name"
        ),
    ),
    th.Property(
        "data_kiosk_concurrency",
        th.IntegerType(minimum=1, maximum=100),
        default=5,
        title="Data Kiosk queries at a time",
        description=(
            "Queries of one account that run at a time: Amazon limits them and "
            "does not say where"
        ),
    ),
    th.Property(
        "notifications",
        th.ObjectType(
            th.Property(
                "queue_url",
                th.StringType,
                title="Queue URL",
                description="URL of a standard queue of SQS",
            ),
            th.Property(
                "poll_interval_seconds",
                th.NumberType(exclusive_minimum=0),
                title="Backup poll interval",
                description=(
                    "Between two looks at a report that no message has come of; 900 "
                    "by default"
                ),
            ),
        ),
        title="Notifications",
        description=(
            "Queue in which Amazon says that a report is done, so that it is not asked "
            "again and again (extra sqs); the aws_* settings say who reads it"
        ),
    ),
    CUSTOM_REPORTS,
    CUSTOM_QUERIES,
    CUSTOM_ENDPOINTS,
)

SETTINGS = (*SHARED, *ACCOUNTS, *READING, *LEGACY)
