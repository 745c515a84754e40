"""The file of `proof_path`: on this machine, or an object in S3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from singer_amazon.errors import ConfigError, StorageError
from singer_amazon.private_files import check_private, write_private
from singer_amazon.s3.access import access_of

SETTING = "proof_path"


class ProofFile(Protocol):
    """A file that is read and replaced whole."""

    name: str

    def check(self) -> None:
        """Find out before a comparison whether it can be written.

        Raises:
            ConfigError: it cannot.
        """

    def read(self) -> bytes:
        """Return what is in it; nothing where it is not there yet.

        Raises:
            ConfigError: it cannot be read.
        """

    def write(self, content: bytes) -> None:
        """Replace it.

        Raises:
            StorageError: it cannot be written.
        """


def open_proof_file(path: str, config: Mapping[str, Any]) -> ProofFile:
    """Return the file of a path, or of an `s3://bucket/key`.

    Raises:
        ConfigError: the address names no object, or boto3 is missing for S3.
    """
    parts = urlsplit(path)
    if parts.scheme != "s3":
        return _LocalFile(path)
    key = parts.path.strip("/")
    if not parts.netloc or not key:
        msg = f"{SETTING} {path!r} names no object: write s3://bucket/key, or a path"
        raise ConfigError(msg)
    return _S3File(path, parts.netloc, key, config)


class _LocalFile:
    def __init__(self, path: str) -> None:
        self.name = path
        self._path = Path(path)

    def check(self) -> None:
        check_private(self._path, SETTING)

    def read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            msg = f"{SETTING}: {self.name} cannot be read ({error.strerror})"
            raise ConfigError(msg) from None

    def write(self, content: bytes) -> None:
        write_private(self._path, content, SETTING)


class _S3File:
    def __init__(
        self, name: str, bucket: str, key: str, config: Mapping[str, Any]
    ) -> None:
        try:
            from singer_amazon.s3 import client  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in {"boto3", "botocore"}:
                raise
            msg = (
                f"{SETTING} names S3, which needs the library boto3, and that is not "
                'installed: install "tap-amazon-ads[s3]", or name a file'
            )
            raise ConfigError(msg) from None
        self.name = name
        self._bucket, self._key = bucket, key
        self._access = access_of(config)
        self._s3 = client
        self._client = client.open_client(self._access)

    def check(self) -> None:
        self.read()

    def read(self) -> bytes:
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=self._key)["Body"]
            return bytes(body.read())
        except self._client.exceptions.NoSuchKey:
            return b""
        except self._s3.FAILURES as error:
            why = self._s3.explain(error, self._access)
            msg = f"{SETTING}: {self.name} cannot be read: {why}"
            raise ConfigError(msg) from None

    def write(self, content: bytes) -> None:
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._key,
                Body=content,
                **self._access.encryption,
            )
        except self._s3.FAILURES as error:
            why = self._s3.explain(error, self._access)
            msg = f"{SETTING}: {self.name} cannot be written: {why}"
            raise StorageError(msg) from None
