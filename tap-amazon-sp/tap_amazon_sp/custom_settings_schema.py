"""Settings for what a user describes: own reports and endpoints, and old forms."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_amazon_sp.periods import CUSTOM_PERIODS

MAX_DAYS = 3660
_OBJECT = {"type": ["object", "null"]}

CUSTOM_REPORTS = th.Property(
    "reports",
    th.ArrayType(
        th.ObjectType(
            th.Property(
                "name",
                th.StringType,
                required=True,
                title="Name",
                description="Name of the stream",
            ),
            th.Property(
                "mode",
                th.StringType,
                default="create",
                allowed_values=["create", "existing"],
                title="Mode",
                description=(
                    "create asks for reports; existing takes those that Amazon "
                    "makes by itself, each once"
                ),
            ),
            th.Property(
                "report_spec",
                th.CustomType({"type": "object"}),
                required=True,
                title="Report specification",
                description=(
                    "Amazon's own: reportType, reportOptions, dataStartTime, "
                    "dataEndTime, marketplaceIds"
                ),
            ),
            th.Property(
                "dates",
                th.StringType,
                allowed_values=["window", "fixed", "none"],
                title="Dates",
                description=(
                    "window follows start_date and bookmark; fixed asks exactly "
                    "the dates of the specification; none asks without dates"
                ),
            ),
            th.Property(
                "period",
                th.StringType,
                allowed_values=[*CUSTOM_PERIODS],
                title="Period",
                description=(
                    "Ask for whole periods only, one each request: weeks from Sunday "
                    "to Saturday, months, quarters"
                ),
            ),
            th.Property(
                "window_days",
                th.IntegerType(minimum=1, maximum=MAX_DAYS),
                title="Window days",
                description="Most days of one request",
            ),
            th.Property(
                "lookback_days",
                th.IntegerType(minimum=0, maximum=MAX_DAYS),
                title="Look-back days",
                description="Delivered days to read again",
            ),
            th.Property(
                "holdback_days",
                th.IntegerType(minimum=0, maximum=MAX_DAYS),
                title="Hold-back days",
                description="Newest complete days not to ask for yet",
            ),
            th.Property(
                "file_format",
                th.StringType,
                allowed_values=["JSON", "CSV", "TSV", "XML"],
                title="File format",
                description="What the document is; its bytes are checked for it",
            ),
            th.Property(
                "records_path",
                th.StringType,
                title="Records path",
                description="Where the rows stand in a JSON or XML document",
            ),
            th.Property(
                "key",
                th.ArrayType(th.StringType),
                title="Key",
                description=(
                    "Columns that identify a row, besides account_name and "
                    "marketplace_id; without them rows can only be appended"
                ),
            ),
            th.Property(
                "accounts",
                th.ArrayType(th.StringType),
                title="Accounts",
                description=(
                    "Names of the accounts to ask; all whose kind can have the type "
                    "by default"
                ),
            ),
            th.Property(
                "version",
                th.StringType,
                title="Version",
                description="Version of the Reports API; only the current one is",
            ),
            th.Property(
                "output_file",
                th.StringType,
                title="Output file",
                description=(
                    "Path or s3:// address: stores the document there, decompressed "
                    "and not encrypted, and sends one row about it. Placeholders: "
                    "{name} {account} {marketplace_id} {start} {end} {report_id}"
                ),
            ),
        )
    ),
    default=[],
    title="Own reports",
    description="Report streams of your own, of any report type, without code",
)


def _days(name: str, title: str, description: str, least: int) -> th.Property[int]:
    return th.Property(
        name,
        th.IntegerType(minimum=least, maximum=MAX_DAYS),
        title=title,
        description=description,
    )


CUSTOM_QUERIES = th.Property(
    "data_kiosk",
    th.ArrayType(
        th.ObjectType(
            th.Property(
                "name",
                th.StringType,
                required=True,
                title="Name",
                description="Name of the stream",
            ),
            th.Property(
                "query",
                th.StringType,
                title="Query",
                description=(
                    "Text in GraphQL; {start}, {end}, {today}, {today+30}, "
                    "{marketplace_id} and {marketplace_ids} are put in"
                ),
            ),
            th.Property(
                "query_file",
                th.StringType,
                title="Query file",
                description="File with the text, instead of query",
            ),
            _days("window_days", "Window days", "Most days of one query", 1),
            _days("lookback_days", "Look-back days", "Delivered days to read again", 0),
            _days(
                "holdback_days",
                "Hold-back days",
                "Newest complete days not to ask for yet",
                0,
            ),
            th.Property(
                "key",
                th.ArrayType(th.StringType),
                title="Key",
                description="Columns that identify a row",
            ),
            th.Property(
                "records_path",
                th.StringType,
                title="Records path",
                description="List of each line whose entries are the rows",
            ),
            additional_properties=False,
        )
    ),
    title="Own queries",
    description=(
        "Queries of your own to Data Kiosk, each a stream; checked against Amazon's "
        "schema before anything is sent"
    ),
)

CUSTOM_ENDPOINTS = th.Property(
    "endpoints",
    th.ArrayType(
        th.ObjectType(
            th.Property(
                "name",
                th.StringType,
                required=True,
                title="Name",
                description="Name of the stream",
            ),
            th.Property(
                "path",
                th.StringType,
                required=True,
                title="Path",
                description="Path of the operation, e.g. /orders/v0/orders",
            ),
            th.Property(
                "params",
                th.CustomType(_OBJECT),
                title="Parameters",
                description=(
                    "Query parameters as Amazon names them; lists go out with "
                    "commas. A bookmark goes before the value set here"
                ),
            ),
            th.Property(
                "results_key",
                th.StringType,
                title="Results key",
                description=(
                    "Where the rows stand in an answer, from the top or inside "
                    "payload; known for documented paths"
                ),
            ),
            th.Property(
                "updated_at_param",
                th.StringType,
                title="Updated-at parameter",
                description="Parameter that takes the bookmark",
            ),
            th.Property(
                "updated_before_param",
                th.StringType,
                title="Updated-before parameter",
                description="Parameter that takes the end of a slice of time",
            ),
            th.Property(
                "slice_hours",
                th.NumberType(exclusive_minimum=0),
                title="Slice hours",
                description=(
                    "Hours of one slice of time, after which progress is kept; 24 "
                    "where the end of a slice can be given"
                ),
            ),
            th.Property(
                "lookback_days",
                th.NumberType(minimum=0),
                title="Look-back days",
                description=(
                    "Days before the bookmark to read again, for what turned up late; "
                    "for Finances two (transactions five) where rows have a key"
                ),
            ),
            th.Property(
                "holdback_days",
                th.NumberType(minimum=0),
                title="Hold-back days",
                description=(
                    "Newest days not to ask for yet; two for Finances where rows have "
                    "no key, else none"
                ),
            ),
            th.Property(
                "record_config",
                th.ObjectType(
                    th.Property(
                        "id_field",
                        th.StringType,
                        title="Id field",
                        description="Field that identifies a record",
                    ),
                    th.Property(
                        "last_modified_field",
                        th.StringType,
                        title="Last-modified field",
                        description="Field with the time of the last change",
                    ),
                ),
                title="Record",
                description="What identifies a record, and when it changed",
            ),
            th.Property(
                "extend_resources",
                th.ArrayType(
                    th.ObjectType(
                        th.Property("new_field_name", th.StringType),
                        th.Property("path", th.StringType),
                        th.Property("path_variable_name", th.StringType),
                        th.Property("params", th.CustomType(_OBJECT)),
                        th.Property("results_key", th.StringType),
                        th.Property("pagination", th.CustomType(_OBJECT)),
                    )
                ),
                title="Sub-requests",
                description=(
                    "One more request for each record, its rows put into a new "
                    "field of the record: new_field_name, path, path_variable_name, "
                    "params, results_key, pagination"
                ),
            ),
            th.Property(
                "pagination",
                th.ObjectType(
                    th.Property("token_param", th.StringType),
                    th.Property("token_path", th.StringType),
                    th.Property("send_alone", th.BooleanType),
                ),
                title="Pagination",
                description=(
                    "Which parameter takes the token of the next page, where an "
                    "answer has it, and whether it goes alone; known for "
                    "documented paths"
                ),
            ),
            th.Property(
                "schema",
                th.CustomType(_OBJECT),
                title="Schema",
                description=(
                    "JSON schema of a record; Amazon's model for known paths, else "
                    "the first page says it"
                ),
            ),
        )
    ),
    default=[],
    title="Own endpoints",
    description="Streams of any endpoint with pages, without code",
)

_SEE = "Old setting of one report or endpoint at the top"

LEGACY = (
    th.Property(
        "credentials",
        th.CustomType({"type": ["object", "string", "null"]}),
        secret=True,
        title="Credentials (old)",
        description=(
            "Old object of client_id, client_secret, refresh_token and region; AWS "
            "keys and role_arn in it are not used"
        ),
    ),
    th.Property(
        "endpoint",
        th.StringType,
        title="Endpoint (old)",
        description="Old name of endpoint_uri",
    ),
    th.Property(
        "name",
        th.StringType,
        title="Name (old)",
        description=f"{_SEE}: name of its stream",
    ),
    *(
        th.Property(
            name,
            th.CustomType({"type": [*kinds, "null"]}),
            title=f"{title} (old)",
            description=f"{_SEE}: see {where}.{target or name}",
        )
        for name, title, kinds, where, target in (
            ("report_spec", "Report specification", ["object"], "reports", ""),
            ("file_format", "File format", ["string"], "reports", ""),
            ("version", "Version", ["string"], "reports", ""),
            ("records_path", "Records path", ["string"], "reports", ""),
            ("output_file", "Output file", ["string"], "reports", ""),
            ("output", "Output", ["string"], "reports", "output_file"),
            ("path", "Path", ["string"], "endpoints", ""),
            ("params", "Parameters", ["object"], "endpoints", ""),
            ("results_key", "Results key", ["string"], "endpoints", ""),
            ("updated_at_param", "Updated-at parameter", ["string"], "endpoints", ""),
            (
                "updated_before_param",
                "Updated-before parameter",
                ["string"],
                "endpoints",
                "",
            ),
            ("slice_hours", "Slice hours", ["number"], "endpoints", ""),
            ("record_config", "Record", ["object"], "endpoints", ""),
            ("extend_resources", "Sub-requests", ["array"], "endpoints", ""),
            ("pagination", "Pagination", ["object"], "endpoints", ""),
            ("schema", "Schema", ["object"], "endpoints", ""),
        )
    ),
)
