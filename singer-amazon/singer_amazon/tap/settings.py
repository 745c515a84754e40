"""Reads settings: their text forms, what is wrong with them.

Environment variables and Meltano give numbers, lists and objects as text; a
number where text is wanted (a profile id) is as common. Both are accepted.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from dotenv import dotenv_values, find_dotenv
from jsonschema import Draft7Validator

from singer_amazon.config.names import did_you_mean, shown
from singer_amazon.errors import ConfigError

_YEARS = range(2000, 2101)
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?")
_BATCH_PARTS = {
    "encoding": {"format", "compression"},
    "storage": {"root", "prefix", "params"},
}
_OF_THE_SDK = {
    *("batch_config", "stream_maps", "stream_map_config", "faker_config"),
    *("flattening_enabled", "flattening_max_depth", "flattening_max_key_length"),
}
"""Settings the Singer SDK adds and reads by itself."""
OPEN = "x-open"
"""Marks the schema of an object that may hold more than it describes."""
_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def from_environment(schema: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Return the settings in the environment, else in `.env`, as they stand there.

    `.env` is looked for in the working folder and those above it.
    """
    outside = {**dotenv_values(find_dotenv(usecwd=True)), **os.environ}
    found = {
        name: outside.get(prefix + name.upper().replace("-", "_"))
        for name in schema.get("properties", {})
    }
    return {name: text for name, text in found.items() if text}


def coerced(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with text turned into what the schema asks for.

    Settings that are None or empty text count as not set: Meltano passes
    unset environment variables as empty ones. What cannot be turned is left
    for the validation to complain about.
    """
    properties = schema.get("properties", {})
    result = {}
    for name, value in config.items():
        schema_of = properties.get(name, {})
        fitted = _coerce(value, schema_of)
        if schema_of.get("secret") and isinstance(fitted, str):
            fitted = fitted.strip()  # a line break comes along from files
        required = name in schema.get("required", [])
        if fitted is not None and (fitted != "" or required):
            result[name] = fitted
    return result


def _coerce(value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if isinstance(value, Decimal):  # the SDK reads config files that way
        value = int(value) if value == value.to_integral_value() else float(value)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if isinstance(value, str) and value and types:
        is_object = "object" in types and value.lstrip().startswith("{")
        if is_object or "string" not in types:
            value = _from_text(value, types)
    if isinstance(value, list) and schema.get("items"):
        return [_coerce(item, schema["items"]) for item in value]
    if isinstance(value, dict) and schema.get("properties"):
        return {
            k: _coerce(v, schema["properties"].get(k, {}))
            for k, v in value.items()
            # a null of the user's own, as in stream_maps, means something
            if v is not None or k not in schema["properties"]
        }
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and types[:1] == ["string"] else value


def _from_text(text: str, types: Iterable[str]) -> Any:  # noqa: ANN401
    """Read JSON; a list may also be written `a, b`, a switch as `yes`."""
    if "boolean" in types:
        return _SWITCHES.get(text.strip().lower(), text)
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if "array" in types and isinstance(value, (str, int, float)):
        return [part.strip() for part in text.split(",") if part.strip()]
    return value


def complaints(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return one sentence per setting that breaks the schema, secrets unshown."""
    sentences = []
    for error in Draft7Validator(schema).iter_errors(config):
        path = [str(part) for part in error.absolute_path]
        words = error.message
        # the words of a missing name show no value, all others do
        if error.validator != "required" and _may_show_secret(schema, path):
            words = f"is not of type {error.validator_value}"
        where = f"Setting {'.'.join(path)}" if path else "Settings"
        sentences.append(f"{where}: {words}")
    return sentences


def unknown_inside(
    config: Mapping[str, Any],
    schema: Mapping[str, Any],
    checked_elsewhere: Collection[str] = (),
) -> list[str]:
    """Return one sentence per unknown name inside our own structures.

    Where a schema describes `properties` no other name means anything, and a misspelt
    one would silently do nothing; an object that takes any is marked as `OPEN`.
    Settings `checked_elsewhere` have sentences of their own.
    """
    properties = schema.get("properties", {})
    return [
        f"Setting {path} is not known: {meant}"
        for name, value in config.items()
        if name in properties and name not in {*_OF_THE_SDK, *checked_elsewhere}
        for path, meant in _unknown(value, properties[name], name)
    ]


def unknown_at_top(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return one sentence per setting that this plugin does not have."""
    known = schema.get("properties", {})
    return [
        f"Setting {shown(name)} is not known and has no effect: "
        f"{did_you_mean(name, known)}"
        for name in config
        if name not in known
    ]


def _unknown(
    value: Any,  # noqa: ANN401 - any JSON value
    schema: Mapping[str, Any],
    path: str,
) -> Iterator[tuple[str, str]]:
    """Yield the path of each unknown name in a value, and what may be meant."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            label = item.get("name") if isinstance(item, dict) else None
            items = schema.get("items") or {}
            yield from _unknown(item, items, f"{path}.{label or index}")
    if not isinstance(value, dict):
        return
    properties = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    for name, member in value.items():
        inside = properties.get(name, others if isinstance(others, Mapping) else None)
        if inside is not None:
            yield from _unknown(member, inside, f"{path}.{name}")
        elif properties and not schema.get(OPEN):
            yield f"{path}.{shown(name)}", did_you_mean(name, properties)


def _may_show_secret(schema: Mapping[str, Any], path: Iterable[str]) -> bool:
    """Whether the value at a path is a secret, lies in one, or holds one."""
    for part in path:
        inside = schema.get("properties", {}).get(part) or schema.get("items", {})
        schema = inside if isinstance(inside, Mapping) else {}
        # where the parts of a secret are described, each part says it for itself
        is_described = "properties" in schema or "items" in schema
        if (schema.get("secret") or schema.get("writeOnly")) and not is_described:
            return True
    return _holds_secret(schema)


def _holds_secret(schema: Mapping[str, Any]) -> bool:
    inside = [*schema.get("properties", {}).values(), schema.get("items")]
    return bool(schema.get("secret") or schema.get("writeOnly")) or any(
        _holds_secret(part) for part in inside if isinstance(part, Mapping)
    )


def day(config: Mapping[str, Any], name: str) -> date | None:
    """Return a date setting; a time of day behind it does not matter.

    Raises:
        ConfigError: it is no date of the form YYYY-MM-DD.
    """
    value = config.get(name)
    if value is None:
        return None
    found = _DAY.fullmatch(str(value))
    try:
        read = date.fromisoformat(found.group(1) if found else "")
    except ValueError:
        msg = f"{name} {value!r} is not a date: write it as YYYY-MM-DD"
        raise ConfigError(msg) from None
    if read.year not in _YEARS:
        msg = f"{name} {value!r} is a year without reports: {_YEARS[0]} to {_YEARS[-1]}"
        raise ConfigError(msg)
    return read


def check_shared(
    config: Mapping[str, Any], required: Iterable[str], now: datetime
) -> None:
    """Check what the schema cannot say; `required` settings may not be blank.

    Raises:
        ConfigError: a setting is empty or two contradict each other.
    """
    for name in required:
        if not str(config.get(name) or "").strip():
            msg = f"{name} is empty: set it to the value from Login with Amazon"
            raise ConfigError(msg)
    for entry in (config, *(config.get("accounts") or ())):
        day(entry, "refresh_token_granted_on")
    start, end = day(config, "start_date"), day(config, "end_date")
    if start and end and end < start:
        msg = f"end_date {end} is before start_date {start}: swap or correct them"
        raise ConfigError(msg)
    if start and start > (now + timedelta(hours=14)).date():
        msg = f"start_date {start} is in the future: no report has such days yet"
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
    _check_batches(config.get("batch_config") or {})


def _check_batches(batches: Mapping[str, Any]) -> None:
    for part, name in (("encoding", "format"), ("storage", "root")):
        if batches and not (batches.get(part) or {}).get(name):
            msg = f"batch_config has no {part}.{name}: it is required"
            raise ConfigError(msg)
    unknown = batches.keys() - _BATCH_PARTS.keys() - {"batch_size"}
    for part, names in _BATCH_PARTS.items():
        unknown |= {f"{part}.{n}" for n in (batches.get(part) or {}).keys() - names}
    if unknown:
        msg = f"batch_config: {', '.join(sorted(unknown))} is not known: leave it out"
        raise ConfigError(msg)
    size = batches.get("batch_size")
    if size is not None and (not isinstance(size, int) or size < 1):
        msg = f"batch_config: batch_size {size!r} is no number of rows above 0"
        raise ConfigError(msg)


def per_stream(config: Mapping[str, Any], name: str, stream: str, default: int) -> int:
    """Return a setting that is one number or an object of stream to number."""
    value = config.get(name)
    if isinstance(value, dict):
        value = value.get(stream)
    return default if value is None else int(value)


def check_stream_names(
    config: Mapping[str, Any], name: str, streams: Iterable[str]
) -> None:
    """Refuse a setting by stream that names a stream which is not there.

    Raises:
        ConfigError: it does.
    """
    value, known = config.get(name), set(streams)
    for stream in value if isinstance(value, dict) else ():
        if stream not in known:
            msg = (
                f"{name}: there is no report stream {stream!r}: "
                f"{did_you_mean(stream, known)}"
            )
            raise ConfigError(msg)
