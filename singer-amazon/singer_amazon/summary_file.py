"""The file of ``summary_path``: a run's summary as JSON, for programs."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from pathlib import Path

import msgspec

from singer_amazon.errors import ConfigError, StorageError
from singer_amazon.private_files import create_private


def write_summary(path: Path, found: Mapping[str, object]) -> None:
    """Write a summary as a file of its own, whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with create_private(part) as file:
            file.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
        part.replace(path)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        why = error.strerror if isinstance(error, OSError) else error
        msg = f"summary_path: {path} cannot be written ({why})"
        raise StorageError(msg) from None


def check_summary_path(path: Path) -> None:
    """Refuse a path that no file can have, before a run begins.

    Raises:
        ConfigError: it is a folder, or its folder is not there.
    """
    if path.is_dir() or not path.parent.is_dir():
        msg = f"summary_path: {path} is no file in a folder that is there"
        raise ConfigError(msg)
