"""Reads the configs of older Selling Partner connectors into our settings.

They know one report or one endpoint at the top level, credentials in an object of
their own, and AWS keys that Amazon has not asked for since 2023.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from singer_amazon.errors import ConfigError
from tap_amazon_sp.marketplaces import region_of

CURRENT_VERSION = "2021-06-30"

# what they called it (in credentials) -> what it is called here
_CREDENTIALS = {
    "client_id": "client_id",
    "lwa_app_id": "client_id",
    "lwa_client_id": "client_id",
    "client_secret": "client_secret",
    "lwa_client_secret": "client_secret",
    "refresh_token": "refresh_token",
    "region": "region",
    "aws_region": "region",
}
_UNUSED = {
    "role_arn",
    "aws_access_key",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_secret_key",
    "aws_session_token",
}
IGNORED_SECRETS = frozenset(_UNUSED)
"""Settings that are accepted, secret, and of no use any more."""

_ALIASES = {"endpoint": "endpoint_uri"}
_OF_EXPORT = ("type", "td_authentication_id")
"""What the export of an older integration has besides: nothing here needs it."""

_ENDPOINT = (
    "path",
    "method",
    "body",
    "params",
    "results_key",
    "updated_at_param",
    "updated_before_param",
    "slice_hours",
    "record_config",
    "extend_resources",
    "pagination",
    "schema",
)
_REPORT = ("report_spec", "file_format", "version", "output_file", "records_path")


@dataclass(frozen=True, slots=True)
class TranslatedConfig:
    """A config in our settings, and a line for whatever was not taken as it is."""

    config: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def translate_config(config: Mapping[str, Any]) -> TranslatedConfig:
    """Return a config in our settings; one that is in them already stays as it is.

    Raises:
        ConfigError: something in it can be meant in no way this tap knows.
    """
    result = {name: value for name, value in config.items() if value is not None}
    notes: list[str] = []
    _take_credentials(result, "credentials", notes)
    result["accounts"] = [
        _account(entry, index, notes)
        for index, entry in enumerate(_listed(result, "accounts"))
    ]
    # Older connectors wanted a role for Amazon's API; today it is one for a bucket.
    if "role_arn" in result and "s3://" not in str(result):
        del result["role_arn"]
        notes.append(_unused(["role_arn"]))
    if isinstance(result.get("region"), str):
        result["region"] = _region(result["region"], "region")
    _rename(result, _ALIASES, "", notes)
    _drop_of_export(result, "", notes)
    name = str(result.get("name") or "")
    reports = [_report(entry, notes) for entry in _listed(result, "reports")]
    endpoints = [_endpoint(entry, notes) for entry in _listed(result, "endpoints")]
    old = _one_report(result, name, notes)
    result["reports"] = [*reports, *old]
    result["endpoints"] = [*endpoints, *_one_endpoint(result, name)]
    if old or len(result["endpoints"]) > len(endpoints):
        result.pop("name", None)
    for empty in ("accounts", "reports", "endpoints"):
        if not result[empty] and empty not in config:
            del result[empty]
    return TranslatedConfig(result, tuple(dict.fromkeys(notes)))


# --- credentials ---------------------------------------------------------------


def _account(entry: object, index: int, notes: list[str]) -> object:
    """Read the credentials of one of several accounts."""
    if not isinstance(entry, Mapping):
        return entry  # the settings' own check says what is wrong
    account = dict(entry)
    where = f"accounts[{index}]"
    _take_credentials(account, f"{where}.credentials", notes)
    if isinstance(account.get("region"), str):
        account["region"] = _region(account["region"], f"{where}.region")
    return account


def _take_credentials(result: dict[str, Any], where: str, notes: list[str]) -> None:
    """Move what the credentials object holds to where we keep it."""
    if "credentials" not in result:
        return
    found = _credentials(result.pop("credentials"), where)
    unused = sorted(name for name in found if name.lower() in _UNUSED)
    unknown = sorted(
        name
        for name in found
        if name.lower() not in _UNUSED and name.lower() not in _CREDENTIALS
    )
    for name, value in found.items():
        ours = _CREDENTIALS.get(name.lower())
        if ours is None or value is None:
            continue
        ready = _region(str(value), f"{where}.{name}") if ours == "region" else value
        if result.setdefault(ours, ready) != ready:
            notes.append(
                f"{ours} stands both in the settings and in {where}: the one in the "
                "settings is used"
            )
    if unused:
        notes.append(_unused(unused))
    if unknown:
        notes.append(f"{where}: {', '.join(unknown)} is not known here and not used")


def _credentials(value: object, where: str) -> Mapping[str, Any]:
    """Return the credentials object; text may hold it as JSON.

    Raises:
        ConfigError: it is only the name of credentials kept elsewhere.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ConfigError(_named(where)) from None
    if not isinstance(value, Mapping):
        msg = f"{where} is not an object: write client_id, client_secret and so on"
        raise ConfigError(msg)
    if value and not any(str(name).lower() in _CREDENTIALS for name in value):
        raise ConfigError(_named(where))
    return value


def _named(where: str) -> str:
    return (
        f"{where} names credentials that another program keeps: this tap cannot look "
        "them up. Write client_id, client_secret and refresh_token themselves, or set "
        "them in the environment"
    )


def _unused(names: list[str]) -> str:
    return (
        f"{', '.join(names)}: not used. Amazon has asked for no AWS keys or role since "
        "October 2023; they can be removed"
    )


def _region(text: str, where: str) -> str:
    region = region_of(text)
    if region is None:
        msg = (
            f"{where} {text!r} is none of this API: write NA (us-east-1), "
            "EU (eu-west-1) or FE (us-west-2)"
        )
        raise ConfigError(msg)
    return region


# --- one report, one endpoint --------------------------------------------------


def _one_report(
    result: dict[str, Any], name: str, notes: list[str]
) -> list[dict[str, Any]]:
    """Take the single report of an old config out of its top level."""
    if "report_spec" not in result:
        return []
    names = [key for key in (*_REPORT, "output") if key in result]
    taken = {key: _from_text(result.pop(key)) for key in names}
    spec = taken["report_spec"]
    if not isinstance(spec, Mapping) or not spec.get("reportType"):
        msg = (
            "report_spec has no reportType: write it as Amazon does, e.g. "
            '{"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA"}'
        )
        raise ConfigError(msg)
    made = str(spec["reportType"]).lower().removeprefix("get_")
    return [_report({"name": name or made, **taken}, notes)]


def _report(entry: object, notes: list[str]) -> Any:  # noqa: ANN401 - as it came
    """Read one custom report: its alias, its format and its version."""
    if not isinstance(entry, Mapping):
        return entry
    report = dict(entry)
    name = str(report.get("name") or "?")
    _rename(report, {"output": "output_file"}, f"reports.{name}.", notes)
    if isinstance(report.get("file_format"), str):
        report["file_format"] = report["file_format"].strip().upper()
    version = report.get("version")
    if version is not None and str(version) != CURRENT_VERSION:
        report["version"] = CURRENT_VERSION
        notes.append(
            f"reports.{name}.version {version} is gone at Amazon: {CURRENT_VERSION} "
            "is used"
        )
    return report


def _one_endpoint(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Take the single endpoint of an old config out of its top level."""
    if "path" not in result:
        return []
    endpoint = {key: _from_text(result.pop(key)) for key in _ENDPOINT if key in result}
    return [{"name": name or endpoint_name(str(endpoint["path"])), **endpoint}]


def _endpoint(entry: object, notes: list[str]) -> Any:  # noqa: ANN401 - as it came
    """Read one custom endpoint without what only an older integration needs."""
    if not isinstance(entry, Mapping):
        return entry  # the settings' own check says what is wrong
    endpoint = dict(entry)
    _drop_of_export(endpoint, f"endpoints.{endpoint.get('name') or '?'}.", notes)
    return endpoint


def _drop_of_export(entry: dict[str, Any], where: str, notes: list[str]) -> None:
    found = [name for name in _OF_EXPORT if name in entry]
    for name in found:
        del entry[name]
    if found:
        names = ", ".join(f"{where}{name}" for name in found)
        notes.append(f"{names}: of an older integration, not used here")


def endpoint_name(path: str) -> str:
    """Return a stream's name for a path: /orders/v0/orders becomes orders_v0_orders."""
    parts = [part for part in path.split("/") if part and not part.startswith("{")]
    spaced = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part) for part in parts)
    name = re.sub(r"[^a-z0-9]+", "_", "_".join(spaced).lower()).strip("_")
    return name or "endpoint"


def _rename(
    entry: dict[str, Any], aliases: Mapping[str, str], where: str, notes: list[str]
) -> None:
    for old, new in aliases.items():
        if old not in entry:
            continue
        value = entry.pop(old)
        if entry.setdefault(new, value) != value:
            notes.append(f"{where}{old} and {new} are both set: {new} is used")


def _listed(result: Mapping[str, Any], name: str) -> list[Any]:
    """Return a setting that is a list; anything else is for the settings' check."""
    value = _from_text(result.get(name))
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _from_text(value: object) -> Any:  # noqa: ANN401 - any JSON there may be
    """Return what a JSON text says: environment variables give objects as text."""
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
