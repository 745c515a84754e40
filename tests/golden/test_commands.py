"""--about, --help and --discover of the installed commands say what they said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golden.goldens import Json, check, golden

TAPS = ("tap-amazon-ads", "tap-amazon-sp")
PLUGINS = (*TAPS, "target-amazon-audience", "target-s3")
HELPS = (*PLUGINS, "amazon-emulator", "amazon-emulator serve", "amazon-demo")
SECRETS = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "x")
ENVIRONMENT = {"PATH": os.defpath, "COLUMNS": "80", "NO_PROXY": "127.0.0.1"}
PIPES: Json = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)


def say(
    words: str, *arguments: str, config: Json | None = None, given: str = ""
) -> tuple[str, str]:
    """Run an installed command to its end; return its output and its log."""
    name, *more = words.split()
    command = [str(Path(sys.executable).with_name(name)), *more, *arguments]
    with tempfile.TemporaryDirectory() as folder:
        if config is not None:
            path = Path(folder, "config.json")
            path.write_text(json.dumps(config))
            command += ["--config", str(path)]
        with subprocess.Popen(command, text=True, env=ENVIRONMENT, **PIPES) as process:
            out, log = process.communicate(given)
    assert process.returncode == 0, log
    return out, log


def about(name: str) -> Json:
    found: Json = json.loads(say(name, "--about", "--format=json")[0])
    found["capabilities"].sort()
    return {key: value for key, value in found.items() if "version" not in key}


def help_text(words: str) -> list[str]:
    return [line.rstrip() for line in say(words, "--help")[0].splitlines()]


def discover(name: str, **settings: object) -> Json:
    found: Json = json.loads(say(name, "--discover", config=SECRETS | settings)[0])
    return found


def catalog(name: str) -> Json:
    """Return a catalog without order: streams by name, metadata by breadcrumb."""
    streams = discover(name)["streams"]
    for entry in streams:
        items = entry["metadata"]
        entry["metadata"] = {"/".join(m["breadcrumb"]): m["metadata"] for m in items}
    return {entry["tap_stream_id"]: entry for entry in streams}


TOLD: dict[str, tuple[Callable[[str], Any], tuple[str, ...]]] = {
    "about.json": (about, PLUGINS),
    "help.json": (help_text, HELPS),
    "catalogs.json.gz": (catalog, TAPS),
}


@pytest.mark.parametrize(
    ("file", "words"), [(file, words) for file in TOLD for words in TOLD[file][1]]
)
def test_what_a_command_tells(file: str, words: str) -> None:
    check(golden(file)[words], TOLD[file][0](words))
