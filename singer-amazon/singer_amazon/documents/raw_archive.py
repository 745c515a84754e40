"""Keeps report documents as Amazon sent them, in a folder or in S3."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

import boto3
import boto3.exceptions
import botocore.exceptions

from singer_amazon.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AWS_SETTINGS = {
    "aws_access_key_id": "aws_access_key_id",
    "aws_secret_access_key": "aws_secret_access_key",
    "aws_session_token": "aws_session_token",
    "aws_region": "region_name",
    "aws_profile_name": "profile_name",
}
_AWS_ERRORS = (
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.ClientError,
    boto3.exceptions.Boto3Error,
)


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
        return S3Archive(parts.netloc, prefix, _client(config), setting)
    msg = (
        f"{setting} {uri!r} is not understood: "
        "write s3://bucket/prefix or file:///folder"
    )
    raise ConfigError(msg)


class FolderArchive:
    """Files in a local folder."""

    def __init__(self, folder: Path, setting: str) -> None:
        self._folder = folder
        self._setting = setting

    def check(self) -> None:
        """Make the folder and try it."""
        try:
            _make_folder(self._folder)
            with tempfile.NamedTemporaryFile(dir=self._folder):
                pass
        except OSError as error:
            msg = (
                f"{self._setting}: {self._folder} cannot be written ({error.strerror})"
            )
            raise ConfigError(msg) from None

    def keep(self, path: Path, name: str) -> None:
        """Copy, then rename: it is there whole or not at all."""
        target = self._folder / name
        # a name of its own: two runs may keep the same document at once
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            _make_folder(target.parent)
            part.touch(mode=0o600, exist_ok=False)  # copyfile keeps the mode
            shutil.copyfile(path, part)
            part.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            msg = f"the document was not kept: {target} ({error.strerror})"
            raise StorageError(msg) from None


def _make_folder(folder: Path) -> None:
    """Make a folder, and those above it, for nobody else to look into."""
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


class S3Archive:
    """Objects below a prefix of a bucket; large ones go up in parts."""

    def __init__(
        self, bucket: str, prefix: str, client: S3Client, setting: str
    ) -> None:
        self._bucket = bucket
        self._setting = setting
        self._prefix = prefix
        self._client = client

    def check(self) -> None:
        """Begin an upload and abort it: a write-only role is enough."""
        key = self._key(".write-check")
        try:
            upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=key)
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload["UploadId"]
            )
        except _AWS_ERRORS as error:
            msg = (
                f"{self._setting}: bucket {self._bucket} cannot be written ({error}). "
                "Check the bucket, the aws_* settings and s3:PutObject"
            )
            raise ConfigError(msg) from None

    def keep(self, path: Path, name: str) -> None:
        """Upload it, in parts where it is large."""
        key = self._key(name)
        try:
            self._client.upload_file(str(path), self._bucket, key)
        except _AWS_ERRORS as error:
            msg = f"the document was not kept: s3://{self._bucket}/{key} ({error})"
            raise StorageError(msg) from None

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name


def _client(config: Mapping[str, object]) -> S3Client:
    arguments = {
        argument: str(config[setting])
        for setting, argument in AWS_SETTINGS.items()
        if config.get(setting)
    }
    try:
        session = boto3.session.Session(**arguments)  # type: ignore[arg-type]  # all str
        endpoint = config.get("aws_endpoint_override")
        return session.client("s3", endpoint_url=str(endpoint) if endpoint else None)
    except (botocore.exceptions.BotoCoreError, ValueError) as error:
        msg = f"the aws_* settings are not usable ({error})"
        raise ConfigError(msg) from None
