"""The files a run leaves for people: each whole or not at all, for its user only."""

from __future__ import annotations

import contextlib
import tempfile
import uuid
from pathlib import Path

from singer_amazon.documents.raw_archive import open_private
from singer_amazon.errors import ConfigError, StorageError


def check_run_file(path: Path, setting: str) -> None:
    """Refuse a path that no file can have, before a run begins.

    Raises:
        ConfigError: it is a folder, or its folder is not there or cannot be written.
    """
    if path.is_dir() or not path.parent.is_dir():
        msg = f"{setting}: {path} is no file in a folder that is there"
        raise ConfigError(msg)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        msg = f"{setting}: {path.parent} cannot be written ({error.strerror})"
        raise ConfigError(msg) from None


def write_run_file(path: Path, content: bytes, setting: str) -> None:
    """Write a file, readable by this user only, in place of one that is there.

    Raises:
        StorageError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with open_private(part) as file:
            file.write(content)
        part.replace(path)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        why = error.strerror if isinstance(error, OSError) else error
        msg = f"{setting}: {path} cannot be written ({why})"
        raise StorageError(msg) from None
