"""Files and folders that nobody but their owner may read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from singer_amazon.errors import StorageError

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
