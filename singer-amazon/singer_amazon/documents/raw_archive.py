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
from singer_amazon.private_files import create_private, private_folder
from singer_amazon.s3_access import FAILURES, S3Access, access_of, explain

MAX_PART = 255
"""Bytes that file systems allow in a name."""


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
        return S3Archive(parts.netloc, prefix, access_of(config), setting)
    msg = (
        f"{setting} {uri!r} is not understood: "
        "write s3://bucket/prefix or file:///folder"
    )
    raise ConfigError(msg)


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


class S3Archive:
    """Objects below a prefix of a bucket; large ones go up in parts."""

    def __init__(
        self, bucket: str, prefix: str, access: S3Access, setting: str
    ) -> None:
        self._bucket = bucket
        self._setting = setting
        self._prefix = prefix
        self._access = access
        self._client = access.client()

    def check(self) -> None:
        """Begin an upload and abort it: a write-only role is enough."""
        key = self._key(".write-check")
        try:
            upload = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, **self._access.encryption
            )
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload["UploadId"]
            )
        except FAILURES as error:
            msg = (
                f"{self._setting}: bucket {self._bucket} cannot be written "
                f"with the aws_* settings: {explain(error, self._access)}"
            )
            raise ConfigError(msg) from None

    def keep(self, path: Path, name: str) -> None:
        """Upload it, in parts where it is large."""
        check_name(name)
        key = self._key(name)
        try:
            self._client.upload_file(
                str(path), self._bucket, key, ExtraArgs=self._access.encryption
            )
        except FAILURES as error:
            why = explain(error, self._access)
            msg = f"the document was not kept: s3://{self._bucket}/{key}: {why}"
            raise StorageError(msg) from None

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name
