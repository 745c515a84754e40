"""Settings in their checked, typed form; ``settings_schema`` has their defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from singer_amazon.config.names import did_you_mean, shown
from singer_amazon.errors import ConfigError
from singer_amazon.s3.access import S3Access, access_of
from singer_amazon.summary_file import check_summary_path
from target_s3.batch_roots import roots
from target_s3.settings_schema import (
    DEFAULTS,
    FORMAT_ALIASES,
    FORMATS,
    SETTINGS_SCHEMA,
    WITHOUT_EFFECT,
    WRITE_MODES,
)

MAX_OBJECT_BYTES = 128 * 1024**2
IDLE_SECONDS = 10.0

_NESTED = ("format", "cloud_provider", "aws")
# What the Hub's variant says of each format; ours has no such choices.
_OF_THE_HUB = ("format_csv", "format_json", "format_jsonl", "format_parquet")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user wants, checked; secrets are kept out of its ``repr``.

    BATCH files are read only below ``batch_roots`` where these are set.
    """

    bucket: str
    format: str = DEFAULTS["format.format_type"]
    prefix: str = ""
    access: S3Access = field(default_factory=S3Access)
    write_mode: str = DEFAULTS["write_mode"]
    replace_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    partition_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    path_override: str | None = None
    raw_stream_names: bool = DEFAULTS["use_raw_stream_name"]
    add_record_metadata: bool = DEFAULTS["add_record_metadata"]
    include_process_date: bool = DEFAULTS["include_process_date"]
    max_rows: int = DEFAULTS["max_batch_size"]
    max_bytes: int = MAX_OBJECT_BYTES
    max_age_seconds: float = DEFAULTS["max_batch_age"] * 60
    idle_seconds: float = IDLE_SECONDS
    spool_dir: str | None = None
    spool_max_bytes: int = DEFAULTS["spool_max_bytes"]
    max_attempts: int = DEFAULTS["max_attempts"]
    summary_path: Path | None = None
    batch_roots: tuple[str, ...] | None = None
    batch_max_bytes: int = DEFAULTS["batch_max_bytes"]


def parse(config: Mapping[str, Any]) -> Settings:
    """Return the settings; the first wrong one raises a ``ConfigError``."""
    _refuse_unknown(config)
    reader = _Reader(config)
    aws = "cloud_provider.aws."
    provider = reader.text("cloud_provider.cloud_provider_type") or "aws"
    format_name = reader.text("format.format_type") or str(
        DEFAULTS["format.format_type"]
    )
    settings = Settings(
        bucket=reader.text(aws + "aws_bucket") or "",
        format=FORMAT_ALIASES.get(format_name, format_name),
        prefix=(reader.text("prefix") or "").strip("/"),
        access=access_of(reader.texts("cloud_provider.aws"), aws),
        write_mode=reader.text("write_mode") or str(DEFAULTS["write_mode"]),
        replace_by=reader.columns_by_stream("replace_by"),
        partition_by=reader.columns_by_stream("partition_by"),
        path_override=(reader.text("stream_name_path_override") or "").strip("/")
        or None,
        raw_stream_names=reader.flag("use_raw_stream_name"),
        add_record_metadata=reader.flag("add_record_metadata"),
        include_process_date=reader.flag("include_process_date"),
        max_rows=reader.count("max_batch_size"),
        max_age_seconds=reader.positive("max_batch_age") * 60,
        spool_dir=reader.text("spool_dir"),
        spool_max_bytes=reader.count("spool_max_bytes"),
        max_attempts=reader.count("max_attempts"),
        summary_path=_path(reader.text("summary_path")),
        batch_roots=roots(reader.list_of_texts("batch_allowed_roots")),
        batch_max_bytes=reader.count("batch_max_bytes"),
    )
    _check(settings, provider)
    return settings


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def without_effect(config: Mapping[str, Any]) -> list[str]:
    """Names of settings that were given a value which changes nothing here."""
    hub = [name for name in _OF_THE_HUB if name in (config.get("format") or {})]
    return [
        name
        for name, fixed in WITHOUT_EFFECT.items()
        if config.get(name) is not None and config[name] != fixed
    ] + [f"format.{name}" for name in hub]


def unknown(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Dotted names of settings that the schema does not have, each with a guess."""
    found = []
    for name, value in config.items():
        definition = schema["properties"].get(name)
        if name in _OF_THE_HUB and "format_type" in schema["properties"]:
            continue
        if definition is None:
            meant = did_you_mean(name, schema["properties"])
            found.append(f"{shown(name)} ({meant})")
        elif isinstance(value, dict) and name in _NESTED:
            found += [f"{name}.{inner}" for inner in unknown(value, definition)]
    return found


def _refuse_unknown(config: Mapping[str, Any]) -> None:
    """Refuse what is unknown inside our own structures: it would do nothing."""
    own = {name: value for name, value in config.items() if name in _NESTED}
    if names := unknown(own, SETTINGS_SCHEMA):
        msg = f"Unknown settings: {', '.join(names)}. Mend them, or leave them out."
        raise ConfigError(msg)


class _Reader:
    """Reads one setting after the other, by its dotted name.

    Values are never repeated in a message: the next setting may be a secret that
    was put in the wrong place.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config

    def _value(self, name: str) -> object:
        value: object = self._config
        seen: list[str] = []
        for part in name.split("."):
            if value is None:
                return None
            if not isinstance(value, dict | type(self._config)):
                msg = (
                    f"Setting {'.'.join(seen)} must be an object that holds "
                    f"{part!r}, as in the table of settings in the README."
                )
                raise ConfigError(msg)
            value = value.get(part)
            seen.append(part)
        return value

    def text(self, name: str) -> str | None:
        value = self._value(name)
        if value is None:
            return None
        if not isinstance(value, str):
            msg = f"Setting {name} must be text, in quotes."
            raise ConfigError(msg)
        # Meltano hands an unset environment variable on as empty text.
        return value.strip() or None

    def texts(self, name: str) -> dict[str, str | None]:
        """Return the texts of an object by their names."""
        value = self._value(name)
        if value is None:
            return {}
        if not isinstance(value, dict | type(self._config)):
            msg = f"Setting {name} must be an object."
            raise ConfigError(msg)
        return {inner: self.text(f"{name}.{inner}") for inner in value}

    def list_of_texts(self, name: str) -> list[str] | None:
        value = self._value(name)
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")]
        if value is None or value == []:
            return None
        if not isinstance(value, list) or not all(
            isinstance(item, str) and item.strip() for item in value
        ):
            msg = f"Setting {name} must be a list of texts."
            raise ConfigError(msg)
        return value

    def columns_by_stream(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return lists of column names by stream."""
        value = self._value(name)
        if value is None:
            return {}
        if not isinstance(value, dict | type(self._config)) or not all(
            isinstance(columns, list) and all(isinstance(c, str) for c in columns)
            for columns in value.values()
        ):
            msg = (
                f"Setting {name} must be an object of stream names with lists of "
                'columns, such as {"campaigns": ["profile_id", "date"]}.'
            )
            raise ConfigError(msg)
        return {stream: tuple(columns) for stream, columns in value.items()}

    def flag(self, name: str) -> bool:
        value = self._value(name)
        if value is None:
            value = DEFAULTS[name]
        if not isinstance(value, bool):
            msg = f"Setting {name} must be true or false, without quotes."
            raise ConfigError(msg)
        return value

    def positive(self, name: str) -> float:
        value = _from_text(self._value(name))
        if value is None:
            value = DEFAULTS[name]
        # The SDK reads the numbers of a configuration file as decimals.
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            msg = f"Setting {name} must be a number."
            raise ConfigError(msg)
        if not (math.isfinite(value) and value > 0):
            msg = f"Setting {name} must be greater than zero."
            raise ConfigError(msg)
        return float(value)

    def count(self, name: str) -> int:
        value = self.positive(name)
        _require(value == int(value), f"Setting {name} must be a whole number.")
        return int(value)


def _from_text(value: object) -> object:
    """Read a number from text: Meltano cannot hand fractions on in any other way."""
    if not isinstance(value, str):
        return value
    try:
        return float(value) if value.strip() else None
    except ValueError:
        return value


def _check(found: Settings, provider: str) -> None:
    found.access.check()
    if found.summary_path:
        check_summary_path(found.summary_path)
    _require(
        provider == "aws",
        "Setting cloud_provider.cloud_provider_type must be 'aws', the only provider "
        "this target writes to; S3-compatible stores are reached through "
        "cloud_provider.aws.aws_endpoint_override.",
    )
    _require(
        found.bucket,
        "Setting cloud_provider.aws.aws_bucket is missing: name the bucket that the "
        "records go to.",
    )
    _require(
        "/" not in found.bucket,
        "Setting cloud_provider.aws.aws_bucket must be the bare name of a bucket; a "
        "path inside the bucket belongs into the setting prefix.",
    )
    _require(
        found.format in FORMATS,
        f"Setting format.format_type is {found.format!r}, which this target cannot "
        f"write; use one of {', '.join(FORMATS)}.",
    )
    _require(
        found.write_mode in WRITE_MODES,
        f"Setting write_mode is {found.write_mode!r}; use one of "
        f"{', '.join(WRITE_MODES)}.",
    )
    is_delta = found.format == "delta"
    _require(
        is_delta or found.write_mode == "append",
        "Setting write_mode replace needs format.format_type delta: objects of other "
        "formats are only ever added.",
    )
    _require(
        not (is_delta and found.path_override),
        "Setting stream_name_path_override cannot be used with format.format_type "
        "delta: each stream is a table of its own.",
    )
    _require(
        not found.access.endpoint
        or found.access.endpoint.startswith(("http://", "https://")),
        "Setting cloud_provider.aws.aws_endpoint_override must be an address that "
        "begins with http:// or https://.",
    )
    _require(
        not found.spool_dir or Path(found.spool_dir).is_dir(),
        f"Setting spool_dir names {found.spool_dir!r}, which is not a folder; make it, "
        "or leave the setting out to use the system's temporary folder.",
    )
    # Half a pair of keys would let boto3 fall back to somebody else's keys.
    _require(
        bool(found.access.access_key_id) == bool(found.access.secret_access_key),
        "Settings cloud_provider.aws.aws_access_key_id and aws_secret_access_key "
        "belong together: give both, or neither to use the machine's own role, "
        "profile or environment.",
    )
    _require(
        found.access.access_key_id or not found.access.session_token,
        "Setting cloud_provider.aws.aws_session_token needs aws_access_key_id and "
        "aws_secret_access_key beside it.",
    )


def _require(condition: object, sentence: str) -> None:
    if not condition:
        raise ConfigError(sentence)
