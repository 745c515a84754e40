"""The file of ``summary_path``: a run's summary as JSON, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from singer_amazon.private_files import check_private, write_private

SETTING = "summary_path"


def write_summary(path: Path, found: Mapping[str, object]) -> None:
    """Write a summary as a file of its own, whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    content = msgspec.json.format(msgspec.json.encode(found)) + b"\n"
    write_private(path, content, SETTING)


def check_summary_path(path: Path) -> None:
    """Refuse a path that no file can have, before a run begins.

    Raises:
        ConfigError: it is a folder, or its folder is not there or cannot be written.
    """
    check_private(path, SETTING)
