"""Keeps report documents as Amazon sent them, in a folder or in S3."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from singer_amazon.errors import ConfigError, StorageError
from singer_amazon.private_files import check_name, create_private, private_folder
from singer_amazon.s3.access import access_of


class RawArchive(Protocol):
    """An archive that keeps files under names with slashes."""

    def check(self) -> None:
        """Find out now whether writing works.

        Raises:
            ConfigError: it does not, and why.
        """

    def keep(self, path: Path, name: str) -> None:
        """Store a file whole, or not at all.

        Raises:
            StorageError: it refuses.
        """


def open_raw_archive(
    uri: str, config: Mapping[str, object], *, setting: str = "raw_report_uri"
) -> RawArchive:
    """Return the archive for a `file:///folder` or `s3://bucket/prefix` URI.

    `setting` is named in complaints.

    Raises:
        ConfigError: the URI is neither.
    """
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.path and not parts.netloc:
        return FolderArchive(Path(unquote(parts.path)), setting)
    if parts.scheme == "s3" and parts.netloc:
        prefix = parts.path.strip("/")
        return _s3_archive(parts.netloc, prefix, config, setting)
    msg = (
        f"{setting} {uri!r} is not understood: "
        "write s3://bucket/prefix or file:///folder"
    )
    raise ConfigError(msg)


def _s3_archive(
    bucket: str, prefix: str, config: Mapping[str, object], setting: str
) -> RawArchive:
    try:
        from singer_amazon.documents.s3_archive import (  # noqa: PLC0415 - an extra
            S3Archive,
        )
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"boto3", "botocore"}:
            raise
        msg = (
            f"{setting} names S3, which needs the library boto3, and that is not "
            'installed: install this tap with its extra s3, as in "tap-amazon-ads[s3]" '
            'or "tap-amazon-selling-partner[s3]", or write file:///folder'
        )
        raise ConfigError(msg) from None
    return S3Archive(bucket, prefix, access_of(config), setting)


class FolderArchive:
    """Files in a local folder."""

    def __init__(self, folder: Path, setting: str) -> None:
        self._folder = folder
        self._setting = setting

    def check(self) -> None:
        """Make the folder and try it."""
        try:
            private_folder(self._folder)
            with tempfile.NamedTemporaryFile(dir=self._folder):
                pass
        except OSError as error:
            msg = (
                f"{self._setting}: {self._folder} cannot be written ({error.strerror})"
            )
            raise ConfigError(msg) from None

    def keep(self, path: Path, name: str) -> None:
        """Copy, then rename: it is there whole or not at all."""
        check_name(name)
        target = self._folder / name
        # a name of its own: two runs may keep the same document at once
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            private_folder(target.parent)
            with path.open("rb") as original, create_private(part) as copy:
                shutil.copyfileobj(original, copy)
            part.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            msg = f"the document was not kept: {target} ({error.strerror})"
            raise StorageError(msg) from None
