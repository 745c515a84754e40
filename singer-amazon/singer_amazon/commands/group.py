"""Runs a command by its name, or the plugin as Singer's flags say."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

from singer_amazon.errors import AmazonError, ConfigError


def run(
    program: str, commands: Mapping[str, click.Command], plugin: Callable[[], None]
) -> None:
    """Run the command that the first argument names, else the plugin."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    command = commands.get(name)
    if command is None:
        plugin()
        return
    try:
        command.main(sys.argv[2:], prog_name=f"{program} {name}", standalone_mode=True)
    except AmazonError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


def read_config(paths: Iterable[str]) -> tuple[dict[str, Any], bool]:
    """Read files of settings, later ones first; `ENV` stands for the environment.

    Raises:
        ConfigError: a file cannot be read.
    """
    config: dict[str, Any] = {}
    parse_env = False
    for path in paths:
        if path.upper() == "ENV":
            parse_env = True
        else:
            config |= read_json(path, "the config")
    return config, parse_env


def read_json(path: str, what: str) -> dict[str, Any]:
    """Read a JSON object from a file, or from standard input for `-`.

    Raises:
        ConfigError: there is none; an empty file is an empty object.
    """
    try:
        with click.open_file(path, encoding="utf-8") as file:
            text = file.read()
        found = json.loads(text) if text.strip() else {}
    except OSError as error:
        msg = f"{what} {path} cannot be read: {error.strerror}"
        raise ConfigError(msg) from None
    except (ValueError, RecursionError) as error:
        msg = f"{what} {path} is no JSON: {error}"
        raise ConfigError(msg) from None
    if not isinstance(found, dict):
        msg = f"{what} {path} is no JSON object but {type(found).__name__}"
        raise ConfigError(msg)
    return found
