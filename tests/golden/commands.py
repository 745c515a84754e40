"""What the installed commands say of themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from golden.goldens import Json

TAPS = ("tap-amazon-ads", "tap-amazon-sp")
PLUGINS = (*TAPS, "target-amazon-audience", "target-s3")
HELPS = (
    *((name,) for name in PLUGINS),
    ("amazon-emulator",),
    ("amazon-emulator", "serve"),
    ("amazon-demo",),
)
SECRETS = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "x")
BREADCRUMB = "breadcrumb"


def say(name: str, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run an installed command to its end, with a bare environment."""
    command = str(Path(sys.executable).with_name(name))
    environment = {"PATH": os.defpath, "COLUMNS": "80", "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [command, *arguments],
        capture_output=True,
        check=True,
        text=True,
        env=environment,
        **more,
    )


def about(name: str) -> Json:
    """Return what --about says, but for versions."""
    found: Json = json.loads(say(name, "--about", "--format=json").stdout)
    return {
        key: sorted(value) if isinstance(value, list) else value
        for key, value in found.items()
        if "version" not in key
    }


def help_text(words: tuple[str, ...]) -> list[str]:
    """Return the lines of --help."""
    return [line.rstrip() for line in say(*words, "--help").stdout.splitlines()]


def discover(name: str, **settings: object) -> Json:
    """Return the catalog of a tap as it writes it."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        config.write_text(json.dumps(SECRETS | settings))
        found: Json = json.loads(
            say(name, "--discover", "--config", str(config)).stdout
        )
    return found


def by_name(catalog: Json) -> Json:
    """Return a catalog without order: streams by name, metadata by breadcrumb."""
    return {
        entry["tap_stream_id"]: {
            **entry,
            "metadata": {
                "/".join(item[BREADCRUMB]): item["metadata"]
                for item in entry["metadata"]
            },
        }
        for entry in catalog["streams"]
    }


def only(catalog: Json, stream: str) -> Json:
    """Return a catalog with one stream selected."""
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            item["metadata"]["selected"] = entry["tap_stream_id"] == stream
    return catalog


def commands() -> Json:
    """Return --about of the plugins and --help of all commands."""
    return {
        "about": {name: about(name) for name in PLUGINS},
        "help": {" ".join(words): help_text(words) for words in HELPS},
    }


def catalogs() -> Json:
    """Return the catalogs of both taps."""
    return {name: by_name(discover(name)) for name in TAPS}
