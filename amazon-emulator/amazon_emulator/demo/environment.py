"""The process environment of the demo's Meltano: every setting of the plugins.

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

from amazon_emulator.demo.kiosk.comparison import OPTIONS
from amazon_emulator.demo.picture.campaigns import ENTITIES
from amazon_emulator.demo.project import DEFINITIONS
from amazon_emulator.demo.scenario import LOOKBACK_DAYS, STREAMS
from amazon_emulator.demo.selling import SELLER, VENDOR, custom_settings

ENVIRONMENT = "dev"
_DROPPED = (
    *("TAP_AMAZON_ADS", "TAP_AMAZON_SP", "TAP_CUSTOMER_FILE"),
    *("TARGET_S3", "TARGET_AMAZON_AUDIENCE"),
    *("MELTANO_", "AWS_", "BOTO_", "SINGER_SDK_"),
)
_EMPTY = {
    "string": "",
    "date_iso8601": "",
    "array": "[]",
    "object": "{}",
    "boolean": "false",
}
"""What leaves a setting unset, by its kind; Meltano fails at an empty number."""


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


def defaults(definitions: Path) -> dict[str, str]:
    """Return the variables that set settings back, by Meltano's definitions.

    Left out are those of configs of older connectors, which an empty object would set,
    and the parts of a tap's objects: a part that is set, even to nothing, makes one.
    """
    found = {}
    for file in definitions.glob("*/*.lock"):
        plugin = json.loads(file.read_text(encoding="utf-8"))
        values = {
            setting["name"]: setting.get("placeholder", _EMPTY.get(setting["kind"]))
            for setting in plugin["settings"]
            if not setting.get("label", "").endswith("(old)")
            and not (plugin["plugin_type"] == "extractors" and "." in setting["name"])
        }
        given = {name: text for name, text in values.items() if text is not None}
        found.update(variables(plugin["namespace"].upper(), given))
    return found


def tap_settings(
    amazon: Amazon, start: date, end: date | None, spool: Path
) -> dict[str, object]:
    """Return what the demo sets of tap-amazon-ads."""
    return {
        **amazon.credentials,
        "endpoint_uri": amazon.url,
        "auth_uri": amazon.token_url,
        "start_date": start.isoformat(),
        "end_date": "" if end is None else end.isoformat(),
        "lookback_days": LOOKBACK_DAYS,
        **_reading(spool),
    }


def _reading(spool: Path) -> dict[str, object]:
    return {
        "max_runtime_seconds": 300,
        "poll_interval_seconds": 0.5,
        "poll_interval_max_seconds": 1,
        "spool_dir": str(spool),
        "spool_max_bytes": 2**30,
    }


def selling_settings(
    amazon: Amazon, tokens: Mapping[str, str], start: str, spool: Path, files: Path
) -> dict[str, object]:
    """Return what the demo sets of tap-amazon-sp.

    Read are a seller and a vendor in one marketplace: sales and traffic may be asked
    for once in 15 minutes, by all sellers of an application together.
    """
    kinds = {SELLER: "seller", VENDOR: "vendor"}
    return {
        **amazon.credentials,
        "refresh_token": "",
        "endpoint_uri": amazon.url,
        "auth_uri": amazon.token_url,
        "start_date": start,
        "lookback_days": 0,
        # two days, as the other weekly reports have: one week, and so one report
        "holdback_days": dict.fromkeys(
            ("sales_and_traffic_by_date", "sales_and_traffic_by_asin"), 2
        ),
        **_reading(spool),
        "accounts": [
            {
                "name": name,
                "refresh_token": tokens[name],
                "account_type": kind,
                "marketplace_ids": ["US"],
            }
            for name, kind in kinds.items()
        ],
        "report_options": {
            "sales_and_traffic": {"date_granularity": "WEEK"},
            **OPTIONS,
        },
        "holdback_hours": 1,
        **custom_settings(files),
    }


def target_settings(bucket: Bucket, spool: Path) -> dict[str, object]:
    """Return what the demo sets of target-s3."""
    aws = "cloud_provider.aws.aws_"
    return {
        f"{aws}access_key_id": bucket.access_key_id,
        f"{aws}secret_access_key": bucket.secret_access_key,
        f"{aws}region": bucket.region,
        f"{aws}bucket": bucket.name,
        f"{aws}endpoint_override": bucket.endpoint,
        "prefix": bucket.prefix,
        "spool_dir": str(spool),
        "spool_max_bytes": 2**30,
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
        **defaults(project / DEFINITIONS),
        **variables("TAP_AMAZON_ADS", tap),
        **selecting("TAP_AMAZON_ADS", [*STREAMS, *ENTITIES]),
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
