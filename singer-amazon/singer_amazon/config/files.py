"""Reads JSON files that people write: a damaged one is a sentence, no traceback."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import IO, Any

import click

from singer_amazon.errors import ConfigError

ENVIRONMENT = "ENV"
"""Stands for the environment where a file of settings is named."""


def check_config_files(names: Iterable[str]) -> None:
    """Find out whether every file of settings can be read as the SDK reads it.

    Raises:
        ConfigError: one cannot.
    """
    for name in names:
        if name != ENVIRONMENT:
            read_object(name, "The configuration file", parse_float=Decimal)


def read_object(
    path: str,
    what: str,
    *,
    parse_float: Callable[[str], Any] = float,
    may_be_empty: bool = False,
) -> dict[str, Any]:
    """Read the JSON object in a file, or in standard input for `-`.

    Raises:
        ConfigError: there is none. The text shows nothing of what the file holds.
    """
    text = read_text(path, what)
    if may_be_empty and not text.strip():
        return {}
    try:
        found = json.loads(text, parse_float=parse_float, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError) as error:
        msg = f"{what} {path} {_trouble(error)}."
        raise ConfigError(msg) from None
    if not isinstance(found, dict):
        msg = f"{what} {path} is not one JSON object: {{...}}."
        raise ConfigError(msg)
    return found


def read_text(path: str, what: str) -> str:
    """Read a file, or standard input for `-`.

    Raises:
        ConfigError: it cannot be read, or is no UTF-8 text.
    """
    try:
        with click.open_file(path, encoding="utf-8") as file:
            return str(file.read())
    except (OSError, ValueError) as error:
        msg = f"{what} {path} {_trouble(error)}."
        raise ConfigError(msg) from None


class TextFile(click.ParamType[IO[str]]):
    """An option that names a text file; one that cannot be read ends the command."""

    name = "filename"

    def __init__(self, what: str, log: Callable[[str], object]) -> None:
        self._what = what
        self._log = log

    def convert(
        self,
        value: object,
        param: click.Parameter | None,  # noqa: ARG002 - click's signature
        ctx: click.Context | None,  # noqa: ARG002
    ) -> IO[str]:
        """Return what the file holds, open for reading."""
        try:
            return io.StringIO(read_text(str(value), self._what))
        except ConfigError as error:
            self._log(str(error))
            raise click.exceptions.Exit(1) from None


def _trouble(error: Exception) -> str:
    match error:
        case OSError():
            return f"cannot be read ({error.strerror or error})"
        case json.JSONDecodeError():
            where = f"line {error.lineno}, column {error.colno}"
            return f"is not valid JSON: {error.msg} ({where})"
        case UnicodeDecodeError():
            return "is not UTF-8 text; save it as UTF-8"
        case RecursionError():
            return "is nested too deep"
    return "holds a number that is none, or out of every range"


def _no_number(name: str) -> None:
    raise ArithmeticError(name)
