"""Files and folders that nobody but their owner may read."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from pathlib import Path
from typing import IO

from singer_amazon.errors import ConfigError, StorageError

FOLDER_RIGHTS = 0o700
FILE_RIGHTS = 0o600
MAX_PART = 255
"""Bytes that file systems allow in a name."""


def check_name(name: str) -> None:
    """Refuse a name that leaves its folder; parts of it come from Amazon's answers.

    Raises:
        StorageError: it does, or no file can have it.
    """
    parts = name.split("/")
    is_sound = name.isprintable() and "\\" not in name
    if not is_sound or any(
        part in {"", ".", ".."} or len(part.encode()) > MAX_PART for part in parts
    ):
        msg = f"the document was not kept: {name[:80]!r} is no name for a file"
        raise StorageError(msg)


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it, for this user only; one there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(FOLDER_RIGHTS, exist_ok=True)


def create_private(path: Path) -> IO[bytes]:
    """Create a file that is not there yet; its folder is.

    Raises:
        OSError: it cannot be made, or is there already.
    """
    return os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_RIGHTS), "wb"
    )


def open_private(path: Path, flags: int = 0) -> int:
    """Open a file for writing, made where it is missing; return its descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    private_folder(path.parent)
    number = os.open(path, os.O_CREAT | os.O_WRONLY | flags, FILE_RIGHTS)
    try:
        # one that is there already may be open to everybody; a device stays as it is
        if path.is_file():
            os.fchmod(number, FILE_RIGHTS)
    except OSError:
        os.close(number)
        raise
    return number


def check_private(path: Path, setting: str) -> None:
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


def write_private(path: Path, content: bytes, setting: str) -> None:
    """Write a file, readable by this user only, in place of one that is there.

    Raises:
        StorageError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with create_private(part) as file:
            file.write(content)
        part.replace(path)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        why = error.strerror if isinstance(error, OSError) else error
        msg = f"{setting}: {path} cannot be written ({why})"
        raise StorageError(msg) from None
