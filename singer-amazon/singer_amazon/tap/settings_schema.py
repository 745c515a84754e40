"""The settings all taps share."""

from __future__ import annotations

from singer_sdk import typing as th

from singer_amazon.regions import REGIONS
from singer_amazon.reports.lifecycle import RunMode

MODES = [mode.value for mode in RunMode]
DEFAULT_START_DAYS = 30
DEFAULT_LOOKBACK_DAYS = 30

_DAYS = {"minimum": 0, "maximum": 3660}
PER_STREAM = th.CustomType(
    {
        "type": ["integer", "object", "null"],
        **_DAYS,
        "additionalProperties": {"type": "integer", **_DAYS},
    }
)
"""A number of days, or an object of stream to number."""

CREDENTIALS = (
    th.Property(
        "client_id",
        th.StringType,
        required=True,
        secret=True,
        title="Client ID",
        description="Login with Amazon client id of your application",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        required=True,
        secret=True,
        title="Client secret",
        description="Login with Amazon client secret of your application",
    ),
    th.Property(
        "refresh_token",
        th.StringType,
        required=True,
        secret=True,
        title="Refresh token",
        description="Refresh token of the user who granted access (Atzr|...)",
    ),
    th.Property(
        "refresh_token_granted_on",
        th.DateType,
        title="Refresh token granted on",
        description=(
            "Day of the consent: refresh tokens end 365 days later, and a warning "
            "begins 30 days before"
        ),
    ),
    th.Property(
        "region",
        th.StringType,
        default="NA",
        allowed_values=[*map(str, REGIONS)],
        title="Region",
        description=(
            "Region of the accounts: NA, EU or FE. Several regions are several "
            "plugins (Meltano: inherit_from)"
        ),
    ),
    th.Property(
        "endpoint_uri",
        th.StringType,
        title="Endpoint URI",
        description="Base URL of the API, instead of the region's own",
    ),
    th.Property(
        "auth_uri",
        th.StringType,
        title="Auth URI",
        description="URL of the token endpoint, instead of Login with Amazon's own",
    ),
    th.Property(
        "max_attempts",
        th.IntegerType(minimum=1),
        default=5,
        title="Max attempts",
        description=(
            "Tries per API call on 5xx, lost connections and time-outs. "
            "Throttling (429) never counts: it is waited out"
        ),
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1),
        default=8,
        title="Max concurrency",
        description="API calls under way at once",
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="User-Agent header; the default names product and version",
    ),
)

REPORTING = (
    th.Property(
        "start_date",
        th.DateType,
        title="Start date",
        description=(
            "First day to read, in each account's own time zone; "
            f"{DEFAULT_START_DAYS} days back by default. An existing bookmark goes "
            "first"
        ),
    ),
    th.Property(
        "end_date",
        th.DateType,
        title="End date",
        description="Last day to read; the newest complete day by default",
    ),
    th.Property(
        "lookback_days",
        PER_STREAM,
        default=DEFAULT_LOOKBACK_DAYS,
        title="Look-back days",
        description=(
            "Delivered days to read again because Amazon restates them: a number, "
            "or an object of stream to number"
        ),
    ),
    th.Property(
        "holdback_days",
        PER_STREAM,
        default=0,
        title="Hold-back days",
        description=(
            "Newest complete days not to ask for yet: a number, or an object of "
            "stream to number"
        ),
    ),
    th.Property(
        "max_runtime_seconds",
        th.NumberType(minimum=0, maximum=31_536_000),
        default=14400,
        title="Max runtime",
        description=(
            "After this many seconds nothing new is asked for or waited for; what "
            "is ready is delivered, the rest stays in the state, exit 0"
        ),
    ),
    th.Property(
        "run_mode",
        th.StringType,
        default=MODES[0],
        allowed_values=MODES,
        title="Run mode",
        description=(
            "sync: ask for reports, wait, deliver; ask: ask for them and end, their "
            "ids stay in the state; collect: deliver what earlier runs asked for, ask "
            "for nothing"
        ),
    ),
    th.Property(
        "poll_interval_seconds",
        th.NumberType(exclusive_minimum=0, maximum=86_400),
        default=15,
        title="Poll interval",
        description="Seconds between the first looks at a report, where the state does "
        "not say how long its type takes",
    ),
    th.Property(
        "poll_interval_max_seconds",
        th.NumberType(exclusive_minimum=0, maximum=86_400),
        default=300,
        title="Longest poll interval",
        description="Seconds between the last looks at such a report",
    ),
    th.Property(
        "report_attempts",
        th.IntegerType(minimum=1),
        default=3,
        title="Report attempts",
        description="How often a failed report is asked for again before it is a gap",
    ),
    th.Property(
        "raw_report_uri",
        th.StringType,
        title="Raw report URI",
        description=(
            "s3://bucket/prefix or file:///folder: keeps each report document "
            "there, byte for byte"
        ),
    ),
    th.Property(
        "report_stuck_hours",
        th.NumberType(exclusive_minimum=0, maximum=100_000),
        default=24,
        title="Stuck after",
        description="Hours after which an unfinished report is asked for again",
    ),
    th.Property(
        "gap_max_runs",
        th.IntegerType(minimum=1),
        default=5,
        title="Gap max runs",
        description="Runs in which a gap is tried again before it is closed",
    ),
    th.Property(
        "spool_dir",
        th.StringType,
        title="Spool folder",
        description="Where documents wait on disk; the system's temp by default",
    ),
    th.Property(
        "spool_max_bytes",
        th.IntegerType(minimum=1),
        default=2 * 1024**3,
        title="Spool limit",
        description="Disk space for waiting documents, in bytes",
    ),
    th.Property(
        "shard",
        th.StringType,
        title="Shard",
        description=(
            'Part of the accounts to read, such as "3/16": the fourth of 16, counted '
            "from 0. Each shard needs a state of its own"
        ),
    ),
    th.Property(
        "summary_path",
        th.StringType,
        title="Summary file",
        description=(
            "File that the run's summary is written to, as JSON: result is complete, "
            "waiting, partly or failed"
        ),
    ),
    th.Property(
        "metrics_path",
        th.StringType,
        title="Metrics file",
        description=(
            "File that the run's metrics are written to, for Prometheus' textfile "
            "collector (its name has to end in .prom)"
        ),
    ),
    th.Property(
        "run_report_path",
        th.StringType,
        title="Run report file",
        description=(
            "File that a page about the run is written to, as HTML: the timeline of "
            "every report, failures with reasons and next steps, what waits"
        ),
    ),
    *(
        th.Property(
            name,
            th.StringType,
            secret=name
            in {"aws_secret_access_key", "aws_session_token", "external_id"},
            title=title,
            description=f"{title}, for raw_report_uri",
        )
        for name, title in (
            ("aws_access_key_id", "AWS access key id"),
            ("aws_secret_access_key", "AWS secret access key"),
            ("aws_session_token", "AWS session token"),
            ("aws_region", "AWS region"),
            ("aws_profile_name", "AWS profile"),
            ("aws_endpoint_override", "S3 endpoint"),
            ("server_side_encryption", "S3 encryption (AES256, aws:kms, aws:kms:dsse)"),
            ("kms_key_id", "KMS key of S3 encryption"),
            ("role_arn", "AWS role to assume"),
            ("external_id", "External id for that role"),
        )
    ),
)
