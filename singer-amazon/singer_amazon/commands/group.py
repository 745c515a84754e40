"""Runs a command by its name, or the plugin as Singer's flags say."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from singer_amazon import output
from singer_amazon.config.files import ENVIRONMENT, read_object
from singer_amazon.errors import AmazonError

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


def run(
    program: str,
    commands: Callable[[], Mapping[str, click.Command]],
    plugin: Callable[[], Callable[[], None]],
    *,
    distribution: str | None = None,
) -> None:
    """Run the command that the first argument names, else the plugin.

    `commands` and `plugin` import what they give: a run has no use for the commands,
    and `--version` for neither.
    """
    if sys.stderr is None:  # it was closed, and many write there
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - as long as we run
    if sys.stdout is None:
        _fail(output.CLOSED)
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        try:
            command = commands().get(name) if name[:1] not in {"", "-"} else None
            if command is not None:
                command.main(sys.argv[2:], prog_name=f"{program} {name}")
            elif sys.argv[1:] == ["--version"]:
                click.echo(_version(program, distribution or program))
            else:
                _imported(plugin)()
        finally:
            sys.stdout.flush()
    except AmazonError as error:
        _fail(str(error))
    except OSError as error:
        reason = output.trouble(error)
        if reason is None:
            raise
        output.drop()
        _fail(reason)


def _imported(plugin: Callable[[], T]) -> T:
    """Import something without looks for garbage: there is none, and they take long.

    What is loaded by then stays, so that later looks pass over it.
    """
    gc.disable()
    try:
        return plugin()
    finally:
        gc.freeze()
        gc.enable()


def _version(program: str, distribution: str) -> str:
    """Return what the SDK says; it takes a second to import."""
    ours, sdk = metadata.version(distribution), metadata.version("singer-sdk")
    return f"{program} v{ours}, Meltano SDK v{sdk}"


def _fail(sentence: str) -> NoReturn:
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(1)


config_option = click.option(
    "--config",
    "config",
    required=True,
    multiple=True,
    help="Settings, as for a run; ENV reads the environment and .env.",
)
"""The settings of a run, for a command beside it."""


def run_options(command: Command) -> Command:
    """Add the options of a run to a command: its settings, its catalog."""
    catalog = click.option(
        "--catalog", "catalog", help="The catalog; all streams by default."
    )
    return config_option(catalog(command))


def read_config(paths: Iterable[str]) -> tuple[dict[str, Any], bool]:
    """Read files of settings, later ones first; `ENV` stands for the environment.

    Raises:
        ConfigError: a file cannot be read.
    """
    config: dict[str, Any] = {}
    parse_env = False
    for path in paths:
        if path.upper() == ENVIRONMENT:
            parse_env = True
        else:
            config |= read_json(path, "the config")
    return config, parse_env


def read_json(path: str, what: str) -> dict[str, Any]:
    """Read a JSON object; an empty file is an empty one.

    Raises:
        ConfigError: there is none.
    """
    return read_object(path, what, may_be_empty=True)
