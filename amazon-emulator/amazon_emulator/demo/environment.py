"""The process environment of the demo's Meltano: every setting of both plugins.

A process environment beats `.env` and meltano.yml, so what a user wrote there has
no effect; for the same reason nothing that is set in the user's terminal passes.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from amazon_emulator.demo.scenario import LOOKBACK_DAYS, STREAMS
from amazon_emulator.demo.selling import SELLER, VENDOR, custom_settings

ENVIRONMENT = "dev"
_DROPPED = (
    *("TAP_AMAZON_ADS", "TAP_AMAZON_SP", "TAP_CUSTOMER_FILE"),
    *("TARGET_S3", "TARGET_AMAZON_AUDIENCE"),
    *("MELTANO_", "AWS_", "BOTO_", "SINGER_SDK_"),
)
_ADS_LISTS = ("profile_ids", "exclude_profile_ids", "account_types", "advertiser_ids")
_ADS_ONLY = {*_ADS_LISTS, "time_unit", "extra_columns"}
_AWS = (
    *("access_key_id", "secret_access_key", "session_token"),
    *("region", "profile_name", "endpoint_override"),
)
_MAPPING = {
    "stream_maps": {},
    "stream_map_config": {},
    "faker_config": {},
    "flattening_enabled": False,
    "flattening_max_depth": 0,
    "flattening_max_key_length": 255,
    "flattening_separator": "__",
}
"""What the SDK adds to each plugin, all of it off."""


@dataclass(frozen=True, slots=True)
class Amazon:
    """Where the emulator listens and what it accepts."""

    url: str
    token_url: str
    credentials: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the objects go, and as whom."""

    endpoint: str
    name: str
    prefix: str
    region: str
    access_key_id: str
    secret_access_key: str


def tap_settings(
    amazon: Amazon, start: date, end: date | None, spool: Path
) -> dict[str, object]:
    """Return every setting of tap-amazon-ads; empty text means not set."""
    return {
        **amazon.credentials,
        "region": "NA",
        "endpoint_uri": amazon.url,
        "auth_uri": amazon.token_url,
        "max_attempts": 5,
        "max_concurrency": 8,
        "user_agent": "",
        "start_date": start.isoformat(),
        "end_date": "" if end is None else end.isoformat(),
        "lookback_days": LOOKBACK_DAYS,
        "holdback_days": 0,
        "max_runtime_seconds": 300,
        "poll_interval_seconds": 0.5,
        "poll_interval_max_seconds": 1,
        "report_attempts": 3,
        "raw_report_uri": "",
        "report_stuck_hours": 24,
        "gap_max_runs": 5,
        "spool_dir": str(spool),
        "spool_max_bytes": 2**30,
        **{f"aws_{name}": "" for name in _AWS},
        **{name: [] for name in _ADS_LISTS},
        "time_unit": "DAILY",
        "extra_columns": {},
        "reports": [],
        **_MAPPING,
        "batch_config": {},
    }


def selling_settings(
    amazon: Amazon, tokens: Mapping[str, str], start: str, spool: Path, files: Path
) -> dict[str, object]:
    """Return every setting of tap-amazon-sp but those of old configs.

    Read are a seller and a vendor in one marketplace: sales and traffic may be asked
    for once in 15 minutes, by all sellers of an application together.
    """
    kinds = {SELLER: "seller", VENDOR: "vendor"}
    shared = tap_settings(amazon, date.min, None, spool)
    kept = [name for name in shared if name not in _ADS_ONLY]
    return {
        **{name: shared[name] for name in kept},
        "refresh_token": "",
        "start_date": start,
        "lookback_days": 0,
        # two days, as the other weekly reports have: one week, and so one report
        "holdback_days": dict.fromkeys(
            ("sales_and_traffic_by_date", "sales_and_traffic_by_asin"), 2
        ),
        "account_name": "default",
        "account_type": "auto",
        "marketplace_ids": [],
        "accounts": [
            {
                "name": name,
                "refresh_token": tokens[name],
                "account_type": kind,
                "marketplace_ids": ["US"],
            }
            for name, kind in kinds.items()
        ],
        "report_options": {"sales_and_traffic": {"date_granularity": "WEEK"}},
        "holdback_hours": 1,
        "app_budget_share": 1,
        "unknown_fields": "keep",
        **custom_settings(files),
        **_MAPPING,
        "batch_config": {},
    }


def target_settings(bucket: Bucket, spool: Path) -> dict[str, object]:
    """Return every setting of target-s3; empty text means not set."""
    aws = "cloud_provider.aws.aws_"
    return {
        "format.format_type": "jsonl.gz",
        "cloud_provider.cloud_provider_type": "aws",
        f"{aws}access_key_id": bucket.access_key_id,
        f"{aws}secret_access_key": bucket.secret_access_key,
        f"{aws}session_token": "",
        f"{aws}region": bucket.region,
        f"{aws}profile_name": "",
        f"{aws}bucket": bucket.name,
        f"{aws}endpoint_override": bucket.endpoint,
        "prefix": bucket.prefix,
        "stream_name_path_override": "",
        "use_raw_stream_name": False,
        "add_record_metadata": True,
        "include_process_date": False,
        "max_batch_size": 100_000,
        "max_batch_age": 5,
        "spool_dir": str(spool),
        "spool_max_bytes": 2**30,
        "max_attempts": 5,
        "append_date_to_prefix": True,
        "append_date_to_prefix_grain": "day",
        "partition_name_enabled": False,
        "append_date_to_filename": True,
        "append_date_to_filename_grain": "microsecond",
        **_MAPPING,
    }


def variables(prefix: str, settings: Mapping[str, object]) -> dict[str, str]:
    """Return settings as the environment variables Meltano reads them from."""
    return {
        f"{prefix}_{name.upper().replace('.', '_')}": _text(value)
        for name, value in settings.items()
    }


def selecting(prefix: str, streams: Iterable[str]) -> dict[str, str]:
    """Return the variables by which Meltano selects these streams and no others."""
    return {
        f"{prefix}__SELECT": _text([f"{name}.*" for name in streams]),
        f"{prefix}__SELECT_FILTER": "[]",
        f"{prefix}__METADATA": "{}",
        f"{prefix}__SCHEMA": "{}",
    }


def environment(
    tap: Mapping[str, object], bucket: Bucket, spool: Path, project: Path, run_id: str
) -> dict[str, str]:
    """Return what the demo sets; the rest is `inherited`."""
    return {
        **variables("TAP_AMAZON_ADS", tap),
        **selecting("TAP_AMAZON_ADS", STREAMS),
        **variables("TARGET_S3", target_settings(bucket, spool)),
        "MELTANO_PROJECT_ROOT": str(project),
        "MELTANO_DATABASE_URI": f"sqlite:///{project / '.meltano' / 'meltano.db'}",
        "MELTANO_STATE_BACKEND_URI": "systemdb",
        "MELTANO_RUN_STATE_ID_SUFFIX": run_id,
        "MELTANO_ENVIRONMENT": ENVIRONMENT,
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
        "MELTANO_CLI_LOG_LEVEL": "info",
        "AWS_ACCESS_KEY_ID": bucket.access_key_id,
        "AWS_SECRET_ACCESS_KEY": bucket.secret_access_key,
        "AWS_DEFAULT_REGION": bucket.region,
        "AWS_ENDPOINT_URL_S3": bucket.endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "NO_COLOR": "1",
        "PATH": os.pathsep.join(
            (str(commands_folder()), os.environ.get("PATH", os.defpath))
        ),
    }


def commands_folder() -> Path:
    """Return where the commands of this Python's environment are."""
    return Path(sys.executable).parent


def inherited(own: Mapping[str, str]) -> dict[str, str]:
    """Return what passes from the user's environment: nothing of the plugins'."""
    return {
        name: value
        for name, value in own.items()
        if not name.startswith(_DROPPED) and not name.lower().endswith("_proxy")
    }


def as_script(settings: Mapping[str, str], own: Mapping[str, str]) -> str:
    """Return shell lines that give a terminal the same environment."""
    dropped = sorted(set(own) - set(inherited(own)) - set(settings))
    lines = [f"unset {name}" for name in dropped]
    lines += [
        f"export {name}={shlex.quote(value)}"
        for name, value in sorted(settings.items())
        if name != "PATH"
    ]
    lines.append(f'export PATH={shlex.quote(str(commands_folder()))}:"$PATH"')
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
