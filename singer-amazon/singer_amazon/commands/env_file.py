"""One variable in a `.env` file, for its owner's eyes only."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

from singer_amazon.errors import ConfigError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_variable(name: str) -> None:
    """Find out whether a name can be a variable's.

    Raises:
        ConfigError: it cannot.
    """
    if not _NAME.fullmatch(name):
        msg = f"--variable {name!r} is no name: use letters, digits and _"
        raise ConfigError(msg)


def with_variable(text: str, name: str, value: str) -> str:
    """Return the text with the variable set, all other lines as they are."""
    line = re.compile(rf"(?m)^(\s*(?:export\s+)?){re.escape(name)}\s*=.*$")
    quoted = f"{name}='{value}'"
    if line.search(text):
        return line.sub(lambda found: f"{found[1]}{quoted}", text)
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{quoted}\n"


def write_variable(path: Path, name: str, value: str) -> None:
    """Set a variable in a file, made where it is missing, readable for its owner.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    target = path.expanduser().resolve()
    part = None
    try:
        text = target.read_text("utf-8") if target.exists() else ""
        # mkstemp makes the file for its owner only
        descriptor, part = tempfile.mkstemp(dir=target.parent, prefix=".env-")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(with_variable(text, name, value))
        Path(part).replace(target)
    except (OSError, UnicodeError) as error:
        if part is not None:
            with contextlib.suppress(OSError):
                Path(part).unlink()
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        msg = f"{path} cannot be written ({why}): name another file by --write"
        raise ConfigError(msg) from None
