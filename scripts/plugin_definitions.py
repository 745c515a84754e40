"""Meltano's definitions of our plugins, in the Hub's schema, from their settings.

Each is a file below plugins/ whose name Meltano derives from the plugin's entry in
meltano.yml. There Meltano looks before it would ask the Hub, so it never does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from singer_sdk.plugin_base import PluginBase

from tap_amazon_ads.tap import TapAmazonAds
from tap_amazon_sp.tap import TapAmazonSp
from target_amazon_audience.target import TargetAmazonAudience
from target_s3.target import TargetS3

VARIANT = "amazon-singer"
"""Never left out: without one, a lost file would bring a stranger's `target-s3`."""

_DATES = {"start_date", "end_date"}
# Objects whose parts differ from user to user: settings as a whole.
_FREE = {"stream_maps", "stream_map_config", "faker_config", "batch_config"}
_TAP_COMMANDS = {
    "test": {"args": "--config=ENV --test=schema"},
    "plan": {"args": "plan --json --config=ENV"},
    "accounts": {"args": "plan --accounts --json --config=ENV"},
}

PLUGINS: Mapping[type[PluginBase], tuple[str, str]] = {
    TapAmazonAds: ("extractors", "Amazon Ads"),
    TapAmazonSp: ("extractors", "Amazon Selling Partner"),
    TargetS3: ("loaders", "Amazon S3"),
    TargetAmazonAudience: ("loaders", "Amazon audiences"),
}
"""Each plugin with its type and its label."""


def schema_of(plugin: type[PluginBase]) -> dict[str, Any]:
    """Return the schema of a plugin's settings, those of the SDK included."""
    plugin.append_builtin_config(plugin.config_jsonschema)
    return plugin.config_jsonschema


def leaves(
    properties: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return all settings by their dotted names."""
    for name, entry in properties.items():
        if entry.get("properties") and name not in _FREE:
            yield from leaves(entry["properties"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", entry


def definition_files() -> dict[str, str]:
    """Return the text of each file by its path in the project."""
    return {
        f"plugins/{kind}/{plugin.name}--{VARIANT}.lock": _definition(
            plugin, kind, label
        )
        for plugin, (kind, label) in PLUGINS.items()
    }


def _definition(plugin: type[PluginBase], kind: str, label: str) -> str:
    """Return what Meltano reads; without pip_url: the command is on the PATH."""
    head = {
        "plugin_type": kind,
        "name": plugin.name,
        "namespace": plugin.name.replace("-", "_"),
        "variant": VARIANT,
        "label": label,
        "executable": plugin.name,
        "capabilities": [capability.value for capability in plugin.capabilities],
        # The tap's settings and schemas only, so that a wrong setting shows at once.
        **({"commands": _TAP_COMMANDS} if kind == "extractors" else {}),
    }
    settings = ",\n    ".join(
        json.dumps(_setting(name, entry))
        for name, entry in leaves(schema_of(plugin)["properties"])
    )
    start = json.dumps(head, indent=2).removesuffix("\n}")
    return f'{start},\n  "settings": [\n    {settings}\n  ]\n}}\n'


def _setting(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a setting, its default as a placeholder.

    As a `value`, Meltano would hand it to the plugin, which then could not see what
    the user has set.
    """
    default = entry.get("default")
    text = default if isinstance(default, str) else json.dumps(default)
    return {
        "name": name,
        **({"label": entry["title"]} if entry.get("title") else {}),
        "kind": _kind(name, entry),
        **({"sensitive": True} if _holds_secret(entry) else {}),
        **({} if default in (None, [], {}) else {"placeholder": text}),
        "description": " ".join(entry["description"].split()),
    }


def _kind(name: str, entry: Mapping[str, Any]) -> str:
    """Return what lets a value through Meltano unharmed, from YAML and as text.

    Not `decimal`: Meltano 4.4.1 cannot write such a value, when it comes from the
    environment, into the JSON it hands to the plugin. Plugins read numbers from text.
    """
    types = [word for word in entry["type"] if word != "null"]
    if name in _DATES:
        return "date_iso8601"
    if len(types) != 1 or types == ["number"]:
        return "string"
    return str(types[0])


def _holds_secret(entry: object) -> bool:
    """Return whether a part of it is secret: Meltano hides a setting as a whole."""
    if isinstance(entry, Mapping):
        return entry.get("secret") is True or any(map(_holds_secret, entry.values()))
    return isinstance(entry, list) and any(map(_holds_secret, entry))
