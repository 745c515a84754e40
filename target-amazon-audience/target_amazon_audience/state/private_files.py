"""Files and folders that nobody but their owner may read."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_RIGHTS = 0o700
FILE_RIGHTS = 0o600


def make_folder(folder: Path) -> None:
    """Make a folder with those above it; what is there already is left as it is."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(FOLDER_RIGHTS, exist_ok=True)


def open_private(path: Path, flags: int = 0) -> int:
    """Open a file for writing, made where it is missing; return its descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    make_folder(path.parent)
    number = os.open(path, os.O_CREAT | os.O_WRONLY | flags, FILE_RIGHTS)
    try:
        # one that is there already may be open to everybody; a device stays as it is
        if path.is_file():
            os.fchmod(number, FILE_RIGHTS)
    except OSError:
        os.close(number)
        raise
    return number
