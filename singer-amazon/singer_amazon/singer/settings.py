"""The settings all taps share, and how their text forms are read.

Environment variables and Meltano give numbers, lists and objects as text; a
number where text is wanted (a profile id) is as common. Both are accepted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from jsonschema import Draft7Validator
from singer_sdk import typing as th

from singer_amazon.errors import ConfigError

REGIONS = ("NA", "EU", "FE")

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
        "region",
        th.StringType,
        default="NA",
        allowed_values=list(REGIONS),
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
            "First day to read, in each account's own time zone; 30 days back by "
            "default. An existing bookmark goes first"
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
        th.CustomType(
            {
                "type": ["integer", "object", "null"],
                "minimum": 0,
                "additionalProperties": {"type": "integer", "minimum": 0},
            }
        ),
        default=30,
        title="Look-back days",
        description=(
            "Delivered days to read again because Amazon restates them: a number, "
            "or an object of stream to number"
        ),
    ),
    th.Property(
        "holdback_days",
        th.CustomType(
            {
                "type": ["integer", "object", "null"],
                "minimum": 0,
                "additionalProperties": {"type": "integer", "minimum": 0},
            }
        ),
        default=0,
        title="Hold-back days",
        description=(
            "Newest complete days not to ask for yet: a number, or an object of "
            "stream to number"
        ),
    ),
    th.Property(
        "max_runtime_seconds",
        th.NumberType(minimum=0),
        default=14400,
        title="Max runtime",
        description=(
            "After this many seconds nothing new is asked for or waited for; what "
            "is ready is delivered, the rest stays in the state, exit 0"
        ),
    ),
    th.Property(
        "poll_interval_seconds",
        th.NumberType(exclusive_minimum=0),
        default=15,
        title="Poll interval",
        description="Seconds between the first looks at a report",
    ),
    th.Property(
        "poll_interval_max_seconds",
        th.NumberType(exclusive_minimum=0),
        default=300,
        title="Longest poll interval",
        description="Seconds between the last looks at a report",
    ),
    th.Property(
        "report_attempts",
        th.IntegerType(minimum=1),
        default=3,
        title="Report attempts",
        description="How often a failed report is asked for before it is a gap",
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
        th.NumberType(exclusive_minimum=0),
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
    *(
        th.Property(
            name,
            th.StringType,
            secret=name in {"aws_secret_access_key", "aws_session_token"},
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
        )
    ),
)


def coerced(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with text turned into what the schema asks for.

    Settings that are None or empty text count as not set: Meltano passes
    unset environment variables as empty ones. What cannot be turned is left
    for the validation to complain about.
    """
    properties = schema.get("properties", {})
    result = {}
    for name, value in config.items():
        fitted = _coerce(value, properties.get(name, {}))
        required = name in schema.get("required", [])
        if fitted is not None and (fitted != "" or required):
            result[name] = fitted
    return result


def _coerce(value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if isinstance(value, Decimal):  # the SDK reads config files that way
        value = int(value) if value == value.to_integral_value() else float(value)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if isinstance(value, str) and value and "string" not in types:
        if any(name in types for name in ("integer", "number", "object", "array")):
            try:
                return json.loads(value)
            except ValueError:
                return value.split(",") if "array" in types else value
        if "boolean" in types:
            return {"true": True, "false": False}.get(value.lower(), value)
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and types[:1] == ["string"]
    ):
        return str(value)
    if isinstance(value, list) and schema.get("items"):
        return [_coerce(item, schema["items"]) for item in value]
    return value


def complaints(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return one sentence per setting that breaks the schema, secrets unshown."""
    sentences = []
    for error in Draft7Validator(schema).iter_errors(config):
        path = [str(part) for part in error.absolute_path]
        words = error.message
        top = schema.get("properties", {}).get(path[0], {}) if path else {}
        if top.get("secret") or top.get("writeOnly"):
            words = f"is not of type {error.validator_value}"
        where = f"Setting {'.'.join(path)}" if path else "Settings"
        sentences.append(f"{where}: {words}")
    return sentences


def day(config: Mapping[str, Any], name: str) -> date | None:
    """Return a date setting.

    Raises:
        ConfigError: it is no date of the form YYYY-MM-DD.
    """
    value = config.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        msg = f"{name} {value!r} is not a date: write it as YYYY-MM-DD"
        raise ConfigError(msg) from None


def check_shared(config: Mapping[str, Any]) -> None:
    """Check what the schema cannot say.

    Raises:
        ConfigError: a setting is empty or two contradict each other.
    """
    for name in ("client_id", "client_secret", "refresh_token"):
        if not str(config.get(name) or "").strip():
            msg = f"{name} is empty: set it to the value from Login with Amazon"
            raise ConfigError(msg)
    start, end = day(config, "start_date"), day(config, "end_date")
    if start and end and end < start:
        msg = f"end_date {end} is before start_date {start}: swap or correct them"
        raise ConfigError(msg)
    first, longest = (
        config["poll_interval_seconds"],
        config["poll_interval_max_seconds"],
    )
    if longest < first:
        msg = (
            f"poll_interval_max_seconds {longest} is below poll_interval_seconds "
            f"{first}: it must be at least that"
        )
        raise ConfigError(msg)


def per_stream(config: Mapping[str, Any], name: str, stream: str, default: int) -> int:
    """Return a setting that is one number or an object of stream to number."""
    value = config.get(name)
    if isinstance(value, dict):
        value = value.get(stream)
    return default if value is None else int(value)
