"""The settings of this tap beside those all taps share."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_amazon_ads.account_finder import KINDS

_TIME_UNITS = ["DAILY", "SUMMARY"]
_IDS = th.ArrayType(th.CustomType({"type": ["string", "integer"]}))

ACCOUNTS = (
    th.Property(
        "profile_ids",
        _IDS,
        title="Profiles",
        description="Profiles to read; all the token sees by default",
    ),
    th.Property(
        "exclude_profile_ids",
        _IDS,
        title="Excluded profiles",
        description="Profiles to leave out",
    ),
    th.Property(
        "account_types",
        th.ArrayType(th.StringType(allowed_values=list(KINDS))),
        title="Account types",
        description="Accounts to read: seller, vendor, agency; all by default",
    ),
    th.Property(
        "advertiser_ids",
        _IDS,
        title="Advertisers",
        description="DSP advertisers to read; all of the agencies by default",
    ),
)

_LISTS_BY_NAME = th.CustomType(
    {
        "type": ["object", "null"],
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
    }
)

REPORTS = (
    th.Property(
        "exclude_streams",
        _LISTS_BY_NAME,
        title="Excluded streams",
        description=(
            "Streams an account does not get, as an object of profile id (linked "
            "advertisers: advertiser id) to stream names"
        ),
    ),
    th.Property(
        "entity_max_age_hours",
        th.NumberType(minimum=0),
        default=20,
        title="Age of entities",
        description=(
            "Hours after which campaigns, ad groups and other entities are read anew; "
            "0: by every run"
        ),
    ),
    th.Property(
        "time_unit",
        th.StringType,
        default=_TIME_UNITS[0],
        allowed_values=_TIME_UNITS,
        title="Time unit",
        description="DAILY: a row per day; SUMMARY: one total over the range",
    ),
    th.Property(
        "reporting_api",
        th.CustomType(
            {
                "type": ["string", "object", "null"],
                "additionalProperties": {"type": "string"},
            }
        ),
        default="v3",
        title="Reporting API",
        description=(
            "v3, or v1 (beta) where v1 can serve a stream: for all streams, or an "
            "object of stream to either, with `default` for the rest"
        ),
    ),
    th.Property(
        "proof_path",
        th.StringType,
        title="Proof",
        description=(
            "File, or s3://bucket/key, where tap-amazon-ads compare keeps which "
            "accounts may be read by v1; the tap reads it"
        ),
    ),
    th.Property(
        "allow_unproved",
        th.BooleanType,
        default=False,
        title="Allow unproved",
        description=(
            "Read accounts by v1 that compare has not passed for within 30 days"
        ),
    ),
    th.Property(
        "v1_call_interval_seconds",
        th.NumberType(minimum=0),
        default=60,
        title="Interval of v1",
        description=(
            "Least seconds between two creates of v1, and between two looks at one "
            "of its reports"
        ),
    ),
    th.Property(
        "extra_columns",
        _LISTS_BY_NAME,
        title="Extra columns",
        description=(
            "Columns to add to streams, as an object of stream to names; "
            "Amazon judges them"
        ),
    ),
    th.Property(
        "reports",
        th.ArrayType(
            th.ObjectType(
                th.Property("name", th.StringType, required=True),
                th.Property("ad_product", th.StringType, required=True),
                th.Property("report_type_id", th.StringType, required=True),
                th.Property("group_by", th.ArrayType(th.StringType), required=True),
                th.Property("columns", th.ArrayType(th.StringType)),
                th.Property(
                    "filters",
                    th.ArrayType(
                        th.ObjectType(
                            th.Property("field", th.StringType, required=True),
                            th.Property(
                                "values",
                                th.ArrayType(th.StringType),
                                required=True,
                            ),
                        )
                    ),
                ),
                th.Property(
                    "time_unit",
                    th.StringType,
                    allowed_values=_TIME_UNITS,
                ),
                th.Property("key", th.ArrayType(th.StringType)),
            )
        ),
        default=[],
        title="Own reports",
        description="Report streams of your own, without code",
    ),
)
