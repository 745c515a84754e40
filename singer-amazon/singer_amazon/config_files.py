"""Checks files of settings before the SDK reads them: it would end in a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from singer_amazon.errors import ConfigError

_ENVIRONMENT = "ENV"


def check_config_files(names: Iterable[str]) -> None:
    """Find out whether every file holds one JSON object.

    Raises:
        ConfigError: one does not. The text shows nothing of what it holds.
    """
    for name in names:
        if name != _ENVIRONMENT and (wrong := _wrong(Path(name))):
            msg = f"The configuration file {name} {wrong}."
            raise ConfigError(msg)


def _wrong(path: Path) -> str | None:
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return f"is not valid JSON: {error.msg} ({where})"
    except UnicodeDecodeError:
        return "is not UTF-8 text; save it as UTF-8"
    except RecursionError:
        return "is nested too deep"
    except (ArithmeticError, ValueError):
        return "holds a number that is none, or out of every range"
    return None if isinstance(found, dict) else "is not one JSON object: {...}"


def _no_constant(name: str) -> None:
    raise ArithmeticError(name)
